//! Which tokens may be drawn: top-p, min-p and top-k, on log-probabilities `(1, vocabulary)`.

use headroom_mlx::ops::indexing::{TryIndexOp, put_along_axis, take_along_axis};
use headroom_mlx::ops::{
    arange, argpartition_axis, argsort_axis, cumsum, exp, full, ge, gt, lt, max_axis, select,
    subtract, zeros_dtype,
};
use headroom_mlx::{Array, Dtype, Result};

use crate::parameters::GenerateParameters;

/// Leaves the tokens that every filter keeps; the others become impossible.
pub(super) fn keep_likely(logprobs: Array, parameters: &GenerateParameters) -> Result<Array> {
    let mut kept = logprobs;
    if parameters.top_p < 1.0 {
        kept = keep_top_p(&kept, parameters.top_p)?;
    }
    if parameters.min_p > 0.0 {
        kept = keep_min_p(&kept, parameters.min_p)?;
    }
    if parameters.top_k > 0 {
        kept = keep_top_k(&kept, parameters.top_k)?;
    }
    Ok(kept)
}

/// The logarithm of no probability at all.
pub(super) fn impossible() -> Array {
    Array::from_f32(f32::NEG_INFINITY)
}

/// Keeps the likeliest tokens whose probabilities reach `top_p` together (Holtzman et al., 2020). The
/// likeliest stays whatever rounding makes of the sum.
fn keep_top_p(logprobs: &Array, top_p: f32) -> Result<Array> {
    let order = argsort_axis(logprobs, -1)?;
    let sorted = exp(take_along_axis(logprobs, &order, -1)?)?;
    let reached = cumsum(&sorted, -1, None, None)?;
    let vocabulary = logprobs.dim(-1);
    let ranks = arange::<i32, u32>(None, vocabulary, None)?.reshape(&[1, vocabulary])?;
    let inverse = put_along_axis(
        zeros_dtype(&[1, vocabulary], Dtype::Uint32)?,
        &order,
        ranks,
        -1,
    )?;
    let reached = take_along_axis(&reached, &inverse, -1)?;
    let is_likeliest = ge(logprobs, max_axis(logprobs, -1, true)?)?;
    let keep = gt(&reached, Array::from_f32(1.0 - top_p))?.logical_or(is_likeliest)?;
    select(&keep, logprobs, impossible())
}

/// Keeps tokens at least `min_p` times as likely as the likeliest (Nguyen et al., 2024).
fn keep_min_p(logprobs: &Array, min_p: f32) -> Result<Array> {
    let likeliest = max_axis(logprobs, -1, true)?;
    let threshold = subtract(likeliest, Array::from_f32(-min_p.ln()))?;
    select(lt(logprobs, threshold)?, impossible(), logprobs)
}

/// Keeps the `top_k` likeliest tokens.
fn keep_top_k(logprobs: &Array, top_k: u32) -> Result<Array> {
    let vocabulary = logprobs.dim(-1);
    let Some(top_k) = i32::try_from(top_k)
        .ok()
        .filter(|&count| count < vocabulary)
    else {
        return Ok(logprobs.clone());
    };
    let order = argpartition_axis(logprobs, vocabulary - top_k, -1)?;
    let others = order.try_index((.., ..vocabulary - top_k))?;
    let nothing = full::<f32>(&[1, vocabulary - top_k], impossible())?;
    put_along_axis(logprobs, others, nothing, -1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 6] = [1.0, 3.0, -2.0, 2.5, 0.0, 2.9];

    fn logprobs() -> (Array, Vec<f32>) {
        let total = LOGITS.iter().map(|logit| logit.exp()).sum::<f32>().ln();
        let values: Vec<f32> = LOGITS.iter().map(|logit| logit - total).collect();
        (Array::from_slice(&values, &[1, 6]), values)
    }

    fn kept(array: &Array) -> Vec<usize> {
        let values = array.to_vec_exact::<f32>().unwrap();
        (0..values.len())
            .filter(|&index| values[index].is_finite())
            .collect()
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_reaches_it() {
        let (array, values) = logprobs();
        for top_p in [0.05, 0.3, 0.5, 0.7, 0.9, 0.99] {
            let mut order: Vec<usize> = (0..6).collect();
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            let mut reached = 0.0;
            let mut expected: Vec<usize> = order
                .into_iter()
                .take_while(|&index| {
                    let is_needed = reached < top_p;
                    reached += values[index].exp();
                    is_needed
                })
                .collect();
            expected.sort_unstable();
            assert_eq!(
                kept(&keep_top_p(&array, top_p).unwrap()),
                expected,
                "top_p {top_p}"
            );
        }
    }

    #[test]
    fn the_smallest_top_p_means_the_likeliest() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_top_p(&array, f32::MIN_POSITIVE).unwrap()), [1]);
    }

    #[test]
    fn min_p_keeps_what_is_likely_enough_beside_the_likeliest() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_min_p(&array, 0.95).unwrap()), [1]);
        assert_eq!(kept(&keep_min_p(&array, 0.5).unwrap()), [1, 3, 5]);
        assert_eq!(kept(&keep_min_p(&array, 0.01).unwrap()), [0, 1, 3, 4, 5]);
    }

    #[test]
    fn top_k_keeps_that_many() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_top_k(&array, 1).unwrap()), [1]);
        assert_eq!(kept(&keep_top_k(&array, 3).unwrap()), [1, 3, 5]);
        assert_eq!(kept(&keep_top_k(&array, 6).unwrap()).len(), 6);
        assert_eq!(kept(&keep_top_k(&array, u32::MAX).unwrap()).len(), 6);
    }
}
