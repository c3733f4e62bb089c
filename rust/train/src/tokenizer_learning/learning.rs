//! From counted words to merges: a tokenizer in memory.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::utils::parallelism::set_parallelism;
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::counting::{WordCounts, count};
use super::error::{LEAST_VOCABULARY, MOST_VOCABULARY, TokenizerLearningError};
use super::request::{LearningProgress, TokenizerRequest};
use crate::data::SkippedShards;
use crate::tokenizer::{BEGIN, PATTERN, SPECIAL_TOKENS, TokenizerError};

/// Longest token in bytes. No language has such words; the gate refuses much longer ones.
const TOKEN_BYTES: usize = 1_024;

/// A tokenizer that has been learned and not yet written.
pub struct LearnedTokenizer {
    pub(super) tokenizer: Tokenizer,
    /// Bytes of the text that it was learned from.
    pub text_bytes: u64,
    /// Documents of that text.
    pub documents: u64,
    /// Tokens in all; fewer than asked for where the text has no more pairs to merge.
    pub vocabulary_size: usize,
    /// What could not be read and was left out.
    pub skipped: SkippedShards,
}

/// Learns a byte-level BPE from text, as nanochat's tokenizer: GPT-4's split with pairs of digits, no
/// Unicode normaliser, special tokens last. The same text gives the same tokenizer.
///
/// # Errors
/// When the vocabulary's size is none, when there is no text, when it cannot be read, or when
/// `on_progress` breaks.
pub fn learn(
    request: &TokenizerRequest,
    on_progress: &mut dyn FnMut(LearningProgress) -> ControlFlow<()>,
) -> Result<LearnedTokenizer, TokenizerLearningError> {
    let vocabulary_size = request.vocabulary_size;
    if !(LEAST_VOCABULARY..=MOST_VOCABULARY).contains(&vocabulary_size) {
        return Err(TokenizerLearningError::VocabularySize { vocabulary_size });
    }
    let counts = count(request, on_progress)?;
    if counts.words.is_empty() {
        return Err(TokenizerLearningError::NoText {
            source_name: request.data.source.to_string(),
        });
    }
    let words = counts.words.len() as u64;
    if on_progress(LearningProgress::Merging { words }).is_break() {
        return Err(TokenizerLearningError::Cancelled);
    }
    let model = merged(&counts, vocabulary_size - SPECIAL_TOKENS.len())?;
    let tokenizer = put_together(model).map_err(library("put a tokenizer together"))?;
    Ok(LearnedTokenizer {
        vocabulary_size: tokenizer.get_vocab_size(true),
        tokenizer,
        text_bytes: counts.text.bytes,
        documents: counts.text.documents,
        skipped: counts.text.skipped,
    })
}

/// The library counts pairs in 32 bits and panics where that is too little.
fn merged(counts: &WordCounts, tokens: usize) -> Result<BPE, TokenizerError> {
    let trainer = BpeTrainer::builder()
        .vocab_size(tokens)
        .min_frequency(0)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .max_token_length(Some(TOKEN_BYTES))
        .show_progress(false)
        .build();
    let mut model = BPE::default();
    // The library would hand every merge to its pool, and a merge touches a few words only: 65,536 tokens
    // of 6 MB took 19.6 s so on two cores, and take 5.7 s. Nothing else here uses that pool.
    set_parallelism(false);
    let learned = catch_unwind(AssertUnwindSafe(|| {
        trainer.do_train(&counts.words, &mut model)
    }));
    match learned {
        Ok(learned) => learned.map_err(library("merge pairs"))?,
        Err(_) => {
            return Err(library("merge pairs")(
                "a pair is more frequent than it can count, give less text",
            ));
        }
    };
    Ok(model)
}

fn library<E: ToString>(action: &'static str) -> impl FnOnce(E) -> TokenizerError {
    move |error| TokenizerError::Library {
        action,
        reason: error.to_string(),
    }
}

fn put_together(model: BPE) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::new(model);
    let tokens = SPECIAL_TOKENS.map(|token| AddedToken::from(token, true));
    tokenizer.add_special_tokens(tokens)?;
    let pattern = SplitPattern::Regex(PATTERN.to_owned());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
    let bytes = ByteLevel::new(false, true, false);
    let parts: Vec<PreTokenizerWrapper> = vec![split.into(), bytes.into()];
    let begin = tokenizer.token_to_id(BEGIN).unwrap_or_default();
    let around = TemplateProcessing::builder()
        .try_single(format!("{BEGIN} $A"))?
        .try_pair(format!("{BEGIN} $A {BEGIN}:1 $B:1"))?
        .special_tokens(vec![(BEGIN, begin)])
        .build()?;
    tokenizer
        .with_pre_tokenizer(Some(Sequence::new(parts)))
        .with_post_processor(Some(around))
        .with_decoder(Some(ByteLevelDecoder::default()));
    Ok(tokenizer)
}
