//! Configurations of every family with a field that no model has.

mod special;

use serde_json::{Value, json};

use crate::case::Case;

/// A family's sound configuration and what is attacked in it.
struct Target {
    model_type: &'static str,
    /// Where the text model's fields are: here or in `text_config`.
    section: Option<&'static str>,
    config: Value,
    /// Fields that must be integers when they are there.
    integers: &'static [&'static str],
    /// Fields that must be numbers when they are there.
    numbers: &'static [&'static str],
}

/// Configurations that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = special::not_even_json();
    for target in targets() {
        cases.extend(target.cases());
    }
    cases.extend(special::special());
    cases
}

/// Each family's sound configuration, to show that only what is changed is refused.
pub(crate) fn sound() -> Vec<Case> {
    let targets = targets().into_iter();
    let sound = targets.map(|target| Case::text(target.model_type, target.config.to_string(), ""));
    sound.collect()
}

impl Target {
    fn cases(&self) -> Vec<Case> {
        let negative = |field: &&'static str| self.with(field, "negative", json!(-1));
        let huge = |field: &&'static str| self.with(field, "huge", json!(u64::MAX));
        let zero = |field: &&'static str| self.with(field, "zero", json!(0));
        let text = |field: &&'static str| self.with(field, "text", json!("64"));
        let fraction = |field: &&'static str| self.with(field, "fraction", json!(1.5));
        let enormous = |field: &&'static str| self.with(field, "enormous", json!(1e300));
        let list = |field: &&'static str| self.with(field, "list", json!([[1]]));
        let integers = self.integers.iter();
        let numbers = self.numbers.iter();
        integers
            .clone()
            .map(negative)
            .chain(integers.clone().map(huge))
            .chain(integers.clone().step_by(2).map(zero))
            .chain(integers.clone().step_by(3).map(text))
            .chain(integers.skip(1).step_by(3).map(fraction))
            .chain(numbers.clone().map(enormous))
            .chain(
                numbers
                    .clone()
                    .map(|field| self.with(field, "negative", json!(-1.5))),
            )
            .chain(numbers.map(list))
            .collect()
    }

    fn with(&self, field: &str, what: &str, value: Value) -> Case {
        let mut config = self.config.clone();
        match self.section {
            Some(section) => config[section][field] = value,
            None => config[field] = value,
        }
        let name = format!("{}-{field}-{what}", self.model_type);
        Case::text(&name, config.to_string(), field)
    }
}

const LLAMA_LINE: &[&str] = &[
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "vocab_size",
    "max_position_embeddings",
    "head_dim",
];

/// What most families of the Llama line share.
fn llama_line(model_type: &str) -> Value {
    json!({"model_type": model_type, "hidden_size": 64, "intermediate_size": 96,
        "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2,
        "vocab_size": 96, "head_dim": 16, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "tie_word_embeddings": false})
}

fn gemma3_text() -> Value {
    let mut config = llama_line("gemma3_text");
    config["query_pre_attn_scalar"] = json!(16);
    config["sliding_window"] = json!(7);
    config["sliding_window_pattern"] = json!(2);
    config["rope_local_base_freq"] = json!(10000.0);
    config
}

fn gemma3n_text() -> Value {
    json!({"model_type": "gemma3n_text", "activation_sparsity_pattern": [0.95, 0.0, 0.0, 0.0],
        "altup_active_idx": 0, "altup_coef_clip": 120.0, "altup_num_inputs": 3,
        "final_logit_softcapping": 30.0, "head_dim": 16, "hidden_size": 64,
        "hidden_size_per_layer_input": 16, "intermediate_size": 64, "laurel_rank": 32,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        "max_position_embeddings": 512, "num_attention_heads": 4, "num_hidden_layers": 4,
        "num_key_value_heads": 2, "num_kv_shared_layers": 2, "rms_norm_eps": 1e-6,
        "rope_local_base_freq": 10000.0, "rope_theta": 1000000.0, "sliding_window": 7,
        "vocab_size": 96, "vocab_size_per_layer_input": 90})
}

fn openelm() -> Value {
    json!({"model_type": "openelm", "ffn_dim_divisor": 32, "ffn_multipliers": [0.5, 1.0],
        "ffn_with_glu": true, "head_dim": 16, "max_context_length": 512, "model_dim": 64,
        "normalize_qk_projections": true, "num_kv_heads": [1, 2], "num_query_heads": [4, 8],
        "num_transformer_layers": 2, "rope_freq_constant": 10000, "share_input_output_layers": true,
        "vocab_size": 96})
}

const GEMMA3N: &[&str] = &[
    "altup_num_inputs",
    "head_dim",
    "hidden_size",
    "hidden_size_per_layer_input",
    "laurel_rank",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "sliding_window",
    "vocab_size",
    "vocab_size_per_layer_input",
];

fn targets() -> Vec<Target> {
    let llama = |model_type| Target {
        model_type,
        section: None,
        config: llama_line(model_type),
        integers: LLAMA_LINE,
        numbers: &["rms_norm_eps", "rope_theta"],
    };
    vec![
        llama("llama"),
        llama("qwen3"),
        llama("smollm3"),
        llama("phi3"),
        Target {
            // It has no head_dim of its own.
            integers: &LLAMA_LINE[..7],
            ..llama("nanochat")
        },
        Target {
            model_type: "openelm",
            section: None,
            config: openelm(),
            integers: &[
                "ffn_dim_divisor",
                "head_dim",
                "max_context_length",
                "model_dim",
                "num_transformer_layers",
                "vocab_size",
            ],
            numbers: &["rope_freq_constant"],
        },
        Target {
            config: gemma3_text(),
            integers: &[
                "hidden_size",
                "intermediate_size",
                "num_attention_heads",
                "num_hidden_layers",
                "num_key_value_heads",
                "vocab_size",
                "head_dim",
                "sliding_window",
            ],
            numbers: &[
                "rms_norm_eps",
                "rope_theta",
                "rope_local_base_freq",
                "query_pre_attn_scalar",
            ],
            ..llama("gemma3_text")
        },
        Target {
            model_type: "gemma3",
            section: Some("text_config"),
            config: json!({"model_type": "gemma3", "text_config": gemma3_text(), "vision_config": {}}),
            integers: &[
                "hidden_size",
                "num_attention_heads",
                "num_hidden_layers",
                "vocab_size",
            ],
            numbers: &["rms_norm_eps"],
        },
        Target {
            model_type: "gemma3n_text",
            section: None,
            config: gemma3n_text(),
            integers: GEMMA3N,
            numbers: &["altup_coef_clip", "final_logit_softcapping", "rope_theta"],
        },
        Target {
            model_type: "gemma3n",
            section: Some("text_config"),
            config: json!({"model_type": "gemma3n", "text_config": gemma3n_text()}),
            integers: &[
                "hidden_size",
                "num_attention_heads",
                "num_hidden_layers",
                "vocab_size_per_layer_input",
            ],
            numbers: &["rope_theta"],
        },
    ]
}
