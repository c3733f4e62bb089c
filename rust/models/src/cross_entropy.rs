//! How well a model predicts tokens that are known.

use headroom_mlx::ops::indexing::take_along_axis;
use headroom_mlx::ops::logsumexp_axis;
use headroom_mlx::{Array, Dtype, Exception, trim_heap};

use crate::cache::{CacheLayout, ModelCache};
use crate::error::ModelError;
use crate::model::{LanguageModel, LogitRows};

/// Logits that are there at once, in float32: 16 MiB.
const LOGITS: usize = 1 << 22;

/// The cross-entropy in nats of all tokens of a window but its first, each predicted from those before
/// it; 0 for fewer than two.
///
/// # Errors
/// When an id is none of the model's, or MLX fails.
pub fn cross_entropy(model: &dyn LanguageModel, window: &[u32]) -> Result<f64, ModelError> {
    let Some((_, known)) = window.split_last() else {
        return Ok(0.0);
    };
    let mut cache = model.new_cache(CacheLayout::Simple);
    cache.expect(u32::try_from(window.len()).unwrap_or(u32::MAX));
    let vocabulary = model.shape().vocabulary_size as usize;
    let rows = (LOGITS / vocabulary.max(1)).max(1);
    let mut nats = 0.0;
    for (seen, next) in known.chunks(rows).zip(window[1..].chunks(rows)) {
        nats += nats_of_piece(model, &mut cache, seen, next)?;
        trim_heap();
    }
    Ok(nats)
}

fn nats_of_piece(
    model: &dyn LanguageModel,
    cache: &mut ModelCache,
    seen: &[u32],
    next: &[u32],
) -> Result<f64, ModelError> {
    let length = next.len() as i32;
    let seen = Array::from_slice(seen, &[1, length]);
    let logits = model.forward(&seen, &mut [cache], LogitRows::All)?;
    let logits = logits.as_dtype(Dtype::Float32)?;
    let next = Array::from_slice(next, &[1, length, 1]);
    let chosen = take_along_axis(&logits, &next, -1)?;
    let missed = logsumexp_axis(&logits, -1, true)?.subtract(chosen)?;
    let missed = missed.to_vec_exact::<f32>();
    let missed = missed.map_err(|error| Exception::custom(error.to_string()))?;
    Ok(missed.into_iter().map(f64::from).sum())
}
