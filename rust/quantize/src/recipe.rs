//! What is to become of a model's matrices.

use std::collections::BTreeMap;

use headroom_formats::{LayerQuantization, QuantizedLayout};
use headroom_models::StoredMatrix;

/// How matrices are to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// Packed one way, wherever a matrix's inputs divide into groups.
    Uniform(QuantizedLayout),
    /// Each matrix in a way of its own.
    Mixed(MixedRecipe),
    /// As floating-point numbers, of the type that their scales have; bfloat16 where scales are bytes.
    Dense,
}

/// A way to store each matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedRecipe {
    pub(crate) default: QuantizedLayout,
    pub(crate) layers: BTreeMap<String, LayerQuantization>,
}

/// What is to be done with one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is stored as it should be.
    None,
    /// To packed numbers, from floating-point ones or from another packing.
    Pack(QuantizedLayout),
    /// From packed numbers to floating-point ones.
    Unpack,
}

impl Recipe {
    /// What becomes of a matrix.
    pub(crate) fn change(&self, matrix: &StoredMatrix) -> Change {
        change_to(matrix, self.wanted(matrix))
    }

    fn wanted(&self, matrix: &StoredMatrix) -> LayerQuantization {
        match self {
            Self::Uniform(layout) if layout.divides(matrix.inputs) => {
                LayerQuantization::Quantized(*layout)
            }
            Self::Uniform(_) | Self::Dense => LayerQuantization::Dense,
            Self::Mixed(mixed) => {
                let named = mixed.layers.get(&matrix.layer).copied();
                named.unwrap_or(matrix.stored_as)
            }
        }
    }
}

/// What must be done with a matrix to have it stored like this.
pub(crate) fn change_to(matrix: &StoredMatrix, wanted: LayerQuantization) -> Change {
    match wanted {
        _ if wanted == matrix.stored_as => Change::None,
        LayerQuantization::Quantized(to) => Change::Pack(to),
        LayerQuantization::Dense => Change::Unpack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four() -> QuantizedLayout {
        QuantizedLayout::affine(4, 64).unwrap()
    }

    fn eight() -> QuantizedLayout {
        QuantizedLayout::affine(8, 32).unwrap()
    }

    fn matrix(inputs: usize, stored_as: LayerQuantization) -> StoredMatrix {
        StoredMatrix {
            layer: "l".to_owned(),
            inputs,
            stored_as,
        }
    }

    #[test]
    fn what_is_stored_as_wanted_stays() {
        let packed = matrix(128, LayerQuantization::Quantized(four()));
        assert_eq!(Recipe::Uniform(four()).change(&packed), Change::None);
        let dense = matrix(128, LayerQuantization::Dense);
        assert_eq!(Recipe::Dense.change(&dense), Change::None);
    }

    #[test]
    fn what_is_not_is_packed_unpacked_or_packed_anew() {
        let dense = matrix(128, LayerQuantization::Dense);
        assert_eq!(Recipe::Uniform(four()).change(&dense), Change::Pack(four()));
        let packed = matrix(128, LayerQuantization::Quantized(eight()));
        assert_eq!(Recipe::Dense.change(&packed), Change::Unpack);
        assert_eq!(
            Recipe::Uniform(four()).change(&packed),
            Change::Pack(four())
        );
    }

    #[test]
    fn inputs_that_do_not_divide_stay_or_become_dense() {
        let dense = matrix(96, LayerQuantization::Dense);
        assert_eq!(Recipe::Uniform(four()).change(&dense), Change::None);
        let packed = matrix(96, LayerQuantization::Quantized(eight()));
        assert_eq!(Recipe::Uniform(four()).change(&packed), Change::Unpack);
    }

    #[test]
    fn a_mixed_recipe_goes_by_the_name_and_leaves_what_it_does_not_name() {
        let own = LayerQuantization::Quantized(eight());
        let mixed = |layers: &[&str]| {
            Recipe::Mixed(MixedRecipe {
                default: four(),
                layers: layers.iter().map(|&name| (name.to_owned(), own)).collect(),
            })
        };
        let dense = matrix(128, LayerQuantization::Dense);
        assert_eq!(mixed(&["k", "l"]).change(&dense), Change::Pack(eight()));
        assert_eq!(mixed(&["k"]).change(&dense), Change::None);
    }
}
