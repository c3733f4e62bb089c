//! Saying what must come first where the graph alone does not.
//!
//! MLX evaluates breadth first, up to a width of 20. What depends on weights alone, such as expanding
//! them, is ready from the start, so a whole graph's worth of it would be done, and held, before the
//! first product frees any.

use crate::{Array, Exception, Result};

/// `array`, but not before `earlier` has been computed. Nothing is copied.
pub fn after(array: &Array, earlier: &Array) -> Result<Array> {
    // SAFETY: the vectors are made, filled and freed here; MLX takes its own references to the arrays
    // in them; a result is read only after its call has succeeded.
    unsafe {
        let inputs = mlx_sys::mlx_vector_array_new_value(array.as_ptr());
        let dependencies = mlx_sys::mlx_vector_array_new_value(earlier.as_ptr());
        let mut outputs = mlx_sys::mlx_vector_array_new();
        let mut first = mlx_sys::mlx_array_new();
        let is_done = mlx_sys::mlx_depends(&mut outputs, inputs, dependencies) == 0
            && mlx_sys::mlx_vector_array_get(&mut first, outputs, 0) == 0;
        mlx_sys::mlx_vector_array_free(inputs);
        mlx_sys::mlx_vector_array_free(dependencies);
        mlx_sys::mlx_vector_array_free(outputs);
        let first = Array::from_ptr(first);
        match is_done {
            true => Ok(first),
            false => Err(Exception::custom("MLX could not order two computations")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_stay() {
        crate::start().unwrap();
        let array = Array::from_slice(&[1.0f32, 2.0], &[2]);
        let earlier = Array::from_f32(3.0);
        assert_eq!(
            after(&array, &earlier).unwrap().as_slice::<f32>(),
            [1.0, 2.0]
        );
    }
}
