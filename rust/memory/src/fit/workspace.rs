//! What computing a step takes beside weights and caches, predicted from its shape.
//!
//! MLX keeps what a step computes until the last use of it, evaluates breadth first and allocates
//! ahead of its thread, so that the peak cannot be read off the formulas of the model. The shares
//! below are least-squares fits over 144 measured peaks (4 models of both families, 4 and 8 bits and
//! bfloat16, prompts of 256 to 2,048 tokens, steps of 16 to 1,024) on a CPU; the largest error was 6 %
//! of the peak before the shares were rounded. Those of quantised MLPs were set again by hand when
//! their products changed, to the nine peaks in `rust/engine/tests/fit.rs` that they decide; the other
//! shares are held there to models that they were not fitted to.
//! For Metal they are what the same graph keeps with fused attention; nobody has measured them there
//! yet.

use super::geometry::{Backend, ModelGeometry};
use super::kv_bytes::KvLayout;

/// One evaluation: a chunk of a prompt or one token of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepShape {
    /// Tokens computed at once.
    pub tokens: u32,
    /// Tokens seen when it ends, its own included.
    pub seen_tokens: u32,
    /// How the cache is kept.
    pub kv: KvLayout,
}

/// What a moment of the step keeps: so many times the step's rows of each width, and blocks of
/// expanded weights.
struct Shares {
    blocks: f64,
    hidden: f64,
    intermediate: f64,
    queries: f64,
}

/// Elements that a CPU expands or widens at once (`rust/mlx/src/products.rs`).
const BLOCK_ELEMENTS: u64 = 1 << 18;
/// From how many rows on packed weights are expanded.
const EXPANDED_FROM: u32 = 2;

const CPU_ATTENTION_QUANTIZED: Shares = Shares {
    blocks: 0.25,
    hidden: 2.0,
    intermediate: 1.25,
    queries: 5.0,
};
const CPU_MLP_QUANTIZED: Shares = Shares {
    blocks: 4.0,
    hidden: 0.0,
    intermediate: 7.5,
    queries: 0.0,
};
const CPU_ATTENTION_DENSE: Shares = Shares {
    blocks: 4.75,
    hidden: 8.0,
    intermediate: 2.0,
    queries: 1.0,
};
const CPU_MLP_DENSE: Shares = Shares {
    blocks: 12.25,
    hidden: 0.0,
    intermediate: 3.75,
    queries: 0.0,
};
const GPU_ATTENTION: Shares = Shares {
    blocks: 0.0,
    hidden: 2.0,
    intermediate: 1.25,
    queries: 5.0,
};
const GPU_MLP: Shares = Shares {
    blocks: 0.0,
    hidden: 2.0,
    intermediate: 4.5,
    queries: 0.0,
};

/// What of an MLP's share is its gate's: four peaks of nanochat in `rust/engine/tests/fit.rs`.
const GATE_SHARE: f64 = 1.0;

/// Bytes that the step takes at its peak beside weights and caches, the last row's logits included.
pub fn workspace_bytes(geometry: &ModelGeometry, step: &StepShape, backend: Backend) -> u64 {
    let (attention, mlp) = match (backend, geometry.weights_are_quantized) {
        (Backend::Gpu, _) => (GPU_ATTENTION, GPU_MLP),
        (Backend::Cpu, true) => (CPU_ATTENTION_QUANTIZED, CPU_MLP_QUANTIZED),
        (Backend::Cpu, false) => (CPU_ATTENTION_DENSE, CPU_MLP_DENSE),
    };
    let rows = Rows {
        geometry,
        step,
        backend,
    };
    let attending = rows
        .bytes(&attention)
        .saturating_add(rows.attention_bytes());
    let peak = attending.max(rows.bytes(&mlp));
    peak.saturating_add(logits_bytes(geometry))
}

/// The last row of logits in float32, and the copies that sampling makes of it.
pub(super) fn logits_bytes(geometry: &ModelGeometry) -> u64 {
    u64::from(geometry.vocabulary_size) * 4 * 2
}

struct Rows<'a> {
    geometry: &'a ModelGeometry,
    step: &'a StepShape,
    backend: Backend,
}

impl Rows<'_> {
    fn bytes(&self, shares: &Shares) -> u64 {
        let head_dims = self.geometry.layers.iter().map(|layer| layer.head_dim);
        let query_width = u64::from(self.geometry.heads) * u64::from(head_dims.max().unwrap_or(0));
        let width = shares.hidden * f64::from(self.geometry.hidden_size)
            + self.other_streams()
            + self.intermediate(shares)
            + shares.queries * query_width as f64;
        let row = width * self.backend.computed_bytes() as f64;
        (f64::from(self.step.tokens) * row + shares.blocks * self.block_bytes() as f64) as u64
    }

    /// Every residual stream but the one that is being computed waits beside it.
    fn other_streams(&self) -> f64 {
        let others = self.geometry.residual_streams.saturating_sub(1);
        f64::from(others) * f64::from(self.geometry.hidden_size)
    }

    fn intermediate(&self, shares: &Shares) -> f64 {
        let share = match self.geometry.mlp_is_gated {
            true => shares.intermediate,
            false => (shares.intermediate - GATE_SHARE).max(0.0),
        };
        share * f64::from(self.geometry.intermediate_size)
    }

    /// One block of expanded weights; nothing where they are used as they are.
    fn block_bytes(&self) -> u64 {
        let is_quantized = self.geometry.weights_are_quantized;
        if is_quantized && self.step.tokens < EXPANDED_FROM {
            return 0;
        }
        let outputs = match is_quantized {
            true => self.geometry.intermediate_size,
            false => self.geometry.vocabulary_size,
        };
        let matrix = u64::from(self.geometry.hidden_size).saturating_mul(outputs.into());
        let elements = BLOCK_ELEMENTS.min(matrix);
        elements * 4
    }

    /// Scores, their mask, and one layer's keys and values as attention reads them.
    fn attention_bytes(&self) -> u64 {
        let tokens = u64::from(self.step.tokens);
        let columns = self.columns();
        let layer = self.geometry.largest_layer_bytes(columns, self.backend);
        match self.backend {
            // Metal's fused attention never holds the scores.
            Backend::Gpu => layer,
            Backend::Cpu => {
                let pairs = tokens.saturating_mul(columns);
                let scores = pairs.saturating_mul(u64::from(self.geometry.heads) * 4);
                scores.saturating_add(pairs).saturating_add(layer)
            }
        }
    }

    /// Positions that the step's queries are compared with, in the layer that sees most.
    fn columns(&self) -> u64 {
        let StepShape {
            tokens,
            seen_tokens,
            kv,
        } = *self.step;
        let kept = |bound: u32| bound.saturating_add(tokens);
        let widest = self.geometry.layers.iter().map(|layer| layer.window);
        let window = widest.reduce(|one, other| Some(one?.max(other?))).flatten();
        let bounds = [kv.max_size, window];
        let bounds = bounds.into_iter().flatten().map(kept);
        bounds.fold(seen_tokens, u32::min).into()
    }
}
