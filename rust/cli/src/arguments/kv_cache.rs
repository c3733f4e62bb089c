//! Flags of every command that keeps a KV cache.

use clap::Args;
use headroom_memory::KvQuantization;

/// What the KV cache keeps, and how exactly.
#[derive(Debug, Args)]
pub(crate) struct KvCacheArguments {
    /// The most tokens whose keys and values are kept, the first few among them; all when absent.
    #[arg(long, value_name = "N")]
    pub(crate) max_kv_size: Option<u32>,
    /// Keep keys and values in this many bits: 2, 3, 4, 6 or 8 are quantised, 16 is bfloat16.
    #[arg(long, value_name = "BITS")]
    kv_bits: Option<u8>,
    /// Values that share a scale when quantised: 32, 64 or 128.
    #[arg(long, value_name = "N", default_value_t = 64)]
    kv_group_size: u32,
    /// Quantise from this many tokens on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) quantized_kv_start: u32,
}

impl KvCacheArguments {
    /// Whether layout and precision are left open.
    pub(crate) fn is_open(&self) -> bool {
        self.max_kv_size.is_none() && self.kv_bits.is_none()
    }

    pub(crate) fn quantization(&self) -> Option<KvQuantization> {
        self.kv_bits.map(|bits| KvQuantization {
            bits,
            group_size: self.kv_group_size,
        })
    }
}
