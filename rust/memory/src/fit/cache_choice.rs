//! How keys and values are best kept in the room there is: as exactly as fits, and bounded only when
//! no precision fits.

use super::geometry::{Backend, ModelGeometry};
use super::kv_bytes::KvLayout;
use super::plan::KvQuantization;

/// The fewest tokens that an answer can still lean on.
const SHORTEST_BOUND: u32 = 256;

/// The layout in which a cache of `tokens` tokens takes at most `room_bytes`; the smallest there is
/// where none does.
pub fn choose_kv_layout(
    geometry: &ModelGeometry,
    tokens: u32,
    backend: Backend,
    room_bytes: u64,
) -> KvLayout {
    let fits = |layout: &KvLayout| geometry.kv_cache_bytes(tokens, *layout, backend) <= room_bytes;
    let mut smallest = KvLayout::default();
    for layout in precisions(geometry, backend).chain(bounds(geometry, tokens, backend)) {
        if fits(&layout) {
            return layout;
        }
        smallest = layout;
    }
    smallest
}

/// Everything kept, in ever fewer bits.
fn precisions(geometry: &ModelGeometry, backend: Backend) -> impl Iterator<Item = KvLayout> {
    let half = match backend {
        Backend::Cpu => Some(KvQuantization::SIXTEEN_BITS),
        Backend::Gpu => None,
    };
    let grouped = geometry
        .kv_group_size()
        .into_iter()
        .flat_map(|group_size| [8, 4].map(|bits| KvQuantization { bits, group_size }));
    let fewer = half.into_iter().chain(grouped).map(Some);
    std::iter::once(None)
        .chain(fewer)
        .map(|quantization| KvLayout {
            max_size: None,
            quantization,
        })
}

/// Ever fewer tokens in the fewest bits.
fn bounds(
    geometry: &ModelGeometry,
    tokens: u32,
    backend: Backend,
) -> impl Iterator<Item = KvLayout> {
    let fewest_bits = precisions(geometry, backend).last();
    let halves = std::iter::successors(Some(tokens / 2), |tokens| Some(tokens / 2));
    halves
        .take_while(|tokens| *tokens >= SHORTEST_BOUND)
        .map(move |max_size| KvLayout {
            max_size: Some(max_size),
            ..fewest_bits.unwrap_or_default()
        })
}

#[cfg(test)]
mod tests {
    use super::super::geometry::LayerGeometry;
    use super::*;

    fn geometry(head_dim: u32) -> ModelGeometry {
        let layer = LayerGeometry {
            key_value_heads: 2,
            head_dim,
            window: None,
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

    fn chosen(head_dim: u32, room_bytes: u64) -> (Option<u8>, Option<u32>) {
        let layout = choose_kv_layout(&geometry(head_dim), 4096, Backend::Cpu, room_bytes);
        (layout.quantization.map(|kv| kv.bits), layout.max_size)
    }

    #[test]
    fn less_room_means_fewer_bits_and_then_fewer_tokens() {
        let full = geometry(64).kv_cache_bytes(4096, KvLayout::default(), Backend::Cpu);
        assert_eq!(chosen(64, full), (None, None));
        assert_eq!(chosen(64, full - 1), (Some(16), None));
        assert_eq!(chosen(64, full / 2 - 1), (Some(8), None));
        assert_eq!(chosen(64, full / 4), (Some(4), None));
        assert_eq!(chosen(64, full / 8), (Some(4), Some(2048)));
    }

    #[test]
    fn with_no_room_at_all_it_is_the_smallest() {
        assert_eq!(chosen(64, 0), (Some(4), Some(256)));
    }

    #[test]
    fn heads_that_cannot_be_grouped_are_not_quantised() {
        assert_eq!(chosen(80, 0), (Some(16), Some(256)));
    }
}
