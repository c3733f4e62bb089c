//! Checkpoints of any size with random weights: memory does not depend on what they say.

use std::fs;
use std::path::Path;

use headroom_formats::{ConfigFile, DtypeRule, ExpectedTensor};
use headroom_models::demanded_tensors;
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tiny_model::{VOCABULARY_SIZE, tokenizer};

/// The sizes of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RandomModel {
    pub(crate) family: &'static str,
    pub(crate) hidden_size: usize,
    pub(crate) layers: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) heads: usize,
    pub(crate) key_value_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) vocabulary_size: usize,
    pub(crate) weights: Weights,
}

/// How a checkpoint stores its matrices.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weights {
    Bfloat16,
    /// In groups of 64.
    Affine {
        bits: usize,
    },
    /// MLX's name for the mode, its bits and its group size.
    Floating(&'static str, usize, usize),
}

/// bfloat16 for numbers about one hundredth, so that nothing overflows on the way.
const SMALL: [u8; 2] = 0x3C24_u16.to_le_bytes();
const ONE: [u8; 2] = 0x3F80_u16.to_le_bytes();

impl RandomModel {
    /// Writes the checkpoint, with a tokenizer in which every printable character is a token.
    pub(crate) fn write(self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        fs::write(file("config.json"), self.config().to_string()).unwrap();
        let tokenizer = tokenizer(VOCABULARY_SIZE).to_string();
        fs::write(file("tokenizer.json"), tokenizer).unwrap();
        write_tensors(&file("config.json"), &file("model.safetensors"));
        directory
    }

    /// The fields that all families spell alike, and what some demand beside.
    fn config(self) -> Value {
        let mut config = json!({
            "model_type": self.family, "hidden_size": self.hidden_size,
            "num_hidden_layers": self.layers, "intermediate_size": self.intermediate_size,
            "num_attention_heads": self.heads, "num_key_value_heads": self.key_value_heads,
            "head_dim": self.head_dim, "vocab_size": self.vocabulary_size,
            "max_position_embeddings": 8192, "rope_theta": 10_000.0, "rms_norm_eps": 1e-6,
            "tie_word_embeddings": true, "sliding_window": 256,
            "layer_types": layer_types(self.family, self.layers),
            "vocab_size_per_layer_input": self.vocabulary_size,
            "hidden_size_per_layer_input": self.head_dim,
            "num_kv_shared_layers": self.layers / 3,
        });
        if self.family == "phi3" {
            config["sliding_window"] = Value::Null;
        }
        config["quantization"] = match self.weights {
            Weights::Bfloat16 => Value::Null,
            Weights::Affine { bits } => json!({"group_size": 64, "bits": bits}),
            Weights::Floating(mode, bits, group_size) => {
                json!({"group_size": group_size, "bits": bits, "mode": mode})
            }
        };
        config
    }
}

/// Gemma's layers see a window; every other one does here.
fn layer_types(family: &str, layers: usize) -> Value {
    if !family.starts_with("gemma") {
        return Value::Null;
    }
    let kinds = ["sliding_attention", "full_attention"];
    kinds.into_iter().cycle().take(layers).collect()
}

fn write_tensors(config: &Path, path: &Path) {
    let config = ConfigFile::read(config).unwrap();
    let tensors = demanded_tensors(&config).unwrap();
    let tensors: Vec<_> = (0..)
        .zip(&tensors)
        .map(|(seed, tensor)| bytes_of(seed, tensor))
        .collect();
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        (name.clone(), view.unwrap())
    });
    serialize_to_file(views, None, path).unwrap();
}

fn bytes_of(seed: u64, tensor: &ExpectedTensor) -> (String, Dtype, Vec<usize>, Vec<u8>) {
    let elements: usize = tensor.shape.iter().product();
    let (dtype, bytes) = match tensor.dtype {
        // Scales near one hundredth as well: two to the power of -7 in E8M0.
        DtypeRule::Exactly(headroom_formats::Dtype::Uint8) => (Dtype::U8, vec![120; elements]),
        DtypeRule::Exactly(_) => (Dtype::U32, noise(seed, elements * 4)),
        DtypeRule::Float if tensor.name.contains("norm") => (Dtype::BF16, ONE.repeat(elements)),
        DtypeRule::Float => (Dtype::BF16, SMALL.repeat(elements)),
    };
    (tensor.name.clone(), dtype, tensor.shape.clone(), bytes)
}

/// xorshift (Marsaglia, 2003).
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut values = Vec::with_capacity(bytes + 8);
    while values.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        values.extend(state.to_le_bytes());
    }
    values.truncate(bytes);
    values
}
