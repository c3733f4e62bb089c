//! A saved cache comes from a file, and a file may say anything.

use std::collections::HashMap;

use headroom_mlx::{Array, Dtype};
use proptest::prelude::*;

use super::super::layout::CacheLayout;
use super::super::precision::{CachePrecision, CacheQuantization};
use super::super::{CacheDescription, CacheStateError, ComputedIn, ModelCache};
use super::*;

type Tensors = HashMap<String, Array>;

/// A cache that has seen 50 tokens, taken apart.
fn parts(layout: CacheLayout, precision: CachePrecision) -> (CacheDescription, Tensors) {
    let mut cache = ModelCache::new(&shape(&[Some(16), None]), layout);
    cache.convert(precision).unwrap();
    let next = heads_of(0, 50, KEY_VALUE_HEADS, 1);
    for layer in cache.layers_mut() {
        layer.update(&next, &next).unwrap();
    }
    let (description, tensors) = cache.to_parts().unwrap();
    (description, tensors.into_iter().collect())
}

fn restore(
    description: &CacheDescription,
    tensors: &Tensors,
) -> Result<ModelCache, CacheStateError> {
    let give = &mut |name: &str| tensors.get(name).cloned();
    ModelCache::from_parts(description, &shape(&[Some(16), None]), give)
}

fn message(description: &CacheDescription, tensors: &Tensors) -> String {
    restore(description, tensors).unwrap_err().to_string()
}

#[test]
fn tensors_are_named_after_layers_and_hold_what_is_kept() {
    let (description, tensors) = parts(CacheLayout::Rotating { max_size: 20 }, EIGHT_BITS);
    let shape_of = |name: &str| tensors[name].shape().to_vec();
    assert_eq!(tensors.len(), 12);
    assert_eq!(shape_of("layers.0.keys"), [1, 2, 16, 8]);
    assert_eq!(shape_of("layers.1.values"), [1, 2, 20, 8]);
    assert_eq!(shape_of("layers.1.values.scales"), [1, 2, 20, 1]);
    assert_eq!(tensors["layers.1.keys.biases"].dtype(), Dtype::Int16);
    assert_eq!(description.offset, 50);
    assert_eq!(description.computed_in, Some(ComputedIn::Float32));
}

#[test]
fn an_empty_cache_comes_back_empty() {
    let cache = ModelCache::new(&shape(&[Some(16), None]), CacheLayout::Simple);
    let (description, tensors) = cache.to_parts().unwrap();
    assert!(tensors.is_empty());
    assert_eq!(restore(&description, &Tensors::new()).unwrap().offset(), 0);
}

#[test]
fn a_description_is_refused_that_no_cache_has() {
    let (good, tensors) = parts(CacheLayout::Simple, EIGHT_BITS);
    let quantized =
        |bits, group_size| CachePrecision::Quantized(CacheQuantization { bits, group_size });
    let wrong = [
        (
            "offset is -1",
            CacheDescription {
                offset: -1,
                ..good.clone()
            },
        ),
        (
            "offset is 2147483647",
            CacheDescription {
                offset: i32::MAX,
                ..good.clone()
            },
        ),
        (
            "computed_in is absent",
            CacheDescription {
                computed_in: None,
                ..good.clone()
            },
        ),
        (
            "bits is 5",
            CacheDescription {
                precision: quantized(5, 32),
                ..good.clone()
            },
        ),
        (
            "group_size is 0",
            CacheDescription {
                precision: quantized(8, 0),
                ..good.clone()
            },
        ),
        (
            "group_size is 64",
            CacheDescription {
                precision: quantized(8, 64),
                ..good.clone()
            },
        ),
        (
            "max_size is 7",
            CacheDescription {
                layout: CacheLayout::Rotating { max_size: 7 },
                ..good.clone()
            },
        ),
        (
            "chunk_size is 0",
            CacheDescription {
                layout: CacheLayout::Chunked { chunk_size: 0 },
                ..good.clone()
            },
        ),
    ];
    for (said, description) in wrong {
        let message = message(&description, &tensors);
        assert!(message.contains(said), "{said}: {message}");
    }
}

#[test]
fn every_missing_or_wrong_tensor_is_named() {
    let (description, good) = parts(CacheLayout::Simple, EIGHT_BITS);
    for name in good.keys() {
        let mut tensors = good.clone();
        tensors.remove(name);
        assert!(message(&description, &tensors).contains(&format!("no tensor {name};")));
        for wrong in [
            good[name].as_dtype(Dtype::Int8).unwrap(),
            good[name].expand_dims(0).unwrap(),
            Array::from_int(1),
            heads_of(0, 3, 1, 1),
        ] {
            tensors.insert(name.clone(), wrong);
            assert!(message(&description, &tensors).contains(&format!("tensor {name} is")));
        }
    }
}

#[test]
fn positions_that_the_tokens_seen_do_not_explain_are_refused() {
    let layouts = [
        CacheLayout::Simple,
        CacheLayout::Rotating { max_size: 20 },
        CacheLayout::Chunked { chunk_size: 20 },
    ];
    for layout in layouts {
        let (good, tensors) = parts(layout, CachePrecision::Full);
        assert!(restore(&good, &tensors).is_ok());
        for offset in [0, 1, 15, 19] {
            let description = CacheDescription {
                offset,
                ..good.clone()
            };
            assert!(
                restore(&description, &tensors).is_err(),
                "{layout:?}, {offset}"
            );
        }
    }
}

#[test]
fn a_cache_of_another_model_is_refused() {
    let (description, tensors) = parts(CacheLayout::Simple, CachePrecision::Full);
    let give = &mut |name: &str| tensors.get(name).cloned();
    let mut other = shape(&[Some(16), None]);
    other.layers[1].key_value_heads = 3;
    assert!(ModelCache::from_parts(&description, &other, give).is_err());
    other.layers[1].key_value_heads = u32::MAX;
    other.layers[1].head_dim = u32::MAX;
    assert!(ModelCache::from_parts(&description, &other, give).is_err());
    let longer = shape(&[Some(16), None, None]);
    assert!(ModelCache::from_parts(&description, &longer, give).is_err());
}

fn any_description() -> impl Strategy<Value = CacheDescription> {
    let number = || prop_oneof![any::<i32>(), 0..70_i32];
    let layout = prop_oneof![
        Just(CacheLayout::Simple),
        number().prop_map(|max_size| CacheLayout::Rotating { max_size }),
        number().prop_map(|chunk_size| CacheLayout::Chunked { chunk_size }),
    ];
    let quantized = (number(), number()).prop_map(|(bits, group_size)| {
        CachePrecision::Quantized(CacheQuantization { bits, group_size })
    });
    let precision = prop_oneof![any_precision(), quantized];
    let computed_in = prop::sample::select(vec![
        None,
        Some(ComputedIn::Float32),
        Some(ComputedIn::Float16),
        Some(ComputedIn::Bfloat16),
    ]);
    (number(), layout, precision, computed_in).prop_map(
        |(offset, layout, precision, computed_in)| CacheDescription {
            reach: None,
            offset,
            layout,
            precision,
            computed_in,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_restored_can_be_used_and_the_rest_is_refused(description in any_description()) {
        let (_, tensors) = parts(CacheLayout::Simple, EIGHT_BITS);
        if let Ok(mut cache) = restore(&description, &tensors) {
            let next = heads_of(0, 3, KEY_VALUE_HEADS, 1);
            let queries = heads_of(0, 3, HEADS, 3);
            for layer in cache.layers_mut() {
                let seen = layer.update(&next, &next).unwrap();
                values_of(&seen.attend(&queries, SCALE).unwrap());
            }
        }
    }
}
