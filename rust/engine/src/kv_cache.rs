//! A generation's KV cache as its parameters ask for it, and as the governor changes it on the way.

use headroom_memory::KvQuantization;
use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, CachePrecision, CacheQuantization, LanguageModel, ModelCache, ModelShape,
};

use crate::error::EngineError;
use crate::parameters::GenerateParameters;

/// A model's cache, and when it is to be quantised.
pub(crate) struct KvCache {
    pub(crate) model_cache: ModelCache,
    wanted: CachePrecision,
    quantized_from: i32,
}

impl KvCache {
    pub(crate) fn new(
        model: &dyn LanguageModel,
        settings: KvSettings,
    ) -> Result<Self, EngineError> {
        let wanted = match settings.quantization {
            None => CachePrecision::Full,
            Some(quantization) => {
                refuse_uneven_groups(model.shape(), quantization)?;
                precision(quantization)
            }
        };
        Ok(Self {
            model_cache: model.new_cache(settings.layout),
            wanted,
            quantized_from: clamped(settings.quantized_start),
        })
    }

    /// Quantises once as many tokens as asked for are there. Call it between evaluations.
    pub(crate) fn settle(&mut self) -> Result<(), EngineError> {
        if self.model_cache.offset() >= self.quantized_from {
            self.model_cache.convert(self.wanted)?;
        }
        Ok(())
    }

    /// Quantises now, and from now on.
    pub(crate) fn quantize(&mut self, quantization: KvQuantization) -> Result<(), EngineError> {
        self.wanted = precision(quantization);
        self.quantized_from = 0;
        self.model_cache.convert(self.wanted)?;
        Ok(())
    }

    /// Keeps at most `max_size` tokens from now on.
    pub(crate) fn bound(&mut self, max_size: u32) -> Result<(), EngineError> {
        Ok(self.model_cache.bound(clamped(max_size))?)
    }

    /// How keys and values are quantised now.
    pub(crate) fn quantization(&self) -> Option<KvQuantization> {
        match self.model_cache.precision() {
            CachePrecision::Full => None,
            CachePrecision::Bfloat16 => Some(KvQuantization::SIXTEEN_BITS),
            CachePrecision::Quantized(CacheQuantization { bits, group_size }) => {
                Some(KvQuantization {
                    bits: bits as u8,
                    group_size: group_size as u32,
                })
            }
        }
    }

    /// Tokens seen.
    pub(crate) fn tokens(&self) -> u32 {
        self.model_cache.offset().unsigned_abs()
    }

    /// The most tokens kept; `None` while all are.
    pub(crate) fn max_size(&self) -> Option<u32> {
        self.model_cache.layout().max_size().map(i32::unsigned_abs)
    }

    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.model_cache.arrays()
    }
}

/// What a cache is asked to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KvSettings {
    pub(crate) layout: CacheLayout,
    pub(crate) quantization: Option<KvQuantization>,
    pub(crate) quantized_start: u32,
}

impl From<&GenerateParameters> for KvSettings {
    fn from(parameters: &GenerateParameters) -> Self {
        Self {
            layout: match parameters.max_kv_size.map(clamped) {
                Some(max_size) => CacheLayout::Rotating { max_size },
                None => CacheLayout::Simple,
            },
            quantization: parameters.kv_quantization,
            quantized_start: parameters.quantized_kv_start,
        }
    }
}

/// Whether every head of the model can be cut into whole groups.
pub(crate) fn has_whole_groups(shape: &ModelShape, group_size: u32) -> bool {
    let mut layers = shape.layers.iter();
    layers.all(|layer| layer.head_dim.is_multiple_of(group_size))
}

fn refuse_uneven_groups(
    shape: &ModelShape,
    quantization: KvQuantization,
) -> Result<(), EngineError> {
    let is_grouped = quantization.bits < 16;
    match is_grouped && !has_whole_groups(shape, quantization.group_size) {
        false => Ok(()),
        true => Err(EngineError::Parameter {
            name: "kv_group_size",
            found: quantization.group_size.to_string(),
            allowed: "a divisor of the model's head dim",
        }),
    }
}

fn precision(quantization: KvQuantization) -> CachePrecision {
    match quantization.bits {
        16 => CachePrecision::Bfloat16,
        bits => CachePrecision::Quantized(CacheQuantization {
            bits: bits.into(),
            group_size: clamped(quantization.group_size),
        }),
    }
}

fn clamped(tokens: u32) -> i32 {
    i32::try_from(tokens).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use headroom_memory::KvLayout;
    use headroom_models::LogitRows;

    use super::*;
    use crate::fit::{Predictor, backend};

    /// Bytes of a cache that has seen 300 tokens in pieces of `chunk`, and those predicted.
    fn measured_and_predicted(family: &str, settings: KvSettings, chunk: usize) -> (u64, u64) {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
        let directory = cases.join(format!("{family}-caches")).join("model");
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        let model = headroom_models::open(&directory, go_on).unwrap();
        let mut cache = KvCache::new(&*model, settings).unwrap();
        for piece in [5u32; 300].chunks(chunk) {
            let tokens = Array::from_slice(piece, &[1, piece.len() as i32]);
            let caches = &mut [&mut cache.model_cache];
            model
                .forward(&tokens, caches, LogitRows::Last)
                .unwrap()
                .eval()
                .unwrap();
            cache.settle().unwrap();
        }
        let outline = headroom_models::outline(&directory).unwrap();
        let kv = KvLayout {
            max_size: cache.max_size(),
            quantization: cache.quantization(),
        };
        let geometry = Predictor::of_outline(&outline).geometry;
        let predicted = geometry.kv_cache_bytes(300, kv, backend());
        (cache.model_cache.allocated_bytes(), predicted)
    }

    #[test]
    fn every_kind_takes_what_was_predicted_to_the_byte() {
        headroom_mlx::start().unwrap();
        let layouts = [
            CacheLayout::Simple,
            CacheLayout::Rotating { max_size: 40 },
            CacheLayout::Chunked { chunk_size: 40 },
        ];
        let quantized = |(bits, group_size)| KvQuantization { bits, group_size };
        let quantizations = [(2, 32), (3, 64), (4, 64), (6, 32), (8, 64), (16, 64)].map(quantized);
        for layout in layouts {
            for quantization in quantizations.map(Some).into_iter().chain([None]) {
                let settings = KvSettings {
                    layout,
                    quantization,
                    quantized_start: 0,
                };
                for (family, chunk) in [("llama", 300), ("qwen3", 17)] {
                    let (measured, predicted) = measured_and_predicted(family, settings, chunk);
                    assert_eq!(measured, predicted, "{family}, {settings:?}");
                }
            }
        }
    }
}
