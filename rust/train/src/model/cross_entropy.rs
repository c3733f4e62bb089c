//! Soft-capped logits against what was to be predicted: the loss of each token and its gradient.

use headroom_mlx::ops::indexing::{put_along_axis, take_along_axis};
use headroom_mlx::ops::{exp, logsumexp_axis, tanh};
use headroom_mlx::{Array, Dtype, Result};

/// The largest logit there can be.
const SOFT_CAP: f32 = 15.0;

/// What tokens were to be predicted, and which of them count.
pub(crate) struct Targets {
    /// `(n)` ids.
    pub(crate) ids: Array,
    /// `(n)`, one for a token that counts, zero for others, in float32.
    pub(crate) counted: Array,
}

/// What a chunk of tokens costs.
pub(crate) struct CrossEntropy {
    /// Nats of each token, zero where it does not count, `(n)` in float32.
    pub(crate) nats: Array,
    /// The gradient of their sum with respect to the logits before the cap, in the type of these.
    pub(crate) gradient: Array,
}

/// The loss of `logits (n, vocabulary)`, capped to `15 · tanh(x / 15)`, in float32.
pub(crate) fn cross_entropy(logits: &Array, targets: &Targets) -> Result<CrossEntropy> {
    let cap = Array::from_f32(SOFT_CAP);
    let one = Array::from_f32(1.0);
    let wide = logits.as_dtype(Dtype::Float32)?;
    let bent = tanh(wide.divide(&cap)?)?;
    let capped = bent.multiply(&cap)?;
    let column = |x: &Array| x.reshape(&[-1, 1]);
    let (ids, counted) = (column(&targets.ids)?, column(&targets.counted)?);
    let total = logsumexp_axis(&capped, -1, true)?;
    let missed = total.subtract(take_along_axis(&capped, &ids, -1)?)?;
    let shares = exp(capped.subtract(total)?)?;
    let expected = take_along_axis(&shares, &ids, -1)?.subtract(&one)?;
    let errors = put_along_axis(shares, &ids, expected, -1)?.multiply(&counted)?;
    let slope = one.subtract(bent.square()?)?;
    Ok(CrossEntropy {
        nats: missed.multiply(&counted)?.reshape(&[-1])?,
        gradient: errors.multiply(slope)?.as_dtype(logits.dtype())?,
    })
}
