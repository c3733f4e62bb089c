//! From a schema or a pattern to a constraint, for one vocabulary.

use std::sync::Arc;

use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::token_bytes::{NO_TEXT, token_bytes};
use super::{Constraint, OutputConstraint};
use crate::error::EngineError;

/// Longer texts were not written for a model.
const TEXT_LIMIT_BYTES: usize = 1 << 20;

/// Compiling descends as deep as a schema or pattern nests, and a host's thread may have little room.
const COMPILER_STACK_BYTES: usize = 16 << 20;

/// A pattern can be small and still have more states than any memory holds. They are made as the text
/// goes on, at one to two kilobytes each by the library's own figure.
const MOST_LEXER_STATES: usize = 50_000;

/// Characters of what the library says; it may repeat what it was given.
const LONGEST_REASON: usize = 200;

/// White space between two parts of a JSON text: a space, or a new line with what it is indented by.
/// Without an end to it, a weak model can fill its whole answer with nothing else.
const JSON_WHITE_SPACE: &str = r" |\n( {0,16}|\t{0,8})";

/// Compiles constraints for one model's vocabulary. It holds every token as bytes, so one is made per
/// model, at its first constraint.
pub(crate) struct ConstraintCompiler {
    factory: ParserFactory,
    vocabulary_size: u32,
}

impl ConstraintCompiler {
    /// For the ids below `vocabulary_size`, of which `end_tokens` end an answer. `Err` says why the
    /// tokenizer does not do.
    pub(crate) fn new(
        tokenizer: &Tokenizer,
        vocabulary_size: u32,
        end_tokens: &[u32],
    ) -> Result<Self, String> {
        let words = token_bytes(tokenizer, vocabulary_size, end_tokens)
            .ok_or("its decoder does not tell which bytes a token stands for")?;
        let vocabulary = vocabulary(words, end_tokens);
        // Slices of the vocabulary would make masks of long free texts quicker and this two to three
        // times as large.
        let no_slices: &[String] = &[];
        let mut factory =
            ParserFactory::new(&vocabulary, InferenceCapabilities::default(), no_slices)
                .map_err(|error| sentence(&error))?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Self {
            factory,
            vocabulary_size,
        })
    }

    /// # Errors
    /// What the library says about a text that it cannot compile, or that takes more than its limits.
    pub(crate) fn compile(&self, asked: &OutputConstraint) -> Result<Constraint, EngineError> {
        let refused = |reason: String| EngineError::Constraint {
            kind: asked.kind(),
            reason,
        };
        let grammar = grammar(asked).map_err(refused)?;
        on_deep_stack(|| self.constraint(grammar)).map_err(refused)
    }

    fn constraint(&self, grammar: TopLevelGrammar) -> Result<Constraint, String> {
        let parser = self.factory.create_parser(grammar);
        let matcher = Matcher::new(Ok(parser.map_err(|error| sentence(&error))?));
        let mut constraint = Constraint::new(matcher, self.vocabulary_size);
        // The first mask finds what compiling alone does not: a grammar that nothing can begin.
        match constraint.allowed() {
            Err(EngineError::ConstraintFailed(reason)) => Err(reason),
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(constraint),
        }
    }
}

/// A trie over `words`. A model without end tokens gets one that it cannot generate, for a grammar
/// needs a way to say that it may end.
fn vocabulary(mut words: Vec<Vec<u8>>, end_tokens: &[u32]) -> TokEnv {
    let mut ends = end_tokens.to_vec();
    if ends.is_empty() {
        ends.push(words.len() as u32);
        words.push([&[NO_TEXT], &b"<end>"[..]].concat());
    }
    let info = TokRxInfo::new(words.len() as u32, ends[0]);
    let trie = TokTrie::from(&info, &words).with_eos_tokens(&ends);
    Arc::new(ApproximateTokEnv::new(trie))
}

/// The library's own limits on time, which it counts in fuel and items, and a tighter one on memory.
fn limits() -> ParserLimits {
    ParserLimits {
        max_lexer_states: MOST_LEXER_STATES,
        verbose_errors: false,
        ..ParserLimits::default()
    }
}

fn grammar(asked: &OutputConstraint) -> Result<TopLevelGrammar, String> {
    let text = asked.text();
    if text.len() > TEXT_LIMIT_BYTES {
        return Err(format!(
            "it has {} bytes, and at most {TEXT_LIMIT_BYTES} are read",
            text.len()
        ));
    }
    match asked {
        OutputConstraint::JsonSchema(_) => {
            let schema = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(TopLevelGrammar::from_json_schema(bounded_spaces(schema)))
        }
        OutputConstraint::Regex(_) => Ok(TopLevelGrammar::from_regex(text)),
    }
}

/// Bounds white space unless the schema says itself how it wants that.
fn bounded_spaces(mut schema: Value) -> Value {
    if let Value::Object(fields) = &mut schema {
        fields
            .entry("x-guidance")
            .or_insert_with(|| json!({"whitespace_pattern": JSON_WHITE_SPACE}));
    }
    schema
}

fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("headroom-constraint".to_owned())
            .stack_size(COMPILER_STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| format!("no thread could be started for it: {error}"))?;
        thread
            .join()
            .unwrap_or_else(|_| Err("its compiler failed on it".to_owned()))
    })
}

/// What the library says without the text that it repeats and the place in its own code: the line that
/// a pattern's parser marks as the error, or else the first.
pub(super) fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let marked = text.lines().find_map(|line| line.strip_prefix("error: "));
    let line = marked.or_else(|| text.lines().next()).unwrap_or_default();
    let reason = line.rsplit("(in regex): ").next().unwrap_or(line);
    match reason.trim_end_matches('.') {
        "NoExtensionBias" => "no text matches it".to_owned(),
        reason => reason.chars().take(LONGEST_REASON).collect(),
    }
}
