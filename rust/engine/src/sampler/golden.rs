//! Penalties, biases and filters beside mlx-lm's own: `tests/golden/sampling.json`.

use std::collections::BTreeMap;
use std::path::Path;

use headroom_mlx::Array;
use serde_json::Value;

use super::filters::keep_likely;
use super::log_softmax;
use super::penalties::Penalties;
use crate::parameters::GenerateParameters;

fn golden() -> Value {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let content = std::fs::read(tests.join("golden/sampling.json")).unwrap();
    serde_json::from_slice(&content).unwrap()
}

fn floats(values: &Value) -> Vec<f32> {
    serde_json::from_value(values.clone()).unwrap()
}

fn row(values: &Value) -> Array {
    let values = floats(values);
    Array::from_slice(&values, &[1, values.len() as i32])
}

fn parameters(given: &Value) -> GenerateParameters {
    let defaults = GenerateParameters::default();
    let float = |name: &str, default| given[name].as_f64().map_or(default, |value| value as f32);
    let count = |name: &str, default| given[name].as_u64().map_or(default, |value| value as u32);
    let biases: Option<BTreeMap<u32, f32>> = serde_json::from_value(given["logit_bias"].clone())
        .expect("biases are token ids and numbers");
    GenerateParameters {
        logit_bias: biases.unwrap_or_default(),
        repetition_penalty: float("repetition_penalty", defaults.repetition_penalty),
        repetition_context: count("repetition_context", defaults.repetition_context),
        presence_penalty: float("presence_penalty", defaults.presence_penalty),
        presence_context: count("presence_context", defaults.presence_context),
        frequency_penalty: float("frequency_penalty", defaults.frequency_penalty),
        frequency_context: count("frequency_context", defaults.frequency_context),
        top_p: float("top_p", defaults.top_p),
        min_p: float("min_p", defaults.min_p),
        top_k: count("top_k", defaults.top_k),
        ..defaults
    }
}

fn assert_close(found: &Array, expected: &Value, parameters: &Value) {
    let found = found.to_vec_exact::<f32>().unwrap();
    for (found, expected) in found.iter().zip(floats(expected)) {
        assert!(
            (found - expected).abs() < 1e-4,
            "{found} for {expected}, {parameters}"
        );
    }
}

#[test]
fn biases_and_penalties_are_mlx_lms() {
    let golden = golden();
    let tokens: Vec<u32> = serde_json::from_value(golden["tokens"].clone()).unwrap();
    for case in golden["penalties"].as_array().unwrap() {
        let parameters = parameters(&case["parameters"]);
        let all_at_once = Penalties::new(&parameters, &tokens);
        let mut one_by_one = Penalties::new(&parameters, &tokens[..1]);
        for token in &tokens[1..] {
            one_by_one
                .remember(&Array::from_slice(&[*token], &[1, 1]))
                .unwrap();
        }
        for penalties in [all_at_once, one_by_one] {
            let found = penalties.apply(row(&golden["logits"])).unwrap();
            assert_close(&found, &case["logits"], &case["parameters"]);
        }
    }
}

#[test]
fn filters_keep_what_mlx_lms_keep() {
    let golden = golden();
    for case in golden["filters"].as_array().unwrap() {
        let logprobs = log_softmax(&row(&golden["logits"])).unwrap();
        let left = keep_likely(logprobs, &parameters(&case["parameters"])).unwrap();
        let values = left.to_vec_exact::<f32>().unwrap();
        let kept: Vec<usize> = (0..values.len())
            .filter(|&token| values[token].is_finite())
            .collect();
        let expected: Vec<usize> = serde_json::from_value(case["kept"].clone()).unwrap();
        assert_eq!(kept, expected, "{}", case["parameters"]);
    }
}
