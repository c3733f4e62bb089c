//! A check of `tokenizer.json` before the library that runs it sees it: that library panics on some
//! malformed files and asks for gigabytes on others.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::bounded_json::{BoundedValue, duplicate_key, refuse_long_strings};
use crate::error::FormatError;
use crate::quoted::brief;
use crate::tokenizer_model::{CheckedModel, ModelSeed, RawModel, TokenizerModel};
use crate::tokenizer_parts::check_parts;
use crate::tokenizer_rule::{
    ADDED_TOKEN_LIMIT, STRING_LIMIT_BYTES, TEXT_LIMIT_BYTES, TOKEN_ID_LIMIT, TokenizerRule,
};

/// Longest `tokenizer.json` that may be read; the largest known have 33 MB.
pub const TOKENIZER_LIMIT_BYTES: u64 = 64 << 20;

/// Most values and deepest nesting outside vocabulary, merges and added tokens.
const PART_VALUES: usize = 100_000;
const PART_DEPTH: usize = 16;

/// What a checked tokenizer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerSummary {
    /// How words are split.
    pub model: TokenizerModel,
    /// Largest id that a text can be turned into, plus one. A model whose embedding has fewer rows
    /// does not match this tokenizer.
    pub vocabulary_size: usize,
    /// Tokens in the model's own vocabulary.
    pub model_tokens: usize,
    /// Tokens listed beside it, those that it also has included.
    pub added_tokens: usize,
}

/// Checks the content of a `tokenizer.json`; `path` is what errors name.
///
/// # Errors
/// When the file is larger than [`TOKENIZER_LIMIT_BYTES`] or breaks a [`TokenizerRule`].
pub fn check_tokenizer(bytes: &[u8], path: &Path) -> Result<TokenizerSummary, FormatError> {
    let actual_bytes = bytes.len() as u64;
    if actual_bytes > TOKENIZER_LIMIT_BYTES {
        return Err(FormatError::TooLarge {
            path: path.to_path_buf(),
            actual_bytes,
            limit_bytes: TOKENIZER_LIMIT_BYTES,
        });
    }
    check(bytes).map_err(|rule| FormatError::Tokenizer {
        path: path.to_path_buf(),
        rule,
    })
}

fn check(bytes: &[u8]) -> Result<TokenizerSummary, TokenizerRule> {
    refuse_long_strings(bytes, STRING_LIMIT_BYTES).map_err(TokenizerRule::Malformed)?;
    let raw = parse(bytes).map_err(|error| TokenizerRule::Malformed(brief(&error)))?;
    check_parts(&raw.parts)?;
    let model = raw.model.ok_or(TokenizerRule::Missing("its model"))?;
    let model = model.checked(bytes)?;
    let added = raw.added_tokens;
    let largest_id = largest_id(&model, &added)?;
    check_unknown_token(&model, &added)?;
    Ok(TokenizerSummary {
        model: model.model,
        vocabulary_size: largest_id as usize + 1,
        model_tokens: model.entry_count,
        added_tokens: added.len(),
    })
}

/// Gives added tokens their ids as the library does, which takes little notice of those in the
/// file: that of the vocabulary if the token is there, else the next one after the vocabulary.
fn largest_id(model: &CheckedModel, added: &[AddedToken]) -> Result<u32, TokenizerRule> {
    let in_vocabulary = match model.model {
        TokenizerModel::Unigram => (model.entry_count - 1) as u32,
        _ => model.vocabulary.iter().map(|(_, id)| id).max().unwrap_or(0),
    };
    let mut next = model.vocabulary.len().max(match model.model {
        TokenizerModel::Unigram => model.entry_count,
        _ => 0,
    }) as u32;
    let mut given: HashMap<&str, u32> = HashMap::new();
    for token in added {
        token.check()?;
        let content = token.content.as_str();
        if !given.contains_key(content) && !model.vocabulary.contains(content) {
            given.insert(content, next);
            next += 1;
        }
    }
    refuse_shared_ids(model, &given)?;
    Ok(given.values().copied().fold(in_vocabulary, u32::max))
}

/// A vocabulary with holes has ids past its count, which the library then gives out twice.
fn refuse_shared_ids(
    model: &CheckedModel,
    given: &HashMap<&str, u32>,
) -> Result<(), TokenizerRule> {
    let owners: HashMap<u32, &str> = given.iter().map(|(token, id)| (*id, *token)).collect();
    let shared = model
        .vocabulary
        .iter()
        .filter_map(|(token, id)| owners.get(&id).map(|added| (id, token, *added)))
        .min();
    match shared {
        None => Ok(()),
        Some((id, token, added)) => Err(TokenizerRule::DuplicateId {
            id,
            first: token.to_string(),
            second: added.to_owned(),
        }),
    }
}

fn check_unknown_token(model: &CheckedModel, added: &[AddedToken]) -> Result<(), TokenizerRule> {
    match &model.unknown_token {
        Some(unknown)
            if !model.vocabulary.contains(unknown)
                && !added.iter().any(|token| token.content == *unknown) =>
        {
            Err(TokenizerRule::UnknownToken(unknown.clone()))
        }
        _ => Ok(()),
    }
}

/// A token listed beside the vocabulary, as far as it matters here.
#[derive(Debug, Deserialize)]
struct AddedToken {
    id: u64,
    content: String,
}

impl AddedToken {
    fn check(&self) -> Result<(), TokenizerRule> {
        if self.id >= TOKEN_ID_LIMIT {
            return Err(TokenizerRule::TokenId {
                token: self.content.clone(),
                id: self.id,
            });
        }
        if self.content.is_empty() || self.content.len() > TEXT_LIMIT_BYTES {
            return Err(TokenizerRule::AddedTokenLength {
                id: self.id,
                actual_bytes: self.content.len(),
            });
        }
        Ok(())
    }
}

/// The file, bounded but not yet checked.
#[derive(Default)]
struct RawTokenizer<'a> {
    model: Option<RawModel<'a>>,
    added_tokens: Vec<AddedToken>,
    parts: Map<String, Value>,
}

fn parse(bytes: &[u8]) -> Result<RawTokenizer<'_>, serde_json::Error> {
    let values_left = Cell::new(PART_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let raw = deserializer.deserialize_map(TokenizerVisitor(BoundedValue {
        depth_left: PART_DEPTH,
        values_left: &values_left,
    }))?;
    deserializer.end()?;
    Ok(raw)
}

struct TokenizerVisitor<'b>(BoundedValue<'b>);

impl<'de> Visitor<'de> for TokenizerVisitor<'_> {
    type Value = RawTokenizer<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a tokenizer object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut raw = RawTokenizer::default();
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "model" => raw.model = Some(map.next_value_seed(ModelSeed(self.0))?),
                "added_tokens" => raw.added_tokens = map.next_value_seed(AddedTokensSeed)?,
                _ => {
                    let part = map.next_value_seed(self.0)?;
                    raw.parts.insert(key.clone(), part);
                }
            }
            if !keys.insert(key.clone()) {
                return Err(duplicate_key(&key));
            }
        }
        Ok(raw)
    }
}

struct AddedTokensSeed;

impl<'de> DeserializeSeed<'de> for AddedTokensSeed {
    type Value = Vec<AddedToken>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AddedTokensSeed {
    type Value = Vec<AddedToken>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of added tokens")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut tokens = Vec::new();
        while let Some(token) = sequence.next_element()? {
            if tokens.len() == ADDED_TOKEN_LIMIT {
                return Err(A::Error::custom("there are too many added tokens"));
            }
            tokens.push(token);
        }
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests;
