//! The peak of a generation, predicted before anything is loaded.

use serde::Serialize;

use super::geometry::{Backend, ModelGeometry};
use super::kv_bytes::KvLayout;
use super::plan::GenerationPlan;
use super::workspace::{StepShape, logits_bytes, workspace_bytes};

/// What a generation takes from MLX's allocator at its peak, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// The weights.
    pub weights_bytes: u64,
    /// Keys and values, spare positions included.
    pub kv_cache_bytes: u64,
    /// What the largest step computes with.
    pub workspace_bytes: u64,
    /// The logits of the last token.
    pub logits_bytes: u64,
}

impl Prediction {
    /// All parts together.
    pub fn peak_bytes(&self) -> u64 {
        self.weights_bytes
            .saturating_add(self.kv_cache_bytes)
            .saturating_add(self.workspace_bytes)
            .saturating_add(self.logits_bytes)
    }
}

/// What a generation set to `plan` takes: the largest of the moments when the last whole chunk of the
/// prompt is computed, when what is left of it is, and when the last token of the answer is.
pub fn predict(geometry: &ModelGeometry, plan: &GenerationPlan, backend: Backend) -> Prediction {
    let prompt = plan.prompt_tokens.min(plan.context_tokens);
    let step = plan.prefill_step.min(prompt);
    let rest = prompt.checked_rem(step).unwrap_or(0);
    let at = |tokens, seen_tokens| at_step(geometry, plan, backend, tokens, seen_tokens);
    let whole_chunk = at(step, prompt - rest);
    let later = [at(rest, prompt), at(1, plan.context_tokens)];
    later.into_iter().fold(whole_chunk, |largest, moment| {
        match moment.peak_bytes() > largest.peak_bytes() {
            true => moment,
            false => largest,
        }
    })
}

fn at_step(
    geometry: &ModelGeometry,
    plan: &GenerationPlan,
    backend: Backend,
    tokens: u32,
    seen_tokens: u32,
) -> Prediction {
    let kv = KvLayout {
        max_size: plan.max_kv_size,
        quantization: plan
            .kv_quantization
            .filter(|_| seen_tokens >= plan.quantized_kv_start),
    };
    let step = StepShape {
        tokens,
        seen_tokens,
        kv,
    };
    let logits_bytes = logits_bytes(geometry);
    Prediction {
        weights_bytes: geometry.weights_bytes,
        kv_cache_bytes: geometry.kv_cache_bytes(seen_tokens, kv, backend),
        workspace_bytes: workspace_bytes(geometry, &step, backend) - logits_bytes,
        logits_bytes,
    }
}
