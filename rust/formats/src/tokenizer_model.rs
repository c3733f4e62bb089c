//! The `model` of a `tokenizer.json`: vocabulary, merges and the token for unknown text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::bounded_json::{BoundedValue, duplicate_key};
use crate::tokenizer_rule::{TOKEN_ID_LIMIT, TOKEN_LIMIT, TokenizerRule};

/// How a tokenizer splits words into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerModel {
    /// Byte-pair encoding.
    Bpe,
    /// Longest match first.
    WordPiece,
    /// One token per word.
    WordLevel,
    /// The most probable segmentation.
    Unigram,
}

/// A validated model.
#[derive(Debug)]
pub(crate) struct CheckedModel<'a> {
    pub(crate) model: TokenizerModel,
    pub(crate) ids: HashMap<Cow<'a, str>, u32>,
    /// Entries in the vocabulary; a Unigram list may name a token twice.
    pub(crate) entry_count: usize,
    pub(crate) unknown_token: Option<String>,
}

/// A model as it stands in the file, bounded but not yet checked.
#[derive(Debug, Default)]
pub(crate) struct RawModel<'a> {
    vocabulary: Option<RawVocabulary<'a>>,
    merges: Vec<Merge<'a>>,
    fields: Map<String, Value>,
}

#[derive(Debug)]
enum RawVocabulary<'a> {
    /// Tokens and their ids.
    Ids(Vec<(Text<'a>, u64)>),
    /// Tokens and their scores, in the order of their ids.
    Scores(Vec<(Text<'a>, f64)>),
}

/// A string that borrows from the file where it has no escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Two tokens that are joined, as a pair or with a space between them.
#[derive(Debug)]
enum Merge<'a> {
    Pair(Text<'a>, Text<'a>),
    Line(Text<'a>),
}

impl<'a> RawModel<'a> {
    /// Checks everything that the library relies on.
    pub(crate) fn checked(self) -> Result<CheckedModel<'a>, TokenizerRule> {
        let model = self.model_type()?;
        let vocabulary = self
            .vocabulary
            .ok_or(TokenizerRule::Missing("its vocabulary"))?;
        let (ids, entry_count) = vocabulary.checked(model)?;
        if entry_count == 0 {
            return Err(TokenizerRule::EmptyVocabulary);
        }
        if model == TokenizerModel::Bpe {
            let prefix = text_field(&self.fields, "continuing_subword_prefix").unwrap_or_default();
            check_merges(&self.merges, &ids, prefix)?;
            refuse_dropout(&self.fields)?;
        }
        if model == TokenizerModel::Unigram {
            check_unknown_id(&self.fields, entry_count)?;
        }
        Ok(CheckedModel {
            model,
            ids,
            entry_count,
            unknown_token: text_field(&self.fields, "unk_token").map(str::to_owned),
        })
    }

    /// The type by name; files from before types were written are all BPE.
    fn model_type(&self) -> Result<TokenizerModel, TokenizerRule> {
        match self.fields.get("type") {
            None if matches!(self.vocabulary, Some(RawVocabulary::Ids(_))) => {
                Ok(TokenizerModel::Bpe)
            }
            None => Err(TokenizerRule::Missing("its model type")),
            Some(Value::String(name)) => match name.as_str() {
                "BPE" => Ok(TokenizerModel::Bpe),
                "WordPiece" => Ok(TokenizerModel::WordPiece),
                "WordLevel" => Ok(TokenizerModel::WordLevel),
                "Unigram" => Ok(TokenizerModel::Unigram),
                _ => Err(TokenizerRule::UnknownModel(name.chars().take(64).collect())),
            },
            Some(other) => Err(TokenizerRule::UnknownModel(
                other.to_string().chars().take(64).collect(),
            )),
        }
    }
}

impl<'a> RawVocabulary<'a> {
    fn checked(
        self,
        model: TokenizerModel,
    ) -> Result<(HashMap<Cow<'a, str>, u32>, usize), TokenizerRule> {
        match (self, model) {
            (Self::Scores(entries), TokenizerModel::Unigram) => {
                let count = entries.len();
                // Bounded by TOKEN_LIMIT, which fits. Of two equal tokens the library keeps the
                // last one's id, and so does this.
                let ids = entries
                    .into_iter()
                    .enumerate()
                    .map(|(id, (token, _))| (token.0, id as u32));
                Ok((ids.collect(), count))
            }
            (Self::Ids(entries), TokenizerModel::Unigram) => Err(wrong_vocabulary(entries.len())),
            (Self::Scores(entries), _) => Err(wrong_vocabulary(entries.len())),
            (Self::Ids(entries), _) => {
                let count = entries.len();
                Ok((checked_ids(entries)?, count))
            }
        }
    }
}

fn wrong_vocabulary(entries: usize) -> TokenizerRule {
    TokenizerRule::Malformed(format!(
        "its vocabulary of {entries} entries has the form of another model type"
    ))
}

/// Tokens and ids that are each unique and in range.
fn checked_ids<'a>(
    entries: Vec<(Text<'a>, u64)>,
) -> Result<HashMap<Cow<'a, str>, u32>, TokenizerRule> {
    let mut ids = HashMap::with_capacity(entries.len());
    for (token, id) in entries {
        if id >= TOKEN_ID_LIMIT {
            let token = token.0.into_owned();
            return Err(TokenizerRule::TokenId { token, id });
        }
        match ids.entry(token.0) {
            Entry::Vacant(place) => place.insert(id as u32),
            Entry::Occupied(first) => {
                return Err(TokenizerRule::DuplicateToken(first.key().to_string()));
            }
        };
    }
    let mut by_id: Vec<_> = ids.iter().collect();
    by_id.sort_unstable_by_key(|(_, id)| **id);
    match by_id.windows(2).find(|pair| pair[0].1 == pair[1].1) {
        None => Ok(ids),
        Some(pair) => {
            let mut tokens = [pair[0].0.to_string(), pair[1].0.to_string()];
            tokens.sort_unstable();
            let [first, second] = tokens;
            Err(TokenizerRule::DuplicateId {
                id: *pair[0].1,
                first,
                second,
            })
        }
    }
}

/// Both parts of every merge, and what they make, must be tokens; the right part gives up the
/// prefix that marks the inside of a word, so it must have it.
fn check_merges(
    merges: &[Merge],
    ids: &HashMap<Cow<str>, u32>,
    prefix: &str,
) -> Result<(), TokenizerRule> {
    let mut joined = String::new();
    for (place, merge) in merges.iter().enumerate() {
        let Some((left, right)) = merge.parts()? else {
            continue;
        };
        let is_sound = right.strip_prefix(prefix).is_some_and(|rest| {
            joined.clear();
            joined.push_str(left);
            joined.push_str(rest);
            [left, right, &joined]
                .iter()
                .all(|token| ids.contains_key(*token))
        });
        if !is_sound {
            return Err(TokenizerRule::Merge {
                place,
                left: left.to_owned(),
                right: right.to_owned(),
            });
        }
    }
    Ok(())
}

impl Merge<'_> {
    /// The two parts; `None` for the version line that old merge lists start with.
    fn parts(&self) -> Result<Option<(&str, &str)>, TokenizerRule> {
        match self {
            Self::Pair(left, right) => Ok(Some((&left.0, &right.0))),
            Self::Line(line) if line.0.starts_with("#version") => Ok(None),
            Self::Line(line) => {
                let parts = line.0.split_once(' ');
                parts
                    .filter(|(_, right)| !right.contains(' '))
                    .map(Some)
                    .ok_or_else(|| {
                        TokenizerRule::Malformed("a merge does not have two parts".to_owned())
                    })
            }
        }
    }
}

fn refuse_dropout(fields: &Map<String, Value>) -> Result<(), TokenizerRule> {
    match fields.get("dropout").and_then(Value::as_f64) {
        Some(dropout) if dropout != 0.0 => Err(TokenizerRule::Dropout(dropout)),
        _ => Ok(()),
    }
}

fn check_unknown_id(fields: &Map<String, Value>, entries: usize) -> Result<(), TokenizerRule> {
    match fields.get("unk_id").filter(|id| !id.is_null()) {
        None => Ok(()),
        Some(id) if id.as_u64().is_some_and(|id| id < entries as u64) => Ok(()),
        Some(id) => Err(TokenizerRule::UnknownToken(format!("id {id}"))),
    }
}

fn text_field<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    fields.get(name).and_then(Value::as_str)
}

/// Parses the `model` object; what is neither vocabulary nor merges is small and kept as it is.
pub(crate) struct ModelSeed<'b>(pub(crate) BoundedValue<'b>);

impl<'de> DeserializeSeed<'de> for ModelSeed<'_> {
    type Value = RawModel<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ModelSeed<'_> {
    type Value = RawModel<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a model object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut model = RawModel::default();
        let mut has_merges = false;
        while let Some(key) = map.next_key::<String>()? {
            let is_repeated = match key.as_str() {
                "vocab" => model.vocabulary.replace(map.next_value()?).is_some(),
                "merges" => {
                    model.merges = map.next_value_seed(BoundedList::new())?;
                    std::mem::replace(&mut has_merges, true)
                }
                _ => {
                    let value = map.next_value_seed(self.0)?;
                    model.fields.insert(key.clone(), value).is_some()
                }
            };
            if is_repeated {
                return Err(duplicate_key(&key));
            }
        }
        Ok(model)
    }
}

/// A list of at most [`TOKEN_LIMIT`] elements.
struct BoundedList<T>(PhantomData<T>);

impl<T> BoundedList<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for BoundedList<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for BoundedList<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            if elements.len() == TOKEN_LIMIT {
                return Err(A::Error::custom("a list is too long"));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

impl<'de> Deserialize<'de> for Merge<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("two tokens, in a list or with a space between them")
    }

    fn visit_borrowed_str<E: Error>(self, line: &'de str) -> Result<Merge<'de>, E> {
        Ok(Merge::Line(Text(Cow::Borrowed(line))))
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Merge<'de>, E> {
        Ok(Merge::Line(Text(Cow::Owned(line.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Merge<'de>, A::Error> {
        match (parts.next_element()?, parts.next_element()?) {
            // The parser itself refuses a list that goes on after this.
            (Some(left), Some(right)) => Ok(Merge::Pair(left, right)),
            _ => Err(A::Error::custom("a merge does not have two parts")),
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
            if entries.len() == TOKEN_LIMIT {
                return Err(A::Error::custom("the vocabulary is too large"));
            }
            entries.push(entry);
        }
        Ok(RawVocabulary::Ids(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        let entries = BoundedList::new().visit_seq(sequence)?;
        Ok(RawVocabulary::Scores(entries))
    }
}
