//! Output that follows a JSON schema or a regular expression: which tokens may come next.
//!
//! The grammar is `llguidance`'s. It sees a token as its bytes, so a text may be cut into tokens in any
//! way that the vocabulary allows.

mod compiler;
mod token_bytes;

use llguidance::Matcher;
use llguidance::api::StopReason;

use crate::error::EngineError;

pub(crate) use compiler::ConstraintCompiler;

/// What an answer must look like.
///
/// An answer that was cut short, by `max_tokens`, by a stop string or by the host, is the beginning of
/// such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputConstraint {
    /// A JSON text that this JSON schema accepts. Schemas with a keyword that cannot be kept to are
    /// refused.
    JsonSchema(String),
    /// A text that this regular expression matches as a whole. It is written as for Rust's `regex`,
    /// without anchors and look-around.
    Regex(String),
}

impl OutputConstraint {
    fn text(&self) -> &str {
        match self {
            Self::JsonSchema(text) | Self::Regex(text) => text,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::JsonSchema(_) => "JSON schema",
            Self::Regex(_) => "regular expression",
        }
    }
}

/// Where an answer stands in its grammar. A clone goes on independently.
#[derive(Clone)]
pub(crate) struct Constraint {
    matcher: Matcher,
    vocabulary_size: u32,
}

impl Constraint {
    fn new(matcher: Matcher, vocabulary_size: u32) -> Self {
        Self {
            matcher,
            vocabulary_size,
        }
    }

    /// For each id whether it may come next. End tokens may where the text is whole.
    ///
    /// # Errors
    /// When the grammar takes more than its limits here, or no token of the vocabulary goes on.
    pub(crate) fn allowed(&mut self) -> Result<Vec<bool>, EngineError> {
        let mask = self.matcher.compute_mask_or_eos().map_err(failed)?;
        let allowed: Vec<bool> = (0..self.vocabulary_size)
            .map(|id| mask.is_allowed(id))
            .collect();
        match allowed.contains(&true) {
            true => Ok(allowed),
            false => Err(EngineError::ConstraintFailed(
                "no token of the vocabulary can continue it".to_owned(),
            )),
        }
    }

    /// Goes on by a generated token.
    ///
    /// # Errors
    /// When it was not one of those allowed.
    pub(crate) fn accept(&mut self, token: u32) -> Result<(), EngineError> {
        match self.is_complete() {
            true => Ok(()),
            false => self.matcher.consume_token(token).map_err(failed),
        }
    }

    /// Whether the text is whole and nothing can follow.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(
            self.matcher.stop_reason(),
            StopReason::NoExtension | StopReason::EndOfSentence
        )
    }
}

fn failed(error: impl ToString) -> EngineError {
    EngineError::ConstraintFailed(compiler::sentence(&error))
}

#[cfg(test)]
mod tests;
