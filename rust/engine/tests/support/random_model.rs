//! Checkpoints of any size with random weights: memory does not depend on what they say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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
    /// 16 for bfloat16.
    pub(crate) bits: usize,
}

/// Inputs that share a scale.
const GROUP_SIZE: usize = 64;

/// bfloat16 for numbers about one hundredth, so that nothing overflows on the way.
const SMALL: [u8; 2] = 0x3C24_u16.to_le_bytes();
const ONE: [u8; 2] = 0x3F80_u16.to_le_bytes();

struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

type Tensors = BTreeMap<String, Tensor>;

impl RandomModel {
    /// Writes the checkpoint, with a tokenizer in which every printable character is a token.
    pub(crate) fn write(self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        fs::write(file("config.json"), self.config().to_string()).unwrap();
        let tokenizer = tokenizer(VOCABULARY_SIZE).to_string();
        fs::write(file("tokenizer.json"), tokenizer).unwrap();
        self.write_tensors(&file("model.safetensors"));
        directory
    }

    fn config(self) -> Value {
        let mut config = json!({
            "model_type": self.family, "hidden_size": self.hidden_size,
            "num_hidden_layers": self.layers, "intermediate_size": self.intermediate_size,
            "num_attention_heads": self.heads, "num_key_value_heads": self.key_value_heads,
            "head_dim": self.head_dim, "vocab_size": self.vocabulary_size,
            "max_position_embeddings": 8192, "rope_theta": 10_000.0, "rms_norm_eps": 1e-6,
            "tie_word_embeddings": true,
        });
        if self.bits < 16 {
            config["quantization"] = json!({"group_size": GROUP_SIZE, "bits": self.bits});
        }
        config
    }

    fn write_tensors(self, path: &Path) {
        let mut tensors = Tensors::new();
        let (hidden, queries) = (self.hidden_size, self.heads * self.head_dim);
        let keys = self.key_value_heads * self.head_dim;
        self.add_matrix(
            &mut tensors,
            "model.embed_tokens",
            self.vocabulary_size,
            hidden,
        );
        add_norm(&mut tensors, "model.norm", hidden);
        for layer in 0..self.layers {
            let name = |part: &str| format!("model.layers.{layer}.{part}");
            let mut add = |part, outputs, inputs| {
                self.add_matrix(&mut tensors, &name(part), outputs, inputs);
            };
            add("self_attn.q_proj", queries, hidden);
            add("self_attn.k_proj", keys, hidden);
            add("self_attn.v_proj", keys, hidden);
            add("self_attn.o_proj", hidden, queries);
            add("mlp.gate_proj", self.intermediate_size, hidden);
            add("mlp.up_proj", self.intermediate_size, hidden);
            add("mlp.down_proj", hidden, self.intermediate_size);
            add_norm(&mut tensors, &name("input_layernorm"), hidden);
            add_norm(&mut tensors, &name("post_attention_layernorm"), hidden);
            if self.family == "qwen3" {
                add_norm(&mut tensors, &name("self_attn.q_norm"), self.head_dim);
                add_norm(&mut tensors, &name("self_attn.k_norm"), self.head_dim);
            }
        }
        let views = tensors.iter().map(|(name, tensor)| {
            let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes);
            (name.clone(), view.unwrap())
        });
        serialize_to_file(views, None, path).unwrap();
    }

    fn add_matrix(self, tensors: &mut Tensors, layer: &str, outputs: usize, inputs: usize) {
        let seed = tensors.len() as u64;
        let mut add = |part: &str, dtype, columns, bytes| {
            let shape = vec![outputs, columns];
            let tensor = Tensor {
                dtype,
                shape,
                bytes,
            };
            tensors.insert(format!("{layer}.{part}"), tensor);
        };
        if self.bits == 16 {
            let values = SMALL.repeat(outputs * inputs);
            return add("weight", Dtype::BF16, inputs, values);
        }
        let words = inputs * self.bits / 32;
        add(
            "weight",
            Dtype::U32,
            words,
            noise(seed, outputs * words * 4),
        );
        for part in ["scales", "biases"] {
            let groups = inputs / GROUP_SIZE;
            add(part, Dtype::BF16, groups, SMALL.repeat(outputs * groups));
        }
    }
}

fn add_norm(tensors: &mut Tensors, layer: &str, width: usize) {
    let tensor = Tensor {
        dtype: Dtype::BF16,
        shape: vec![width],
        bytes: ONE.repeat(width),
    };
    tensors.insert(format!("{layer}.weight"), tensor);
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
