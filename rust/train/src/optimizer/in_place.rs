//! Arithmetic in float32 on matrices that keep their place and type.

use headroom_mlx::{Array, Dtype, Result};

/// `old · share + new · (1 − share)`
pub(crate) fn blend(old: &Array, new: &Array, share: f64) -> Result<Array> {
    let old = wide(old)?.multiply(number(share))?;
    old.add(new.multiply(number(1.0 - share))?)
}

/// Computes a new value in an array's place, in the type that is there.
pub(crate) fn replace(
    place: &mut Array,
    value: impl FnOnce(&Array) -> Result<Array>,
) -> Result<()> {
    // The old value lives on in the new one's graph alone, which may then use its memory.
    *place = value(place)?.as_dtype(place.dtype())?;
    place.eval()
}

pub(crate) fn wide(x: &Array) -> Result<Array> {
    x.as_dtype(Dtype::Float32)
}

pub(crate) fn number(value: f64) -> Array {
    Array::from_f32(value as f32)
}
