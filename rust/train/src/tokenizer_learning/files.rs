//! The directory of a tokenizer: whole, or not there.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::error::TokenizerLearningError;
use super::learning::{LearnedTokenizer, learn};
use super::request::{LearningProgress, TokenizerRequest};
use crate::tokenizer::{ASSISTANT_END, BEGIN, CHAT_TEMPLATE, TokenizerError, token_bytes};

/// What was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenizerReport {
    /// Tokens in all, the special ones included.
    pub vocabulary_size: usize,
    /// Bytes of the text that was read.
    pub text_bytes: u64,
    /// Documents that were read.
    pub documents: u64,
}

/// Learns a tokenizer and writes its directory, which must not exist yet.
///
/// # Errors
/// As [`learn`] and [`LearnedTokenizer::write`].
pub fn train_tokenizer(
    request: &TokenizerRequest,
    output: &Path,
    on_progress: &mut dyn FnMut(LearningProgress) -> ControlFlow<()>,
) -> Result<TokenizerReport, TokenizerLearningError> {
    refuse_existing(output)?;
    learn(request, on_progress)?.write(output)
}

impl LearnedTokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` with the chat template, `generation_config.json`
    /// with what ends an answer, and `token_bytes.json` with the bytes that each token stands for.
    ///
    /// # Errors
    /// When something lies at `output`, or the disk refuses; nothing is left behind then.
    pub fn write(&self, output: &Path) -> Result<TokenizerReport, TokenizerLearningError> {
        refuse_existing(output)?;
        let parent = output.parent().filter(|parent| *parent != Path::new(""));
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(not_written("create", parent))?;
        let beside = TempDir::with_prefix_in(".tokenizer-", parent);
        let beside = beside.map_err(not_written("create a directory in", parent))?;
        for (name, content) in self.contents()? {
            let path = beside.path().join(name);
            fs::write(&path, content).map_err(not_written("write", &path))?;
        }
        fs::rename(beside.path(), output).map_err(not_written("name", output))?;
        // It has another name now, under which it stays.
        drop(beside.keep());
        Ok(self.report())
    }

    fn report(&self) -> TokenizerReport {
        TokenizerReport {
            vocabulary_size: self.vocabulary_size,
            text_bytes: self.text_bytes,
            documents: self.documents,
        }
    }

    fn contents(&self) -> Result<[(&'static str, String); 4], TokenizerError> {
        let text = self.tokenizer.to_string(true);
        let text = text.map_err(|error| TokenizerError::Library {
            action: "write itself",
            reason: error.to_string(),
        })?;
        let bytes = token_bytes(&self.tokenizer).map_err(|reason| TokenizerError::Library {
            action: "count the bytes of its tokens",
            reason,
        })?;
        let id = |token| self.tokenizer.token_to_id(token);
        let generation = json!({
            "bos_token_id": id(BEGIN),
            "eos_token_id": [id(ASSISTANT_END), id(BEGIN)],
        });
        Ok([
            ("tokenizer.json", text),
            ("tokenizer_config.json", format!("{:#}\n", configuration())),
            ("generation_config.json", format!("{generation:#}\n")),
            ("token_bytes.json", format!("{}\n", json!(bytes))),
        ])
    }
}

/// What transformers, mlx-lm and the engine read beside the tokenizer.
fn configuration() -> Value {
    json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BEGIN,
        "eos_token": ASSISTANT_END,
        "pad_token": ASSISTANT_END,
        "clean_up_tokenization_spaces": false,
        "chat_template": CHAT_TEMPLATE,
    })
}

/// Refuses a place where something lies, before any work is done for it.
///
/// # Errors
/// [`TokenizerLearningError::OutputExists`].
pub fn refuse_existing(output: &Path) -> Result<(), TokenizerLearningError> {
    match output.symlink_metadata() {
        Ok(_) => Err(TokenizerLearningError::OutputExists {
            path: output.to_owned(),
        }),
        Err(_) => Ok(()),
    }
}

fn not_written(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> TokenizerLearningError {
    let path: PathBuf = path.to_owned();
    move |source| TokenizerLearningError::NotWritten {
        action,
        path,
        source,
    }
}
