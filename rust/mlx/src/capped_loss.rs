//! The loss of soft-capped logits on a CPU, where MLX would walk over them a dozen times on one core.

use headroom_kernels::{CappedLoss, soft_capped_cross_entropy};

use crate::array_block::{ArrayBlock, ArrayLayout};
use crate::{Array, Dtype, Exception, Result};

/// What each token was to be followed by, and whether it counts.
#[derive(Debug, Clone, Copy)]
pub struct TokenTargets<'a> {
    /// Ids.
    pub ids: &'a [u32],
    /// As many flags.
    pub counted: &'a [bool],
}

/// Nats of each token of `logits (tokens, vocabulary)` in float32, and the gradient of their sum, for
/// logits that become `cap · tanh(x / cap)`. Evaluates `logits`.
///
/// # Errors
/// When shapes do not agree, a target is outside the vocabulary, or there is no memory.
pub fn capped_loss(logits: &Array, targets: TokenTargets, cap: f32) -> Result<(Vec<f32>, Array)> {
    let &[tokens, vocabulary] = logits.shape() else {
        return Err(Exception::custom("logits of a loss have two dimensions"));
    };
    let is_known = |&id: &u32| i32::try_from(id).is_ok_and(|id| id < vocabulary);
    let lengths = [targets.ids.len(), targets.counted.len()];
    if lengths != [tokens as usize; 2] || !targets.ids.iter().all(is_known) {
        let message = format!("targets do not suit logits of {tokens} tokens and {vocabulary} ids");
        return Err(Exception::custom(message));
    }
    let logits = logits.contiguous()?;
    let unreadable = |error: &dyn std::fmt::Display| Exception::custom(error.to_string());
    let values = logits
        .try_as_slice::<f32>()
        .map_err(|error| unreadable(&error))?;
    let shape = [tokens as usize, vocabulary as usize];
    let mut block = ArrayBlock::new(vec![ArrayLayout::new(&shape, Dtype::Float32)?])?;
    let mut nats = vec![0.0; shape[0]];
    let mut parts = block.parts();
    let bytes = parts.first_mut().map_or(&mut [][..], |part| &mut **part);
    // SAFETY: every pattern of bits is a float; what is not aligned is refused below.
    let (before, gradient, after) = unsafe { bytes.align_to_mut::<f32>() };
    if !(before.is_empty() && after.is_empty()) {
        return Err(Exception::custom("memory for a gradient is not aligned"));
    }
    soft_capped_cross_entropy(CappedLoss {
        logits: values,
        targets: targets.ids,
        counted: targets.counted,
        cap,
        gradient,
        nats: &mut nats,
    });
    let gradient = block.into_arrays()?.pop();
    let gradient = gradient.ok_or_else(|| Exception::custom("no memory for a gradient"))?;
    Ok((nats, gradient))
}
