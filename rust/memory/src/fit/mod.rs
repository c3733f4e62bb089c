//! Whether a model fits, answered before anything of it is loaded.
//!
//! `geometry` and `plan` are the question: a model's sizes and what a generation is set to.
//! `kv_bytes` counts caches to the byte, `workspace` predicts what a step computes with, and
//! `prediction` adds them up to the peak. Here the peak is held against what is available.

mod cache_choice;
mod geometry;
mod kv_bytes;
mod plan;
mod prediction;
mod workspace;

use serde::Serialize;

pub use cache_choice::choose_kv_layout;
pub use geometry::{Backend, LayerGeometry, ModelGeometry};
pub use kv_bytes::{KV_GROWTH_STEP, KvLayout};
pub use plan::{GenerationPlan, KvQuantization};
pub use prediction::{Prediction, predict};
pub use workspace::{StepShape, workspace_bytes};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Fit {
    /// As asked.
    Fits {
        /// What it takes.
        prediction: Prediction,
    },
    /// With another plan: a smaller step first, then fewer bits for keys and values, then a shorter
    /// context.
    FitsIf {
        /// The first plan that fits.
        plan: GenerationPlan,
        /// What it takes.
        prediction: Prediction,
    },
    /// With none.
    DoesNotFit {
        /// What the smallest plan takes.
        needed_bytes: u64,
        /// What there is.
        available_bytes: u64,
    },
}

/// The smallest prompt chunk that is tried: below it, speed falls and nothing more is saved.
const SMALLEST_STEP: u32 = 16;
/// The shortest context that is tried: a question and an answer.
const SHORTEST_CONTEXT: u32 = 256;

/// Holds a generation set to `plan` against `available_bytes`.
pub fn fit(
    geometry: &ModelGeometry,
    plan: &GenerationPlan,
    backend: Backend,
    available_bytes: u64,
) -> Fit {
    let mut smallest = u64::MAX;
    for candidate in plans(geometry, plan, backend) {
        let prediction = predict(geometry, &candidate, backend);
        smallest = smallest.min(prediction.peak_bytes());
        if prediction.peak_bytes() <= available_bytes {
            return match candidate == *plan {
                true => Fit::Fits { prediction },
                false => Fit::FitsIf {
                    plan: candidate,
                    prediction,
                },
            };
        }
    }
    Fit::DoesNotFit {
        needed_bytes: smallest,
        available_bytes,
    }
}

/// The plan itself and what may take its place, the least given up first.
fn plans(
    geometry: &ModelGeometry,
    plan: &GenerationPlan,
    backend: Backend,
) -> impl Iterator<Item = GenerationPlan> {
    let plan = *plan;
    let precisions = precisions(geometry, plan.kv_quantization, backend);
    halves(plan.context_tokens, SHORTEST_CONTEXT).flat_map(move |context_tokens| {
        precisions
            .clone()
            .into_iter()
            .flat_map(move |kv_quantization| {
                halves(plan.prefill_step, SMALLEST_STEP).map(move |prefill_step| GenerationPlan {
                    context_tokens,
                    prompt_tokens: plan.prompt_tokens.min(context_tokens),
                    prefill_step,
                    kv_quantization,
                    ..plan
                })
            })
    })
}

/// `from`, then half of it again and again, down to `least`.
fn halves(from: u32, least: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(from), move |&last| {
        (last > least).then(|| (last / 2).max(least))
    })
}

/// The precision asked for, then each that takes less.
fn precisions(
    geometry: &ModelGeometry,
    asked: Option<KvQuantization>,
    backend: Backend,
) -> Vec<Option<KvQuantization>> {
    let bytes = |precision| geometry.kv_bytes_per_token(precision, backend);
    let group_size = geometry.kv_group_size();
    let quantized = |bits| group_size.map(|group_size| KvQuantization { bits, group_size });
    let fewer = [
        Some(KvQuantization::SIXTEEN_BITS),
        quantized(8),
        quantized(4),
    ];
    let fewer = fewer.into_iter().filter(|one| one.is_some());
    let fewer = fewer.filter(|one| bytes(*one) < bytes(asked));
    std::iter::once(asked).chain(fewer).collect()
}

#[cfg(test)]
mod tests;
