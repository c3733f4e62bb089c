//! Rounding to bfloat16 that is right on average.

use std::ffi::c_int;

use mlx_rs::Stream;

use crate::bits::bitwise_and;
use crate::{Array, Dtype, Exception, Result};

/// The half of a float32 that a bfloat16 keeps, and the other.
const KEPT_BITS: u32 = 0xFFFF_0000;
const CUT_BITS: u32 = 0x0000_FFFF;

/// Each value of `x`, in float32, as one of its two neighbours in bfloat16, the nearer one more often: over
/// many keys the mean is the value itself (Gupta et al., 2015). Values that bfloat16 has stay what they
/// are, and the same key gives the same. Infinities stay infinities; a NaN may become a number where its
/// payload is not the usual one.
///
/// # Errors
/// When MLX has no memory.
pub fn round_stochastically(x: &Array, key: &Array) -> Result<Array> {
    let mask = |bits: u32| Array::from_slice(&[bits], &[1]);
    // Of 32 bits that come in one go, and whose memory every later step takes over.
    let noise = bitwise_and(&random_bits(x.shape(), key)?, &mask(CUT_BITS))?;
    // The sum carries into the half that is kept as often as the other half is large.
    let sum = noise.add(x.view_dtype(Dtype::Uint32)?)?;
    let kept = bitwise_and(&sum, &mask(KEPT_BITS))?;
    kept.view_dtype(Dtype::Float32)?.as_dtype(Dtype::Bfloat16)
}

/// Random numbers of 32 bits.
fn random_bits(shape: &[i32], key: &Array) -> Result<Array> {
    const WIDTH_BYTES: c_int = 4;
    let stream = Stream::thread_local_or_default();
    // SAFETY: shape, key and stream live until the call returns; MLX takes its own reference to the key;
    // the result is used only after its call has succeeded.
    unsafe {
        let mut result = mlx_sys::mlx_array_new();
        let (sizes, count) = (shape.as_ptr(), shape.len());
        let key = key.as_ptr();
        let status =
            mlx_sys::mlx_random_bits(&mut result, sizes, count, WIDTH_BYTES, key, stream.as_ptr());
        let result = Array::from_ptr(result);
        match status {
            0 => Ok(result),
            _ => Err(Exception::custom("MLX could not draw random bits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlx_rs::random;

    fn rounded(values: &[f32], seed: u64) -> Vec<f32> {
        crate::start().unwrap();
        let x = Array::from_slice(values, &[values.len() as i32]);
        let key = random::key(seed).unwrap();
        let rounded = round_stochastically(&x, &key).unwrap();
        assert_eq!(rounded.dtype(), Dtype::Bfloat16);
        let wide = rounded.as_dtype(Dtype::Float32).unwrap();
        wide.to_vec_exact::<f32>().unwrap()
    }

    #[test]
    fn a_value_becomes_one_of_its_neighbours_and_itself_on_average() {
        // Three tenths of the way from 1 to its successor 1 + 2^-7, and the same below zero.
        let step = 1.0 / 128.0;
        for value in [1.0 + 0.3 * step, -1.0 - 0.3 * step] {
            let found = rounded(&[value; 10_000], 1);
            let sign = value.signum();
            let upper = sign * (1.0 + step);
            assert!(found.iter().all(|&one| one == sign || one == upper));
            let share = found.iter().filter(|&&one| one == upper).count() as f32 / 1e4;
            // Five deviations of a share of 10,000 draws.
            assert!((share - 0.3).abs() < 0.023, "{share}");
        }
    }

    #[test]
    fn what_bfloat16_has_stays_whatever_the_key() {
        let values = [0.0, 1.0, -1.5, f32::INFINITY, f32::NEG_INFINITY];
        for seed in 0..20 {
            assert_eq!(rounded(&values, seed), values);
        }
        assert!(rounded(&[f32::NAN], 0)[0].is_nan());
    }

    #[test]
    fn the_same_key_gives_the_same() {
        let values: Vec<f32> = (0..100).map(|i| i as f32 / 7.0).collect();
        assert_eq!(rounded(&values, 3), rounded(&values, 3));
        assert_ne!(rounded(&values, 3), rounded(&values, 4));
    }
}
