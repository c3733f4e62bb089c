//! A KV cache as a host asks for it, and as the governor changes it on the way.

use headroom_memory::KvQuantization;
use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, CachePrecision, CacheQuantization, LanguageModel, ModelCache, ModelShape,
};

use crate::error::EngineError;
use crate::parameters::GenerateParameters;

/// What a cache is asked to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CacheSettings {
    /// Which tokens it keeps.
    pub kind: CacheKind,
    /// How keys and values are quantised; `None` keeps them as they were computed.
    pub quantization: Option<KvQuantization>,
    /// From how many tokens on they are quantised.
    pub quantized_start: u32,
    /// Whether it is chosen again, in fewer bits or bounded, whenever it grows.
    pub adapts: bool,
}

/// Which tokens a cache keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CacheKind {
    /// All of them.
    #[default]
    Simple,
    /// The first few and the last ones.
    Rotating {
        /// Both together; at least 8.
        max_size: u32,
    },
    /// Those of the current chunk, for models whose attention ends at a chunk's border.
    Chunked {
        /// Tokens of a chunk; at least 1.
        chunk_size: u32,
    },
}

impl CacheSettings {
    /// Refuses what no model could have.
    ///
    /// # Errors
    /// One that names the setting and what it may be.
    pub fn validate(&self) -> Result<(), EngineError> {
        match self.kind {
            CacheKind::Rotating { max_size } if max_size < ModelCache::SMALLEST_BOUND as u32 => {
                return Err(refused("max_kv_size", max_size, "at least 8"));
            }
            CacheKind::Chunked { chunk_size: 0 } => {
                return Err(refused("kv_chunk_size", 0, "at least 1"));
            }
            _ => {}
        }
        let Some(KvQuantization { bits, group_size }) = self.quantization else {
            return Ok(());
        };
        if bits != 16 && !CacheQuantization::BITS.contains(&bits.into()) {
            return Err(refused("kv_bits", bits.into(), "2, 3, 4, 6, 8 or 16"));
        }
        match CacheQuantization::GROUP_SIZES.contains(&clamped(group_size)) {
            true => Ok(()),
            false => Err(refused("kv_group_size", group_size, "32, 64 or 128")),
        }
    }

    fn layout(&self) -> CacheLayout {
        match self.kind {
            CacheKind::Simple => CacheLayout::Simple,
            CacheKind::Rotating { max_size } => CacheLayout::Rotating {
                max_size: clamped(max_size),
            },
            CacheKind::Chunked { chunk_size } => CacheLayout::Chunked {
                chunk_size: clamped(chunk_size),
            },
        }
    }

    /// How a cache with these settings keeps `tokens` of them.
    fn precision_at(&self, tokens: u32) -> CachePrecision {
        match self.quantization {
            Some(quantization) if tokens >= self.quantized_start => precision(quantization),
            _ => CachePrecision::Full,
        }
    }
}

impl From<&GenerateParameters> for CacheSettings {
    fn from(parameters: &GenerateParameters) -> Self {
        Self {
            kind: match parameters.max_kv_size {
                Some(max_size) => CacheKind::Rotating { max_size },
                None => CacheKind::Simple,
            },
            quantization: parameters.kv_quantization,
            quantized_start: parameters.quantized_kv_start,
            adapts: false,
        }
    }
}

/// A model's cache, and when it is to be quantised.
#[derive(Debug)]
pub(crate) struct KvCache {
    pub(crate) model_cache: ModelCache,
    settings: CacheSettings,
    /// Other than the settings say, once the governor has quantised it.
    wanted: CachePrecision,
    quantized_from: u32,
    /// Whether the model itself looks back over a window only, in some layer.
    has_windows: bool,
}

impl KvCache {
    pub(crate) fn new(
        model: &dyn LanguageModel,
        settings: CacheSettings,
    ) -> Result<Self, EngineError> {
        refuse_uneven_groups(model.shape(), settings.quantization)?;
        let model_cache = model.new_cache(settings.layout());
        Ok(Self::of(model.shape(), model_cache, settings))
    }

    /// A cache that has seen something, under `settings`.
    pub(crate) fn of(shape: &ModelShape, model_cache: ModelCache, settings: CacheSettings) -> Self {
        Self {
            has_windows: shape.layers.iter().any(|layer| layer.window.is_some()),
            model_cache,
            settings,
            wanted: settings
                .quantization
                .map_or(CachePrecision::Full, precision),
            quantized_from: settings.quantized_start,
        }
    }

    pub(crate) fn settings(&self) -> CacheSettings {
        self.settings
    }

    /// Quantises once as many tokens as asked for are there. Call it between evaluations.
    pub(crate) fn settle(&mut self) -> Result<(), EngineError> {
        if self.tokens() >= self.quantized_from {
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

    /// Whether its first `tokens` are kept as they would be in a new cache with the same settings: the
    /// governor has not been at them.
    pub(crate) fn is_as_set(&self, tokens: u32) -> bool {
        self.model_cache.layout() == self.settings.layout()
            && self.model_cache.precision() == self.settings.precision_at(tokens)
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

    /// Which tokens it keeps now.
    pub(crate) fn kind(&self) -> CacheKind {
        match self.model_cache.layout() {
            CacheLayout::Simple => CacheKind::Simple,
            CacheLayout::Rotating { max_size } => CacheKind::Rotating {
                max_size: max_size.unsigned_abs(),
            },
            CacheLayout::Chunked { chunk_size } => CacheKind::Chunked {
                chunk_size: chunk_size.unsigned_abs(),
            },
        }
    }

    /// Tokens seen.
    pub(crate) fn tokens(&self) -> u32 {
        self.model_cache.offset().unsigned_abs()
    }

    /// The most tokens kept; `None` while all are.
    pub(crate) fn max_size(&self) -> Option<u32> {
        match self.kind() {
            CacheKind::Simple => None,
            CacheKind::Rotating { max_size } => Some(max_size),
            CacheKind::Chunked { chunk_size } => Some(chunk_size),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.model_cache.allocated_bytes()
    }

    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.model_cache.arrays()
    }

    /// Forgets the last `tokens`; false, with nothing forgotten, where it cannot.
    pub(crate) fn trim(&mut self, tokens: usize) -> bool {
        let Ok(tokens) = i32::try_from(tokens) else {
            return false;
        };
        self.model_cache.can_trim(tokens) && self.model_cache.trim(tokens) == tokens
    }

    /// Whether it can forget tokens whatever comes.
    pub(crate) fn keeps_all(&self) -> bool {
        self.kind() == CacheKind::Simple && !self.has_windows
    }

    /// The same once more; MLX copies what one of them writes to.
    pub(crate) fn copy(&self) -> Self {
        self.of_same_kind(self.model_cache.copy())
    }

    /// A copy that has seen the first `tokens` alone; `None` where some of them were given up.
    pub(crate) fn prefix(&self, tokens: usize) -> Result<Option<Self>, EngineError> {
        let Ok(tokens) = i32::try_from(tokens) else {
            return Ok(None);
        };
        let prefix = self.model_cache.prefix(tokens)?;
        Ok(prefix.map(|model_cache| self.of_same_kind(model_cache)))
    }

    fn of_same_kind(&self, model_cache: ModelCache) -> Self {
        Self {
            model_cache,
            settings: self.settings,
            wanted: self.wanted,
            quantized_from: self.quantized_from,
            has_windows: self.has_windows,
        }
    }
}

/// Whether every head of the model can be cut into whole groups.
fn has_whole_groups(shape: &ModelShape, group_size: u32) -> bool {
    let mut layers = shape.layers.iter();
    layers.all(|layer| layer.head_dim.is_multiple_of(group_size))
}

/// Refuses groups that the heads of the model cannot be cut into.
pub(crate) fn refuse_uneven_groups(
    shape: &ModelShape,
    quantization: Option<KvQuantization>,
) -> Result<(), EngineError> {
    match quantization {
        Some(KvQuantization { bits, group_size })
            if bits < 16 && !has_whole_groups(shape, group_size) =>
        {
            Err(EngineError::Parameter {
                name: "kv_group_size",
                found: group_size.to_string(),
                allowed: "a divisor of the model's head dim",
            })
        }
        _ => Ok(()),
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

fn refused(name: &'static str, found: u32, allowed: &'static str) -> EngineError {
    EngineError::Parameter {
        name,
        found: found.to_string(),
        allowed,
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
    fn measured_and_predicted(family: &str, settings: CacheSettings, chunk: usize) -> (u64, u64) {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
        let directory = cases.join(format!("{family}-caches")).join("model");
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        let model = headroom_models::open(
            &directory,
            headroom_models::EmbeddingPlacement::Memory,
            go_on,
        )
        .unwrap();
        let mut cache = KvCache::new(&*model, settings).unwrap();
        for piece in [5u32; 300].chunks(chunk) {
            let tokens = Array::from_slice(piece, &[1, piece.len() as i32]);
            let caches = &mut [&mut cache.model_cache];
            let logits = model.forward(&tokens, caches, LogitRows::Last);
            logits.unwrap().eval().unwrap();
            cache.settle().unwrap();
        }
        let outline = headroom_models::outline(&directory).unwrap();
        let kv = KvLayout {
            max_size: cache.max_size(),
            quantization: cache.quantization(),
        };
        let geometry =
            Predictor::of_outline(&outline, headroom_models::EmbeddingPlacement::Memory).geometry;
        let predicted = geometry.kv_cache_bytes(300, kv, backend());
        (cache.bytes(), predicted)
    }

    #[test]
    fn every_kind_takes_what_was_predicted_to_the_byte() {
        headroom_mlx::start().unwrap();
        let kinds = [
            CacheKind::Simple,
            CacheKind::Rotating { max_size: 40 },
            CacheKind::Chunked { chunk_size: 40 },
        ];
        let quantized = |(bits, group_size)| KvQuantization { bits, group_size };
        let quantizations = [(2, 32), (3, 64), (4, 64), (6, 32), (8, 64), (16, 64)].map(quantized);
        for kind in kinds {
            for quantization in quantizations.map(Some).into_iter().chain([None]) {
                let settings = CacheSettings {
                    kind,
                    quantization,
                    ..CacheSettings::default()
                };
                for (family, chunk) in [("llama", 300), ("qwen3", 17)] {
                    let (measured, predicted) = measured_and_predicted(family, settings, chunk);
                    assert_eq!(measured, predicted, "{family}, {settings:?}");
                }
            }
        }
    }
}
