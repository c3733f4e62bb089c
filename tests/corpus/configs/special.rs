//! What is no configuration at all, what a family alone has, and what all have beside the sizes.

use serde_json::{Value, json};

use super::{gemma3n_text, llama_line, openelm};
use crate::case::Case;

pub(super) fn not_even_json() -> Vec<Case> {
    let nested =
        |open: &str, close: &str| format!("{{\"a\":{}{}}}", open.repeat(9999), close.repeat(9999));
    vec![
        Case::text("empty", "", "cannot be read"),
        Case::text("a-list", "[]", "cannot be read"),
        Case::text("a-number", "1", "cannot be read"),
        Case::text("null", "null", "cannot be read"),
        Case::text("cut-off", "{\"model_type\": \"llama\"", "cannot be read"),
        Case::text("two-documents", "{} {}", "cannot be read"),
        Case::text(
            "the-same-field-twice",
            "{\"model_type\":\"llama\",\"model_type\":\"qwen3\"}",
            "model_type",
        ),
        Case::text("a-byte-order-mark", "\u{feff}{}", "cannot be read"),
        Case::text(
            "a-number-past-all-numbers",
            "{\"hidden_size\": 1e999}",
            "cannot be read",
        ),
        Case::text("a-comment", "{} // sound", "cannot be read"),
        Case::text(
            "a-lone-surrogate",
            "{\"model_type\": \"\\ud800\"}",
            "cannot be read",
        ),
        Case::text("lists-in-lists", nested("[", "]"), "nested too deeply"),
        Case::text("maps-in-maps", nested("{\"a\":", "1}"), "nested too deeply"),
        Case::text(
            "many-values",
            format!("{{\"a\":[{}0]}}", "0,".repeat(1 << 20)),
            "too many values",
        ),
        Case::text(
            "a-family-without-end",
            format!("{{\"model_type\":[\"{}\"]}}", "x".repeat(7 << 20)),
            "model_type",
        ),
        Case::text(
            "a-configuration-that-is-a-text-without-end",
            format!("\"{}\"", "x".repeat(7 << 20)),
            "cannot be read",
        ),
        Case::text(
            "a-long-file",
            format!("{{\"a\":\"{}\"}}", "x".repeat(17 << 20)),
            "at most",
        ),
        Case::bytes(
            "not-utf-8",
            b"{\"model_type\": \"\xff\xfe\"}".to_vec(),
            "cannot be read",
        ),
        Case::bytes("zeros", vec![0; 64], "cannot be read"),
    ]
}

/// What a family alone has, and what all have beside the sizes.
pub(super) fn special() -> Vec<Case> {
    let mut cases = wrong_families();
    cases.extend(wrong_ropes());
    cases.extend(wrong_quantizations());
    cases.extend(wrong_lists());
    cases
}

fn changed(name: &str, mut config: Value, field: &str, value: Value, expected: &str) -> Case {
    config[field] = value;
    Case::text(name, config.to_string(), expected)
}

fn wrong_families() -> Vec<Case> {
    let family =
        |name, value, expected| changed(name, llama_line("llama"), "model_type", value, expected);
    vec![
        family("an-unknown-family", json!("gpt2"), "gpt2"),
        family("a-family-with-escapes", json!("\u{1b}[2J"), "\\u{1b}[2J"),
        family(
            "a-family-with-a-long-name",
            json!("x".repeat(1 << 20)),
            "xxx...",
        ),
        family("a-family-that-is-a-number", json!(3), "model_type"),
        family("no-family", json!(null), "model_type"),
        family("an-empty-family", json!(""), "does not know"),
    ]
}

fn wrong_ropes() -> Vec<Case> {
    let rope =
        |name, value, expected| changed(name, llama_line("llama"), "rope_scaling", value, expected);
    let longrope = |name, short: usize, long: usize| {
        let scaling = json!({"type": "longrope", "short_factor": vec![1.0; short], "long_factor": vec![1.0; long]});
        let mut config = llama_line("phi3");
        config["original_max_position_embeddings"] = json!(32);
        changed(name, config, "rope_scaling", scaling, "factor")
    };
    vec![
        rope(
            "a-rope-of-an-unknown-type",
            json!({"rope_type": "spiral", "factor": 2.0}),
            "spiral",
        ),
        rope(
            "a-rope-without-a-factor",
            json!({"rope_type": "linear"}),
            "factor",
        ),
        rope(
            "a-rope-with-factor-zero",
            json!({"rope_type": "linear", "factor": 0.0}),
            "factor",
        ),
        rope(
            "a-rope-with-a-negative-factor",
            json!({"rope_type": "dynamic", "factor": -4.0}),
            "factor",
        ),
        rope(
            "a-rope-with-an-enormous-factor",
            json!({"rope_type": "linear", "factor": 1e300}),
            "factor",
        ),
        rope("a-rope-that-is-text", json!("linear"), "rope_scaling"),
        rope(
            "a-rope-with-its-bands-swapped",
            json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0, "original_max_position_embeddings": 64}),
            "high_freq_factor",
        ),
        rope(
            "a-rope-with-equal-bands",
            json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 1.0, "original_max_position_embeddings": 64}),
            "high_freq_factor",
        ),
        longrope("a-long-rope-with-few-factors", 3, 8),
        longrope("a-long-rope-with-many-factors", 8, 4096),
        longrope("a-long-rope-without-factors", 0, 0),
    ]
}

fn wrong_quantizations() -> Vec<Case> {
    let quantization =
        |name, value, expected| changed(name, llama_line("llama"), "quantization", value, expected);
    vec![
        quantization(
            "a-quantisation-of-an-unknown-mode",
            json!({"group_size": 64, "bits": 4, "mode": "gguf"}),
            "mode",
        ),
        quantization(
            "a-floating-mode-with-other-groups",
            json!({"group_size": 64, "bits": 4, "mode": "mxfp4"}),
            "group_size",
        ),
        quantization(
            "a-floating-mode-with-other-bits",
            json!({"group_size": 16, "bits": 8, "mode": "nvfp4"}),
            "bits",
        ),
        quantization(
            "a-floating-mode-without-bits",
            json!({"group_size": 32, "mode": "mxfp8"}),
            "bits",
        ),
        quantization(
            "a-layer-in-a-floating-mode-with-other-groups",
            json!({"group_size": 64, "bits": 4, "model.layers.0.mlp.up_proj": {"group_size": 64, "mode": "mxfp8"}}),
            "up_proj.group_size",
        ),
        quantization("nine-bits", json!({"group_size": 64, "bits": 9}), "bits"),
        quantization("no-bits", json!({"group_size": 64, "bits": 0}), "bits"),
        quantization(
            "a-group-of-nothing",
            json!({"group_size": 0, "bits": 4}),
            "group_size",
        ),
        quantization(
            "a-group-of-everything",
            json!({"group_size": u64::MAX, "bits": 4}),
            "group_size",
        ),
        quantization(
            "a-group-that-is-text",
            json!({"group_size": "64", "bits": 4}),
            "group_size",
        ),
        quantization(
            "a-quantisation-that-is-a-list",
            json!([64, 4]),
            "quantization",
        ),
        quantization(
            "a-layer-with-nine-bits",
            json!({"group_size": 64, "bits": 4, "model.layers.0.mlp.up_proj": {"group_size": 64, "bits": 9}}),
            "bits",
        ),
        quantization(
            "a-layer-that-is-a-number",
            json!({"group_size": 64, "bits": 4, "model.layers.0.mlp.up_proj": 4}),
            "up_proj",
        ),
        changed(
            "a-quantisation-by-another-library",
            llama_line("llama"),
            "quantization_config",
            json!({"quant_method": "gptq", "bits": 4, "group_size": 128}),
            "gptq",
        ),
    ]
}

fn wrong_lists() -> Vec<Case> {
    let list = |name, config, field, value| changed(name, config, field, value, field);
    vec![
        list(
            "layer-types-for-too-few-layers",
            llama_line("llama"),
            "layer_types",
            json!(["full_attention"]),
        ),
        list(
            "layer-types-of-an-unknown-kind",
            llama_line("llama"),
            "layer_types",
            json!(["full_attention", "half_attention"]),
        ),
        list(
            "layer-types-that-are-numbers",
            llama_line("llama"),
            "layer_types",
            json!([1, 2]),
        ),
        list(
            "ropes-for-too-few-layers",
            llama_line("smollm3"),
            "no_rope_layers",
            json!([1]),
        ),
        list(
            "ropes-that-are-neither",
            llama_line("smollm3"),
            "no_rope_layers",
            json!([1, 2]),
        ),
        list(
            "no-interval-between-ropes",
            llama_line("smollm3"),
            "no_rope_layer_interval",
            json!(0),
        ),
        list(
            "heads-for-too-few-layers",
            openelm(),
            "num_query_heads",
            json!([4]),
        ),
        list(
            "heads-without-number",
            openelm(),
            "num_kv_heads",
            json!([0, 0]),
        ),
        list(
            "heads-that-do-not-divide",
            openelm(),
            "num_kv_heads",
            json!([3, 3]),
        ),
        list(
            "multipliers-for-too-few-layers",
            openelm(),
            "ffn_multipliers",
            json!([0.5]),
        ),
        list(
            "multipliers-of-nothing",
            openelm(),
            "ffn_multipliers",
            json!([0.0, 0.0]),
        ),
        list(
            "multipliers-past-everything",
            openelm(),
            "ffn_multipliers",
            json!([1e300, 1e300]),
        ),
        list(
            "widths-for-too-few-layers",
            gemma3n_text(),
            "intermediate_size",
            json!([64, 64, 64]),
        ),
        list(
            "widths-of-nothing",
            gemma3n_text(),
            "intermediate_size",
            json!([0, 0, 0, 0]),
        ),
        list(
            "sparsity-for-too-few-layers",
            gemma3n_text(),
            "activation_sparsity_pattern",
            json!([0.95, 0.95, 0.95]),
        ),
        list(
            "sparsity-of-everything",
            gemma3n_text(),
            "activation_sparsity_pattern",
            json!([1.0, 1.0, 1.0, 1.0]),
        ),
        list(
            "all-layers-share-their-keys",
            gemma3n_text(),
            "num_kv_shared_layers",
            json!(4),
        ),
        list(
            "an-active-input-that-is-not-there",
            gemma3n_text(),
            "altup_active_idx",
            json!(3),
        ),
        list(
            "a-text-part-that-is-a-list",
            json!({"model_type": "gemma3"}),
            "text_config",
            json!([]),
        ),
        list(
            "no-text-part",
            json!({"model_type": "gemma3"}),
            "text_config",
            json!(null),
        ),
        list(
            "heads-that-key-value-heads-do-not-divide",
            llama_line("llama"),
            "num_key_value_heads",
            json!(3),
        ),
        list(
            "more-key-value-heads-than-heads",
            llama_line("llama"),
            "num_key_value_heads",
            json!(8),
        ),
        list(
            "a-head-of-odd-width",
            llama_line("llama"),
            "head_dim",
            json!(15),
        ),
    ]
}
