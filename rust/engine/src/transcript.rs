//! A conversation in the very tokens that the model has seen, so that the next turn adds to them
//! instead of putting all of it into tokens again, perhaps others.

use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::events::GenerationSummary;
use crate::text_codec::TextCodec;

/// Everything up to the end of the last answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transcript {
    text: String,
    tokens: Vec<u32>,
}

impl Transcript {
    /// What was asked, as text and in tokens.
    pub(crate) fn new(text: String, tokens: Vec<u32>) -> Self {
        Self { text, tokens }
    }

    /// With the answer behind it; `None` where the answer's tokens say more than its text, as they do
    /// when a stop string has cut it.
    pub(crate) fn with_answer(
        mut self,
        codec: &TextCodec,
        answer: &GenerationSummary,
    ) -> Option<Self> {
        let said = match answer.tokens.split_last() {
            Some((&end, said)) if codec.ends_answer(end) => said,
            _ => answer.tokens.as_slice(),
        };
        if codec.decode(said).ok()? != answer.text {
            return None;
        }
        self.text.push_str(&answer.text);
        self.tokens.extend(said);
        Some(self)
    }

    pub(crate) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The tokens of `text` where it goes on from here; `None` where it does not.
    pub(crate) fn continued(
        &self,
        codec: &TextCodec,
        text: &str,
    ) -> Result<Option<Vec<u32>>, EngineError> {
        let Some(rest) = text.strip_prefix(&self.text) else {
            return Ok(None);
        };
        let Some(rest) = codec.encode_after_answer(rest)? else {
            return Ok(None);
        };
        Ok(Some([&self.tokens, rest.as_slice()].concat()))
    }
}
