//! The `model` of a `tokenizer.json`: its type, and what goes with which.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::bounded_json::{BoundedValue, duplicate_key};
use crate::tokenizer_merges::check_merges;
use crate::tokenizer_rule::TokenizerRule;
use crate::tokenizer_vocabulary::{RawVocabulary, Vocabulary, VocabularyForm};

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
    pub(crate) vocabulary: Vocabulary<'a>,
    /// Entries in the vocabulary; a Unigram list may name a token twice.
    pub(crate) entry_count: usize,
    pub(crate) unknown_token: Option<String>,
}

/// A model as it stands in the file, bounded but not yet checked; its merges are left in the file.
#[derive(Debug, Default)]
pub(crate) struct RawModel<'a> {
    vocabulary: Option<RawVocabulary<'a>>,
    fields: Map<String, Value>,
}

impl<'a> RawModel<'a> {
    /// Checks everything that the library relies on, the merges in `file` included.
    pub(crate) fn checked(self, file: &[u8]) -> Result<CheckedModel<'a>, TokenizerRule> {
        let model = self.model_type()?;
        let vocabulary = self
            .vocabulary
            .ok_or(TokenizerRule::Missing("its vocabulary"))?;
        let entry_count = vocabulary.entry_count();
        let has_scores = vocabulary.form == VocabularyForm::Scores;
        if has_scores != (model == TokenizerModel::Unigram) {
            return Err(wrong_vocabulary(entry_count));
        }
        if entry_count == 0 {
            return Err(TokenizerRule::EmptyVocabulary);
        }
        let vocabulary = vocabulary.checked()?;
        if model == TokenizerModel::Bpe {
            let prefix = text_field(&self.fields, "continuing_subword_prefix").unwrap_or_default();
            check_merges(file, &vocabulary, prefix)?;
            refuse_dropout(&self.fields)?;
        }
        if model == TokenizerModel::Unigram {
            check_unknown_id(&self.fields, entry_count)?;
        }
        Ok(CheckedModel {
            model,
            vocabulary,
            entry_count,
            unknown_token: text_field(&self.fields, "unk_token").map(str::to_owned),
        })
    }

    fn has_ids(&self) -> bool {
        let form = self.vocabulary.as_ref().map(|vocabulary| vocabulary.form);
        form == Some(VocabularyForm::Ids)
    }

    /// The type by name; files from before types were written are all BPE.
    fn model_type(&self) -> Result<TokenizerModel, TokenizerRule> {
        match self.fields.get("type") {
            None if self.has_ids() => Ok(TokenizerModel::Bpe),
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

fn wrong_vocabulary(entries: usize) -> TokenizerRule {
    TokenizerRule::Malformed(format!(
        "its vocabulary of {entries} entries has the form of another model type"
    ))
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
                    map.next_value::<IgnoredAny>()?;
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
