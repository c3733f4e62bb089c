//! Greedy decoding against the clock.

use std::error::Error;
use std::time::{Duration, Instant};

use headroom_mlx::ops::indexing::argmax_axis;
use headroom_mlx::{Array, allocator};
use headroom_models::{LanguageModel, LogitRows, ModelCache};

use crate::{Measured, Request};

/// Fewer would leave too much to chance.
const FEWEST_TOKENS: u32 = 2;

/// The first token is made before the clock starts: it lets the buffers grow, and what is compiled or
/// cached on first use is there afterwards.
pub(crate) fn decode(
    model: &dyn LanguageModel,
    mut cache: ModelCache,
    request: &Request,
) -> Result<Measured, Box<dyn Error>> {
    let mut token = next_token(model, &mut cache, &Array::from_slice(&[1u32], &[1, 1]))?;
    allocator::reset_peak()?;
    let started = Instant::now();
    let mut tokens = 0;
    while !is_enough(request, tokens, started.elapsed()) {
        token = next_token(model, &mut cache, &token)?;
        tokens += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    let memory = allocator::read()?;
    Ok(Measured {
        tokens,
        seconds,
        cache_bytes: cache.allocated_bytes(),
        active_bytes: memory.active_bytes,
        peak_bytes: memory.peak_bytes,
    })
}

fn is_enough(request: &Request, tokens: u32, elapsed: Duration) -> bool {
    let is_late = tokens >= FEWEST_TOKENS && elapsed.as_secs_f64() >= request.most_seconds;
    tokens >= request.most_tokens || is_late
}

/// `token (1, 1)` to the likeliest next one, computed.
fn next_token(
    model: &dyn LanguageModel,
    cache: &mut ModelCache,
    token: &Array,
) -> Result<Array, Box<dyn Error>> {
    let logits = model.forward(token, &mut [cache], LogitRows::Last)?;
    let next = argmax_axis(&logits, -1, false)?;
    next.eval()?;
    Ok(next)
}
