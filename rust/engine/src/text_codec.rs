//! Text to tokens and back, as the model's directory says.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use headroom_formats::{
    ConfigFile, FormatError, TOKENIZER_LIMIT_BYTES, check_tokenizer, read_bounded,
};
use tokenizers::Tokenizer;

use crate::chat_template::{ChatMessage, ChatTemplate, token_text};
use crate::constraint::ConstraintCompiler;
use crate::error::EngineError;

/// A tokenizer with its chat template and the tokens that end an answer.
pub(crate) struct TextCodec {
    pub(crate) tokenizer: Tokenizer,
    path: PathBuf,
    vocabulary_size: u32,
    template: Option<ChatTemplate>,
    end_tokens: Vec<u32>,
    begin_text: Option<String>,
    /// Made when the first constraint is asked for.
    constraints: OnceLock<Result<ConstraintCompiler, String>>,
}

impl TextCodec {
    /// Reads `tokenizer.json`, `tokenizer_config.json`, `generation_config.json` and what
    /// `config.json` says about the end of an answer.
    pub(crate) fn read(directory: &Path, vocabulary_size: u32) -> Result<Self, EngineError> {
        let path = directory.join("tokenizer.json");
        let tokenizer = read_tokenizer(&path, vocabulary_size)?;
        let config = ConfigFile::read_optional(&directory.join("tokenizer_config.json"))?;
        Ok(Self {
            template: ChatTemplate::read(directory, config.as_ref())?,
            end_tokens: end_tokens(directory, config.as_ref(), &tokenizer)?,
            begin_text: config
                .as_ref()
                .and_then(|config| token_text(config, "bos_token")),
            tokenizer,
            path,
            vocabulary_size,
            constraints: OnceLock::new(),
        })
    }

    /// What reading the tokenizer of `directory` will take at its peak; 0 where there is none to read.
    pub(crate) fn predicted_bytes(directory: &Path) -> u64 {
        let file = std::fs::metadata(directory.join("tokenizer.json"));
        let file_bytes = file.map_or(0, |file| file.len());
        file_bytes.saturating_mul(BYTES_PER_FILE_BYTE)
    }

    pub(crate) fn has_chat_template(&self) -> bool {
        self.template.is_some()
    }

    /// Plain text as tokens. What the tokenizer puts around every text (mostly a token for its
    /// beginning) is added unless the text already starts with it.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let begins = self
            .begin_text
            .as_deref()
            .is_some_and(|begin| !begin.is_empty() && text.starts_with(begin));
        self.encode_as_is(text, !begins)
    }

    /// A conversation as text, by the model's template; `None` when it has none.
    pub(crate) fn render(&self, messages: &[ChatMessage]) -> Result<Option<String>, EngineError> {
        let template = self.template.as_ref();
        template
            .map(|template| template.render(messages))
            .transpose()
    }

    /// What a template has made, as tokens: it says itself what a text begins with.
    pub(crate) fn encode_rendered(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.encode_as_is(text, false)
    }

    /// What a template has made behind an answer; `None` where it does not begin with a token of its
    /// own, and text on both sides might have become a token together.
    pub(crate) fn encode_after_answer(&self, text: &str) -> Result<Option<Vec<u32>>, EngineError> {
        let tokens = self.encode_as_is(text, false)?;
        let own = self.tokenizer.get_added_tokens_decoder();
        let is_apart = tokens.first().is_some_and(|first| own.contains_key(first));
        Ok(is_apart.then_some(tokens))
    }

    /// Tokens as text, special ones left out.
    pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, EngineError> {
        // Some decoders panic on an empty list.
        if tokens.is_empty() {
            return Ok(String::new());
        }
        guarded(|| self.tokenizer.decode(tokens, true)).map_err(|reason| self.failed(&reason))
    }

    /// Whether both read the same text as the same tokens.
    pub(crate) fn has_vocabulary_of(&self, other: &Self) -> bool {
        self.tokenizer.get_vocab(true) == other.tokenizer.get_vocab(true)
    }

    pub(crate) fn ends_answer(&self, token: u32) -> bool {
        self.end_tokens.contains(&token)
    }

    /// The tokens that end an answer, as far as the model's vocabulary has them.
    pub(crate) fn end_tokens(&self) -> impl Iterator<Item = u32> {
        let tokens = self.end_tokens.iter().copied();
        tokens.filter(|&token| token < self.vocabulary_size)
    }

    /// How many ids the model has.
    pub(crate) fn vocabulary_size(&self) -> u32 {
        self.vocabulary_size
    }

    /// What compiles constraints for this vocabulary.
    ///
    /// # Errors
    /// When the tokenizer does not tell which bytes its tokens stand for.
    pub(crate) fn constraints(&self) -> Result<&ConstraintCompiler, EngineError> {
        let made = self.constraints.get_or_init(|| {
            let end_tokens: Vec<u32> = self.end_tokens().collect();
            let make =
                || ConstraintCompiler::new(&self.tokenizer, self.vocabulary_size, &end_tokens);
            guarded(|| Ok(make())).and_then(|made| made)
        });
        made.as_ref()
            .map_err(|reason| self.failed(&format!("{reason}, which constrained output needs")))
    }

    /// What the tokenizer's library could not do, with the file that it could not do it by.
    pub(crate) fn failed(&self, reason: &(impl Display + ?Sized)) -> EngineError {
        EngineError::Tokenizer {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }

    fn encode_as_is(&self, text: &str, add_special_tokens: bool) -> Result<Vec<u32>, EngineError> {
        let encoding = guarded(|| self.tokenizer.encode_fast(text, add_special_tokens));
        let ids = encoding
            .map_err(|reason| self.failed(&reason))?
            .get_ids()
            .to_vec();
        // What a post-processor adds need not be in the vocabulary, and MLX does not look.
        match ids.iter().max() {
            Some(&largest_id) if largest_id >= self.vocabulary_size => {
                Err(EngineError::VocabularyMismatch {
                    path: self.path.clone(),
                    largest_id: largest_id as usize,
                    vocabulary_size: self.vocabulary_size,
                })
            }
            _ => Ok(ids),
        }
    }
}

/// The file passes the gate's own check first, because its reader panics on some malformed ones.
/// The tokenizer library takes 11 to 12 times its file (2.3 and 11 MB), and the file lies beside it.
const BYTES_PER_FILE_BYTE: u64 = 13;

fn read_tokenizer(path: &Path, vocabulary_size: u32) -> Result<Tokenizer, EngineError> {
    let bytes = read_bounded(path, TOKENIZER_LIMIT_BYTES)?;
    let summary = check_tokenizer(&bytes, path)?;
    if summary.vocabulary_size > vocabulary_size as usize {
        return Err(EngineError::VocabularyMismatch {
            path: path.to_owned(),
            largest_id: summary.vocabulary_size - 1,
            vocabulary_size,
        });
    }
    let read = || {
        let mut tokenizer = Tokenizer::from_bytes(&bytes)?;
        // Left over from training: they would cut prompts short or fill them up.
        tokenizer.with_truncation(None)?.with_padding(None);
        Ok(tokenizer)
    };
    guarded(read).map_err(|reason| EngineError::Tokenizer {
        path: path.to_owned(),
        reason,
    })
}

/// The tokenizer library panics where the gate's check does not know its ways; that is an error here.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its reader failed on it".to_owned()),
    }
}

/// Every token that any of the model's files names as the end of an answer.
fn end_tokens(
    directory: &Path,
    tokenizer_config: Option<&ConfigFile>,
    tokenizer: &Tokenizer,
) -> Result<Vec<u32>, FormatError> {
    let mut tokens = Vec::new();
    for name in ["config.json", "generation_config.json"] {
        let Some(config) = ConfigFile::read_optional(&directory.join(name))? else {
            continue;
        };
        let ids = config.one_or_more_integers("eos_token_id", 0..=u64::from(u32::MAX))?;
        tokens.extend(ids.into_iter().map(|id| id as u32));
    }
    let named = tokenizer_config.and_then(|config| token_text(config, "eos_token"));
    tokens.extend(named.and_then(|text| tokenizer.token_to_id(&text)));
    tokens.sort_unstable();
    tokens.dedup();
    Ok(tokens)
}
