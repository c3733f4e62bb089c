//! How keys and values are kept, as plain numbers that any language has.

use headroom_memory::KvQuantization;

/// Settings of a KV cache in which 0 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KvOptions {
    /// The most tokens kept; 0 keeps all.
    pub(crate) max_kv_size: u32,
    /// Bits per value; 0 keeps them as they were computed.
    pub(crate) kv_bits: u32,
    /// Looked at when `kv_bits` is not 0.
    pub(crate) kv_group_size: u32,
}

/// The group size where nothing is quantised, so that setting `kv_bits` alone means something.
const USUAL_GROUP_SIZE: u32 = 64;

impl KvOptions {
    pub(crate) fn new(max_kv_size: Option<u32>, quantization: Option<KvQuantization>) -> Self {
        Self {
            max_kv_size: max_kv_size.unwrap_or(0),
            kv_bits: quantization.map_or(0, |one| one.bits.into()),
            kv_group_size: quantization.map_or(USUAL_GROUP_SIZE, |one| one.group_size),
        }
    }

    pub(crate) fn max_size(self) -> Option<u32> {
        Some(self.max_kv_size).filter(|&size| size > 0)
    }

    /// Ranges are the engine's to check: what no byte holds becomes the largest, which it refuses.
    pub(crate) fn quantization(self) -> Option<KvQuantization> {
        (self.kv_bits > 0).then(|| KvQuantization {
            bits: u8::try_from(self.kv_bits).unwrap_or(u8::MAX),
            group_size: self.kv_group_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use headroom_engine::GenerateParameters;

    use super::*;

    #[test]
    fn what_goes_out_comes_back() {
        for (size, quantization) in [
            (None, None),
            (Some(512), Some(KvQuantization::FOUR_BITS)),
            (None, Some(KvQuantization::SIXTEEN_BITS)),
        ] {
            let options = KvOptions::new(size, quantization);
            assert_eq!(options.max_size(), size);
            assert_eq!(options.quantization(), quantization);
        }
    }

    #[test]
    fn bits_beyond_a_byte_are_refused_and_not_cut() {
        let options = KvOptions {
            kv_bits: 256 + 4,
            ..KvOptions::new(None, None)
        };
        let parameters = GenerateParameters {
            kv_quantization: options.quantization(),
            ..GenerateParameters::default()
        };
        let sentence = parameters.validate().unwrap_err().to_string();
        assert!(sentence.starts_with("kv_bits is"), "{sentence}");
    }
}
