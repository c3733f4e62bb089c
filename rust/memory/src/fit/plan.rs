//! What a generation is set to: the settings that decide how much memory it takes.

use serde::{Deserialize, Serialize};

/// How keys and values are kept in fewer bits: as bfloat16, or quantised the affine way of MLX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KvQuantization {
    /// Bits per value: 2, 3, 4, 6 or 8, or 16 for bfloat16.
    pub bits: u8,
    /// Consecutive values that share a scale and a bias: 32, 64 or 128. Without meaning at 16 bits.
    pub group_size: u32,
}

impl KvQuantization {
    /// Half of what a CPU computes in; what most models are published in.
    pub const SIXTEEN_BITS: Self = Self {
        bits: 16,
        group_size: 64,
    };
    /// Half of 16 bits, and the scales.
    pub const EIGHT_BITS: Self = Self {
        bits: 8,
        group_size: 64,
    };
    /// A quarter of 16 bits, and the scales.
    pub const FOUR_BITS: Self = Self {
        bits: 4,
        group_size: 64,
    };
}

/// The settings of one generation that decide how much memory it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationPlan {
    /// Prompt and answer together, in tokens.
    pub context_tokens: u32,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Prompt tokens computed at once.
    pub prefill_step: u32,
    /// The most tokens whose keys and values are kept; `None` keeps all.
    pub max_kv_size: Option<u32>,
    /// `None` keeps keys and values as they were computed.
    pub kv_quantization: Option<KvQuantization>,
    /// From how many tokens on keys and values are quantised.
    pub quantized_kv_start: u32,
}

impl GenerationPlan {
    /// A context that may be all prompt, with nothing given up to save memory.
    pub fn of_context(context_tokens: u32) -> Self {
        Self {
            context_tokens,
            prompt_tokens: context_tokens,
            prefill_step: Self::USUAL_PREFILL_STEP,
            max_kv_size: None,
            kv_quantization: None,
            quantized_kv_start: 0,
        }
    }

    /// Prompt tokens computed at once where nobody says otherwise.
    pub const USUAL_PREFILL_STEP: u32 = 512;
}
