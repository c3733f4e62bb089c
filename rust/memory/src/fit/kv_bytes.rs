//! What keys and values take, to the byte.

use super::geometry::{Backend, LayerGeometry, ModelGeometry};
use super::plan::KvQuantization;

/// Positions by which caches grow.
pub const KV_GROWTH_STEP: u32 = 256;

/// The bias of a group of quantised keys or values: 16 bits wherever it was computed.
const BIAS_BYTES: u64 = 2;

/// How a cache is kept: how many tokens at most, and how exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvLayout {
    /// The most tokens kept; `None` keeps all.
    pub max_size: Option<u32>,
    /// `None` keeps keys and values as they were computed.
    pub quantization: Option<KvQuantization>,
}

impl ModelGeometry {
    /// Bytes of keys and values of one token over all layers.
    pub fn kv_bytes_per_token(
        &self,
        quantization: Option<KvQuantization>,
        backend: Backend,
    ) -> u64 {
        let layers = self.layers.iter();
        layers
            .map(|layer| layer.kv_bytes_per_token(quantization, backend))
            .fold(0, u64::saturating_add)
    }

    /// Bytes that caches take which have seen `tokens`, spare positions included.
    pub fn kv_cache_bytes(&self, tokens: u32, layout: KvLayout, backend: Backend) -> u64 {
        let layers = self.layers.iter();
        layers
            .map(|layer| {
                let positions = u64::from(layer.kept_positions(tokens, layout.max_size));
                positions.saturating_mul(layer.kv_bytes_per_token(layout.quantization, backend))
            })
            .fold(0, u64::saturating_add)
    }

    /// The group size in which every layer's heads can be quantised; `None` if there is none.
    pub fn kv_group_size(&self) -> Option<u32> {
        [64, 32].into_iter().find(|&size| {
            let mut layers = self.layers.iter();
            layers.all(|layer| layer.head_dim.is_multiple_of(size))
        })
    }

    /// Bytes of the keys and values that the largest layer computes for `tokens`.
    pub(crate) fn largest_layer_bytes(&self, tokens: u64, backend: Backend) -> u64 {
        let layers = self.layers.iter();
        let largest = layers.map(|layer| layer.kv_bytes_per_token(None, backend));
        largest.max().unwrap_or(0).saturating_mul(tokens)
    }
}

impl LayerGeometry {
    /// Keys and values; quantised, each group has a scale as computed and a bias beside its packed
    /// values.
    fn kv_bytes_per_token(&self, quantization: Option<KvQuantization>, backend: Backend) -> u64 {
        let values = u64::from(self.key_value_heads)
            .saturating_mul(self.head_dim.into())
            .saturating_mul(2);
        match quantization {
            None => values.saturating_mul(backend.computed_bytes()),
            Some(KvQuantization { bits: 16, .. }) => values.saturating_mul(2),
            Some(KvQuantization { bits, group_size }) => {
                let groups = values / u64::from(group_size.max(1));
                let packed = values.saturating_mul(bits.into()) / 8;
                packed.saturating_add(groups.saturating_mul(backend.computed_bytes() + BIAS_BYTES))
            }
        }
    }

    fn kept_positions(&self, tokens: u32, max_size: Option<u32>) -> u32 {
        let grown = tokens
            .div_ceil(KV_GROWTH_STEP)
            .saturating_mul(KV_GROWTH_STEP);
        // A layer's own window stays whatever bound is set.
        match self.window.or(max_size) {
            Some(most) => grown.min(most),
            None => grown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(window: Option<u32>) -> ModelGeometry {
        let layer = LayerGeometry {
            key_value_heads: 2,
            head_dim: 64,
            window,
        };
        ModelGeometry {
            weights_bytes: 0,
            weights_are_quantized: true,
            hidden_size: 256,
            residual_streams: 1,
            mlp_is_gated: true,
            intermediate_size: 640,
            heads: 4,
            vocabulary_size: 3072,
            context_length: None,
            layers: ModelGeometry::uniform_layers(6, layer),
        }
    }

    #[test]
    fn a_token_takes_keys_and_values_of_every_layer() {
        let model = geometry(None);
        let bytes = |quantization, backend| model.kv_bytes_per_token(quantization, backend);
        assert_eq!(bytes(None, Backend::Cpu), 6 * 2 * 2 * 64 * 4);
        assert_eq!(bytes(None, Backend::Gpu), 6 * 2 * 2 * 64 * 2);
        let sixteen = Some(KvQuantization::SIXTEEN_BITS);
        assert_eq!(bytes(sixteen, Backend::Cpu), bytes(None, Backend::Gpu));
    }

    #[test]
    fn a_quantised_token_takes_its_scales_too() {
        let model = geometry(None);
        let four = model.kv_bytes_per_token(Some(KvQuantization::FOUR_BITS), Backend::Gpu);
        assert_eq!(four, 6 * (2 * 2 * 64 / 2 + 2 * 2 * 4));
        let on_cpu = model.kv_bytes_per_token(Some(KvQuantization::FOUR_BITS), Backend::Cpu);
        assert_eq!(on_cpu, four + 6 * (2 * 2 * 2));
    }

    #[test]
    fn groups_of_64_take_what_they_may_of_bfloat16() {
        let model = geometry(None);
        let sixteen = Some(KvQuantization::SIXTEEN_BITS);
        for (quantization, share) in [
            (KvQuantization::FOUR_BITS, 0.30),
            (KvQuantization::EIGHT_BITS, 0.55),
        ] {
            for backend in [Backend::Cpu, Backend::Gpu] {
                let most = share * model.kv_bytes_per_token(sixteen, backend) as f64;
                assert!(model.kv_bytes_per_token(Some(quantization), backend) as f64 <= most);
            }
        }
    }

    #[test]
    fn caches_grow_in_steps_up_to_their_bound() {
        let model = geometry(None);
        let token = model.kv_bytes_per_token(None, Backend::Cpu);
        let bytes = |tokens, max_size| {
            let layout = KvLayout {
                max_size,
                quantization: None,
            };
            model.kv_cache_bytes(tokens, layout, Backend::Cpu)
        };
        assert_eq!(bytes(1, None), 256 * token);
        assert_eq!(bytes(257, None), 512 * token);
        assert_eq!(bytes(5000, Some(300)), 300 * token);
    }

    #[test]
    fn a_sliding_window_bounds_its_layer() {
        let model = geometry(Some(128));
        let bytes = model.kv_cache_bytes(4096, KvLayout::default(), Backend::Cpu);
        assert_eq!(bytes, 128 * model.kv_bytes_per_token(None, Backend::Cpu));
    }
}
