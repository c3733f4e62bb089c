//! A tokenizer as training uses it: text and conversations in, token ids out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use headroom_engine::{ChatMessage, Role};
use headroom_formats::{TOKENIZER_LIMIT_BYTES, check_tokenizer, read_bounded};
use tokenizers::Tokenizer;

use super::error::TokenizerError;
use super::pieces::pieces;
use super::special::{ASSISTANT_END, ASSISTANT_START, BEGIN, USER_END, USER_START};
use super::token_bytes::token_bytes;

/// Turns text into tokens. Text that is written like a special token is text here: no document can
/// end itself, or speak for somebody else.
pub struct TrainingTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    token_bytes: Vec<u32>,
    begin: u32,
    turns: Option<TurnTokens>,
}

/// The tokens that begin and end the turns of a conversation.
#[derive(Clone, Copy)]
struct TurnTokens {
    user: (u32, u32),
    assistant: (u32, u32),
}

/// A conversation as tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedConversation {
    /// The ids, `<|bos|>` first.
    pub tokens: Vec<u32>,
    /// For each id whether the model is to learn to say it: answers and their ends.
    pub is_learned: Vec<bool>,
}

impl TrainingTokenizer {
    /// Reads `tokenizer.json` of a directory, which the gate checks first.
    ///
    /// # Errors
    /// When the file breaks a rule of the gate, has no `<|bos|>`, or is not byte-level.
    pub fn read(directory: &Path) -> Result<Self, TokenizerError> {
        let path = directory.join("tokenizer.json");
        let unfit = |reason: String| TokenizerError::Unfit {
            path: path.clone(),
            reason,
        };
        let bytes = read_bounded(&path, TOKENIZER_LIMIT_BYTES)?;
        check_tokenizer(&bytes, &path)?;
        let tokenizer = guarded(|| for_training(&bytes)).map_err(unfit)?;
        let begin = tokenizer.token_to_id(BEGIN);
        Ok(Self {
            begin: begin.ok_or_else(|| unfit(format!("it has no token {BEGIN}")))?,
            token_bytes: token_bytes(&tokenizer).map_err(unfit)?,
            turns: TurnTokens::of(&tokenizer),
            tokenizer,
            path,
        })
    }

    /// The largest id plus one, which the model's embedding must have room for.
    pub fn vocabulary_size(&self) -> usize {
        self.token_bytes.len()
    }

    /// For each id the bytes of text that it stands for; 0 for special tokens.
    pub fn token_bytes(&self) -> &[u32] {
        &self.token_bytes
    }

    /// `<|bos|>`, with which documents and conversations begin.
    pub fn begin(&self) -> u32 {
        self.begin
    }

    /// A text as tokens, `<|bos|>` first.
    ///
    /// # Errors
    /// [`TokenizerError::Library`] when the tokenizer library fails on the text.
    pub fn encode_document(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut tokens = vec![self.begin];
        self.encode_onto(&mut tokens, text)?;
        Ok(tokens)
    }

    /// A conversation as tokens, the same as its chat template gives. Instructions go before what the
    /// person says first.
    ///
    /// # Errors
    /// [`TokenizerError::Unfit`] when the tokenizer has no tokens for turns, and as
    /// [`Self::encode_document`].
    pub fn encode_conversation(
        &self,
        messages: &[ChatMessage],
    ) -> Result<EncodedConversation, TokenizerError> {
        let turns = self.turns.ok_or_else(|| TokenizerError::Unfit {
            path: self.path.clone(),
            reason: format!("it lacks {USER_START} or one of its like"),
        })?;
        let mut encoded = EncodedConversation {
            tokens: vec![self.begin],
            is_learned: vec![false],
        };
        let mut instructions = String::new();
        for message in messages {
            match message.role {
                Role::System => instructions = format!("{}\n\n", message.content),
                Role::User => {
                    let text = std::mem::take(&mut instructions) + &message.content;
                    self.push_turn(&mut encoded, turns.user, &text, false)?;
                }
                Role::Assistant => {
                    self.push_turn(&mut encoded, turns.assistant, &message.content, true)?;
                }
            }
        }
        Ok(encoded)
    }

    fn push_turn(
        &self,
        onto: &mut EncodedConversation,
        (start, end): (u32, u32),
        text: &str,
        is_learned: bool,
    ) -> Result<(), TokenizerError> {
        onto.tokens.push(start);
        // The program writes what an answer begins with.
        onto.is_learned.push(false);
        self.encode_onto(&mut onto.tokens, text)?;
        onto.tokens.push(end);
        onto.is_learned.resize(onto.tokens.len(), is_learned);
        Ok(())
    }

    fn encode_onto(&self, tokens: &mut Vec<u32>, text: &str) -> Result<(), TokenizerError> {
        for piece in pieces(text) {
            let encoding = guarded(|| self.tokenizer.encode_fast(piece, false));
            let encoding = encoding.map_err(|reason| TokenizerError::Library {
                action: "encode a text",
                reason,
            })?;
            tokens.extend_from_slice(encoding.get_ids());
        }
        Ok(())
    }
}

impl TurnTokens {
    fn of(tokenizer: &Tokenizer) -> Option<Self> {
        let id = |token| tokenizer.token_to_id(token);
        Some(Self {
            user: (id(USER_START)?, id(USER_END)?),
            assistant: (id(ASSISTANT_START)?, id(ASSISTANT_END)?),
        })
    }
}

fn for_training(bytes: &[u8]) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(bytes)?;
    tokenizer.with_truncation(None)?.with_padding(None);
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

/// The tokenizer library panics where the gate's check does not know its ways; that is an error here.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("it failed without a reason".to_owned()),
    }
}
