//! What is to become of a model's matrices.

use headroom_formats::{LayerQuantization, QuantizedLayout};
use headroom_models::StoredMatrix;

/// How matrices are to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Packed the affine way of MLX, wherever a matrix's inputs divide into groups.
    Affine(QuantizedLayout),
    /// As floating-point numbers, of the type that their scales have.
    Dense,
}

/// What is to be done with one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is stored as it should be.
    None,
    /// From floating-point numbers to packed ones.
    Pack(QuantizedLayout),
    /// From one packing to another.
    Repack {
        from: QuantizedLayout,
        to: QuantizedLayout,
    },
    /// From packed numbers to floating-point ones.
    Unpack(QuantizedLayout),
}

impl Recipe {
    /// What becomes of a matrix.
    pub(crate) fn change(self, matrix: &StoredMatrix) -> Change {
        let wanted = match self {
            Self::Affine(layout) if matrix.inputs.is_multiple_of(layout.group_size.into()) => {
                LayerQuantization::Quantized(layout)
            }
            Self::Affine(_) | Self::Dense => LayerQuantization::Dense,
        };
        match (matrix.stored_as, wanted) {
            (LayerQuantization::Dense, LayerQuantization::Quantized(to)) => Change::Pack(to),
            (LayerQuantization::Quantized(from), LayerQuantization::Quantized(to))
                if from != to =>
            {
                Change::Repack { from, to }
            }
            (LayerQuantization::Quantized(from), LayerQuantization::Dense) => Change::Unpack(from),
            _ => Change::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: QuantizedLayout = QuantizedLayout {
        bits: 4,
        group_size: 64,
    };
    const EIGHT: QuantizedLayout = QuantizedLayout {
        bits: 8,
        group_size: 32,
    };

    fn matrix(inputs: usize, stored_as: LayerQuantization) -> StoredMatrix {
        StoredMatrix {
            layer: "l".to_owned(),
            inputs,
            stored_as,
        }
    }

    #[test]
    fn what_is_stored_as_wanted_stays() {
        let packed = matrix(128, LayerQuantization::Quantized(FOUR));
        assert_eq!(Recipe::Affine(FOUR).change(&packed), Change::None);
        let dense = matrix(128, LayerQuantization::Dense);
        assert_eq!(Recipe::Dense.change(&dense), Change::None);
    }

    #[test]
    fn what_is_not_is_packed_unpacked_or_packed_anew() {
        let dense = matrix(128, LayerQuantization::Dense);
        assert_eq!(Recipe::Affine(FOUR).change(&dense), Change::Pack(FOUR));
        let packed = matrix(128, LayerQuantization::Quantized(EIGHT));
        assert_eq!(Recipe::Dense.change(&packed), Change::Unpack(EIGHT));
        let repack = Change::Repack {
            from: EIGHT,
            to: FOUR,
        };
        assert_eq!(Recipe::Affine(FOUR).change(&packed), repack);
    }

    #[test]
    fn inputs_that_do_not_divide_stay_or_become_dense() {
        let dense = matrix(96, LayerQuantization::Dense);
        assert_eq!(Recipe::Affine(FOUR).change(&dense), Change::None);
        let packed = matrix(96, LayerQuantization::Quantized(EIGHT));
        assert_eq!(Recipe::Affine(FOUR).change(&packed), Change::Unpack(EIGHT));
    }
}
