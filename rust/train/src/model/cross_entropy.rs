//! Soft-capped logits against what was to be predicted: the loss of each token and its gradient.

use headroom_mlx::ops::indexing::{put_along_axis, take_along_axis};
use headroom_mlx::ops::{exp, logsumexp_axis, tanh};
use headroom_mlx::{Array, Dtype, Exception, Processor, Result, TokenTargets, capped_loss};

/// The largest logit there can be.
const SOFT_CAP: f32 = 15.0;

/// What a chunk of tokens costs.
pub(crate) struct CrossEntropy {
    /// Nats of each token, zero where it does not count.
    pub(crate) nats: Vec<f32>,
    /// The gradient of their sum with respect to the logits before the cap, in the type of these.
    pub(crate) gradient: Array,
}

/// The loss of `logits (tokens, vocabulary)`, capped to `15 · tanh(x / 15)`, in float32.
pub(crate) fn cross_entropy(logits: &Array, targets: TokenTargets) -> Result<CrossEntropy> {
    match Processor::current() {
        Processor::Gpu => by_operations(logits, targets),
        Processor::Cpu => by_kernel(logits, targets),
    }
}

fn by_kernel(logits: &Array, targets: TokenTargets) -> Result<CrossEntropy> {
    let (nats, gradient) = capped_loss(&logits.as_dtype(Dtype::Float32)?, targets, SOFT_CAP)?;
    let gradient = gradient.as_dtype(logits.dtype())?;
    Ok(CrossEntropy { nats, gradient })
}

fn by_operations(logits: &Array, targets: TokenTargets) -> Result<CrossEntropy> {
    let (cap, one) = (Array::from_f32(SOFT_CAP), Array::from_f32(1.0));
    let tokens = targets.ids.len() as i32;
    let ids = Array::from_slice(targets.ids, &[tokens, 1]);
    let counted: Vec<f32> = targets
        .counted
        .iter()
        .map(|&counts| f32::from(counts))
        .collect();
    let counted = Array::from_slice(&counted, &[tokens, 1]);
    let bent = tanh(logits.as_dtype(Dtype::Float32)?.divide(&cap)?)?;
    let capped = bent.multiply(&cap)?;
    let total = logsumexp_axis(&capped, -1, true)?;
    let missed = total.subtract(take_along_axis(&capped, &ids, -1)?)?;
    let shares = exp(capped.subtract(total)?)?;
    let expected = take_along_axis(&shares, &ids, -1)?.subtract(&one)?;
    let errors = put_along_axis(shares, &ids, expected, -1)?.multiply(&counted)?;
    let slope = one.subtract(bent.square()?)?;
    let gradient = errors.multiply(slope)?.as_dtype(logits.dtype())?;
    let nats = missed.multiply(&counted)?.reshape(&[-1])?;
    let nats = nats.to_vec_exact::<f32>();
    let nats = nats.map_err(|error| Exception::custom(error.to_string()))?;
    Ok(CrossEntropy { nats, gradient })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_and_operations_agree() {
        headroom_mlx::start().unwrap();
        let values: Vec<f32> = (0..4 * 300)
            .map(|i| ((i * 7919) % 977) as f32 / 15.0 - 32.0)
            .collect();
        let logits = Array::from_slice(&values, &[4, 300]);
        let targets = TokenTargets {
            ids: &[0, 299, 7, 8],
            counted: &[true, true, false, true],
        };
        let [kernel, operations] =
            [by_kernel, by_operations].map(|way| way(&logits, targets).unwrap());
        for (one, other) in kernel.nats.iter().zip(&operations.nats) {
            assert!((one - other).abs() < 1e-4, "{one} {other}");
        }
        let [kernel, operations] = [kernel.gradient, operations.gradient]
            .map(|gradient| gradient.to_vec_exact::<f32>().unwrap());
        for (one, other) in kernel.iter().zip(&operations) {
            assert!((one - other).abs() < 2e-6, "{one} {other}");
        }
    }
}
