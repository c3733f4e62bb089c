//! The vocabulary of a tokenizer: each token once, each id once, found by text. A file may name
//! hundreds of thousands of tokens, so that each takes 32 bytes here and a slot in a table of numbers.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::tokenizer_rule::{TEXT_LIMIT_BYTES, TOKEN_ID_LIMIT, TOKEN_LIMIT, TokenizerRule};

/// A string that borrows from the file where it has no escapes.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The vocabulary as it stands in the file.
#[derive(Debug)]
pub(crate) struct RawVocabulary<'a> {
    pub(crate) form: VocabularyForm,
    /// Tokens and ids, in the order of the file.
    entries: Vec<(Text<'a>, u64)>,
}

/// How a file writes a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VocabularyForm {
    /// An object of tokens and their ids.
    Ids,
    /// A list of tokens and scores, in the order of their ids.
    Scores,
}

impl<'a> RawVocabulary<'a> {
    /// Entries in the file; a list of scores may name a token twice.
    pub(crate) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Tokens that can be found, each of an honest length and with an id of its own.
    pub(crate) fn checked(self) -> Result<Vocabulary<'a>, TokenizerRule> {
        for (token, _) in &self.entries {
            if token.0.len() > TEXT_LIMIT_BYTES {
                return Err(TokenizerRule::TokenLength(token.0.len()));
            }
        }
        let vocabulary = Vocabulary::of(self.entries, self.form)?;
        if self.form == VocabularyForm::Ids {
            vocabulary.refuse_shared_ids()?;
        }
        Ok(vocabulary)
    }
}

/// A validated vocabulary.
#[derive(Debug)]
pub(crate) struct Vocabulary<'a> {
    entries: Vec<(Text<'a>, u64)>,
    /// Places in `entries`, by the hash of the token.
    places: HashTable<u32>,
    hasher: RandomState,
}

impl<'a> Vocabulary<'a> {
    fn of(entries: Vec<(Text<'a>, u64)>, form: VocabularyForm) -> Result<Self, TokenizerRule> {
        let hasher = RandomState::new();
        let hash_at = |place: &u32| hasher.hash_one(&*entries[*place as usize].0.0);
        let mut places = HashTable::with_capacity(entries.len());
        for (place, (token, id)) in entries.iter().enumerate() {
            if *id >= TOKEN_ID_LIMIT {
                let token = token.0.clone().into_owned();
                return Err(TokenizerRule::TokenId { token, id: *id });
            }
            let is_same = |other: &u32| entries[*other as usize].0.0 == token.0;
            match places.entry(hasher.hash_one(&*token.0), is_same, hash_at) {
                Entry::Vacant(slot) => drop(slot.insert(place as u32)),
                // Of two equal tokens the library keeps the last one's id, and so does this.
                Entry::Occupied(mut slot) if form == VocabularyForm::Scores => {
                    *slot.get_mut() = place as u32;
                }
                Entry::Occupied(_) => {
                    return Err(TokenizerRule::DuplicateToken(token.0.to_string()));
                }
            }
        }
        Ok(Self {
            entries,
            places,
            hasher,
        })
    }

    /// Different tokens.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn contains(&self, token: &str) -> bool {
        let is_same = |place: &u32| *self.entries[*place as usize].0.0 == *token;
        self.places
            .find(self.hasher.hash_one(token), is_same)
            .is_some()
    }

    /// Every token that can be found, with its id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.places.iter().map(|place| {
            let (token, id) = &self.entries[*place as usize];
            (&*token.0, *id as u32)
        })
    }

    fn refuse_shared_ids(&self) -> Result<(), TokenizerRule> {
        let mut seen = vec![0u64; TOKEN_ID_LIMIT as usize / 64];
        for (_, id) in &self.entries {
            let (word, bit) = (*id as usize / 64, 1u64 << (id % 64));
            if seen[word] & bit != 0 {
                return Err(self.shared_id(*id));
            }
            seen[word] |= bit;
        }
        Ok(())
    }

    fn shared_id(&self, id: u64) -> TokenizerRule {
        let sharing = self.entries.iter().filter(|(_, other)| *other == id);
        let mut tokens: Vec<_> = sharing.map(|(token, _)| token.0.to_string()).collect();
        tokens.sort_unstable();
        tokens.truncate(2);
        let second = tokens.pop().unwrap_or_default();
        TokenizerRule::DuplicateId {
            id: id as u32,
            first: tokens.pop().unwrap_or_default(),
            second,
        }
    }
}

impl<'de> Deserialize<'de> for RawVocabulary<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VocabularyVisitor)
    }
}

struct VocabularyVisitor;

impl<'de> Visitor<'de> for VocabularyVisitor {
    type Value = RawVocabulary<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of token ids or a list of tokens and scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            push(&mut entries, entry)?;
        }
        let form = VocabularyForm::Ids;
        Ok(RawVocabulary { form, entries })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((token, _score)) = sequence.next_element::<(Text, f64)>()? {
            let id = entries.len() as u64;
            push(&mut entries, (token, id))?;
        }
        let form = VocabularyForm::Scores;
        Ok(RawVocabulary { form, entries })
    }
}

fn push<'a, E: Error>(entries: &mut Vec<(Text<'a>, u64)>, entry: (Text<'a>, u64)) -> Result<(), E> {
    if entries.len() == TOKEN_LIMIT {
        return Err(E::custom("the vocabulary is too large"));
    }
    entries.push(entry);
    Ok(())
}
