//! What a model is said to make of a text is what its logits say.

mod support;

use headroom_engine::{EngineError, LogitsRequest};
use support::load;
use support::tiny_model::storyteller;
use tokenizers::Tokenizer;

const SENTENCE: &str =
    "The little fox lived behind the barn, and every morning she went to the pond. ";

fn ids(text: &str) -> Vec<u32> {
    let tokenizer = Tokenizer::from_file(storyteller().join("tokenizer.json")).unwrap();
    let encoding = tokenizer.encode(text, true).unwrap();
    encoding.get_ids().to_vec()
}

/// The cross-entropy of all tokens but the first, by plain loops.
fn nats(window: &[u32]) -> f64 {
    let request = LogitsRequest::new(storyteller(), window.to_vec());
    let logits = request.run().unwrap();
    let rows = logits.values.chunks(logits.vocabulary_size as usize);
    let missed = rows.zip(&window[1..]).map(|(row, &next)| {
        let sum: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
        sum.ln() - f64::from(row[next as usize])
    });
    missed.sum()
}

#[test]
fn an_evaluation_is_the_cross_entropy_of_windows_of_512_tokens() {
    let text = SENTENCE.repeat(40);
    let tokens = ids(&text);
    assert!(tokens.len() > 600, "{}", tokens.len());
    let evaluation = load(&storyteller()).evaluate(&text).unwrap();
    let expected: f64 = tokens.chunks(512).map(nats).sum();
    assert!(
        (evaluation.nats / expected - 1.0).abs() < 1e-4,
        "{evaluation:?}, {expected}"
    );
    assert_eq!(evaluation.tokens, tokens.len() as u64 - 2);
    assert_eq!(evaluation.bytes, text.len() as u64);
    let bits = expected / std::f64::consts::LN_2 / text.len() as f64;
    assert!((evaluation.bits_per_byte() / bits - 1.0).abs() < 1e-4);
}

#[test]
fn a_text_without_anything_to_predict_is_refused() {
    let refused = load(&storyteller()).evaluate("");
    assert!(matches!(refused, Err(EngineError::EmptyPrompt)));
}
