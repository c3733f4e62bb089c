//! A random Qwen3 of 302M parameters at 4 bits, written as mlx-community publishes them. Memory does
//! not depend on what the weights are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use safetensors::serialize_to_file;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use crate::process::announce;

/// Changes when what is written changes.
const RECIPE: &str = "2";
const HIDDEN_SIZE: usize = 1024;
const INTERMEDIATE_SIZE: usize = 3072;
const LAYERS: usize = 19;
const HEADS: usize = 16;
const KEY_VALUE_HEADS: usize = 8;
const HEAD_DIM: usize = 128;
const GROUP_SIZE: usize = 64;
const BITS: usize = 4;

/// One tensor to be.
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Writes the model, with the shipped model's tokenizer, unless it is there.
pub(crate) fn ensure(directory: &Path, storyteller: &Path) -> Result<PathBuf> {
    let model = directory.join("qwen3-302m-4bit");
    let stamp = model.join("stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == RECIPE) {
        return Ok(model);
    }
    announce("Making a random model of 302M parameters");
    std::fs::create_dir_all(&model)
        .with_context(|| format!("cannot create {}", model.display()))?;
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "generation_config.json",
    ] {
        std::fs::copy(storyteller.join(name), model.join(name))
            .with_context(|| format!("cannot copy the shipped model's {name}"))?;
    }
    let vocabulary = Vocabulary::of(storyteller)?;
    write_weights(&model.join("model.safetensors"), &vocabulary)?;
    std::fs::write(
        model.join("config.json"),
        serde_json::to_string_pretty(&config(&vocabulary))?,
    )?;
    std::fs::write(stamp, RECIPE)?;
    Ok(model)
}

/// The ids of the tokenizer that this model borrows.
struct Vocabulary {
    size: usize,
    /// Those that end an answer.
    ends: Vec<usize>,
}

impl Vocabulary {
    fn of(storyteller: &Path) -> Result<Self> {
        let size = read_json(&storyteller.join("config.json"))?["vocab_size"].as_u64();
        let ends = read_json(&storyteller.join("generation_config.json"))?["eos_token_id"].take();
        Ok(Self {
            size: usize::try_from(size.context("the shipped model states no vocab_size")?)?,
            ends: serde_json::from_value(ends).context("the shipped model states no end tokens")?,
        })
    }
}

fn read_json(path: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn config(vocabulary: &Vocabulary) -> Value {
    json!({
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_act": "silu",
        "attention_bias": false,
        "eos_token_id": vocabulary.ends,
        "hidden_size": HIDDEN_SIZE,
        "intermediate_size": INTERMEDIATE_SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "head_dim": HEAD_DIM,
        "vocab_size": vocabulary.size,
        "max_position_embeddings": 4096,
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": true,
        "quantization": { "group_size": GROUP_SIZE, "bits": BITS },
    })
}

fn write_weights(path: &Path, vocabulary: &Vocabulary) -> Result<()> {
    let tensors = tensors(vocabulary);
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .map(|tensor| {
            TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)
                .map(|view| (&tensor.name, view))
        })
        .collect();
    let metadata = [("format".to_owned(), "mlx".to_owned())].into();
    serialize_to_file(views?, Some(metadata), path)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn tensors(vocabulary: &Vocabulary) -> Vec<Tensor> {
    let mut random = SplitMix(20_261);
    let mut tensors = quantised(
        "model.embed_tokens",
        [vocabulary.size, HIDDEN_SIZE],
        &mut random,
    );
    for tensor in &mut tensors[1..] {
        // Zeros make the logits of these ids 0, which is never the largest of thousands, so that no
        // generation ends before its last token.
        let row_bytes = tensor.bytes.len() / vocabulary.size;
        for end in &vocabulary.ends {
            tensor.bytes[end * row_bytes..][..row_bytes].fill(0);
        }
    }
    tensors.push(ones("model.norm", HIDDEN_SIZE));
    for layer in 0..LAYERS {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        for (part, shape) in projections() {
            tensors.extend(quantised(&name(part), shape, &mut random));
        }
        for (part, size) in norms() {
            tensors.push(ones(&name(part), size));
        }
    }
    tensors
}

/// Each projection of a layer, as (outputs, inputs).
fn projections() -> [(&'static str, [usize; 2]); 7] {
    let attention = HEADS * HEAD_DIM;
    let key_values = KEY_VALUE_HEADS * HEAD_DIM;
    [
        ("self_attn.q_proj", [attention, HIDDEN_SIZE]),
        ("self_attn.k_proj", [key_values, HIDDEN_SIZE]),
        ("self_attn.v_proj", [key_values, HIDDEN_SIZE]),
        ("self_attn.o_proj", [HIDDEN_SIZE, attention]),
        ("mlp.gate_proj", [INTERMEDIATE_SIZE, HIDDEN_SIZE]),
        ("mlp.up_proj", [INTERMEDIATE_SIZE, HIDDEN_SIZE]),
        ("mlp.down_proj", [HIDDEN_SIZE, INTERMEDIATE_SIZE]),
    ]
}

fn norms() -> [(&'static str, usize); 4] {
    [
        ("input_layernorm", HIDDEN_SIZE),
        ("post_attention_layernorm", HIDDEN_SIZE),
        ("self_attn.q_norm", HEAD_DIM),
        ("self_attn.k_norm", HEAD_DIM),
    ]
}

/// Random codes with a scale and a bias that spread them evenly around 0.
fn quantised(name: &str, [rows, columns]: [usize; 2], random: &mut SplitMix) -> Vec<Tensor> {
    const SCALE: f32 = 1.0 / 256.0;
    const MIDDLE_CODE: f32 = 7.5;
    let words = columns * BITS / 32;
    let groups = columns / GROUP_SIZE;
    let filled = |part, value| Tensor {
        name: format!("{name}.{part}"),
        dtype: Dtype::BF16,
        shape: vec![rows, groups],
        bytes: bfloat16(value).repeat(rows * groups),
    };
    let codes = Tensor {
        name: format!("{name}.weight"),
        dtype: Dtype::U32,
        shape: vec![rows, words],
        bytes: random.bytes(4 * rows * words),
    };
    vec![
        codes,
        filled("scales", SCALE),
        filled("biases", -MIDDLE_CODE * SCALE),
    ]
}

fn ones(name: &str, size: usize) -> Tensor {
    Tensor {
        name: format!("{name}.weight"),
        dtype: Dtype::BF16,
        shape: vec![size],
        bytes: bfloat16(1.0).repeat(size),
    }
}

/// The upper half of a float32, exact for the few numbers here.
fn bfloat16(value: f32) -> [u8; 2] {
    let [_, _, low, high] = value.to_le_bytes();
    [low, high]
}

/// The generator of Steele, Lea and Flood (2014): 64 bits a step, the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A multiple of 8 bytes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count / 8)
            .flat_map(|_| self.next().to_le_bytes())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_has_as_many_parameters_as_its_name_says() {
        let of = |shapes: &[(&str, [usize; 2])]| -> usize {
            shapes
                .iter()
                .map(|(_, [rows, columns])| rows * columns)
                .sum()
        };
        let parameters = LAYERS * of(&projections()) + 3072 * HIDDEN_SIZE;
        assert_eq!(parameters / 1_000_000, 301);
    }

    #[test]
    fn the_numbers_are_those_that_were_published() {
        let mut random = SplitMix(0);
        assert_eq!(random.next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn bfloat16_is_the_upper_half_of_a_float32() {
        assert_eq!(bfloat16(1.0), [0x80, 0x3f]);
        assert_eq!(bfloat16(-0.5), [0x00, 0xbf]);
    }
}
