//! Whether a model fits into what this process may still take, from its headers and configuration.

use std::path::Path;

use headroom_hub::{Selection, SelectionRequest};
use headroom_memory::{
    Backend, Fit, GenerationPlan, KvQuantization, LayerGeometry, MemoryState, ModelGeometry,
    StepShape, fit, predict, workspace_bytes,
};
use headroom_mlx::Processor;
use headroom_models::{
    EmbeddingPlacement, FAMILIES, LayerShape, ModelOutline, ModelShape, outline,
};
use serde::Serialize;

use crate::error::EngineError;
use crate::memory::memory_state;
use crate::parameters::GenerateParameters;
use crate::text_codec::TextCodec;

/// What a model takes, held against what there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FitReport {
    /// The answer.
    #[serde(flatten)]
    pub fit: Fit,
    /// Where the embedding is to lie for that: in its file only where the model does not fit with it
    /// in memory.
    pub embedding: EmbeddingPlacement,
    /// What a generation may take, the reserve and what the process itself grows by left out;
    /// `None` where the system does not tell, and the answer is not bounded by it.
    pub available_bytes: Option<u64>,
    /// The best model of the registry that would fit, where this one does not.
    pub alternative: Option<String>,
}

/// Kept free beside MLX's arrays, before a model is admitted and beside every step.
pub(crate) const BESIDE_ARRAYS_BYTES: u64 = 12 << 20;

/// OpenBLAS's buffer for one thread; where it cannot be mapped, OpenBLAS tries again for ever.
const BLAS_ADDRESS_BYTES: u64 = 128 << 20;

/// A question and an answer: what a model must at least have room for to be loaded.
const SHORTEST_CONTEXT: u32 = 256;

/// Predicts the peak of a generation with the model in `directory`, set to `plan`. Reads headers and
/// configuration only.
///
/// # Errors
/// When a file does not pass the gate, or memory cannot be read.
pub fn check_fit(directory: &Path, plan: &GenerationPlan) -> Result<FitReport, EngineError> {
    let outline = outline(directory)?;
    report(&outline, plan, TextCodec::predicted_bytes(directory))
}

/// The best model of the registry for what is available and a context of `context_tokens`.
pub fn select_model(available_bytes: u64, context_tokens: u32) -> Selection {
    let request = SelectionRequest {
        available_bytes,
        context_tokens,
    };
    headroom_hub::pick(
        request,
        |model| {
            FAMILIES
                .iter()
                .any(|family| family.model_type == model.family)
        },
        |geometry, context_tokens| {
            predict(geometry, &modest_plan(context_tokens), backend()).peak_bytes()
        },
    )
}

/// What a model is chosen for: small chunks, which cost no speed, and keys and values in 16 bits,
/// which a GPU computes in anyway.
fn modest_plan(context_tokens: u32) -> GenerationPlan {
    GenerationPlan {
        prefill_step: 128,
        kv_quantization: match backend() {
            Backend::Cpu => Some(KvQuantization::SIXTEEN_BITS),
            Backend::Gpu => None,
        },
        ..GenerationPlan::of_context(context_tokens)
    }
}

/// Where the embedding is to lie. Refuses a model for which there is no room even with the shortest
/// context, the embedding in its file, and `beside_bytes` for what is loaded with it.
pub(crate) fn require_room(
    directory: &Path,
    outline: &ModelOutline,
    beside_bytes: u64,
) -> Result<EmbeddingPlacement, EngineError> {
    let plan = GenerationPlan::of_context(SHORTEST_CONTEXT);
    let report = report(outline, &plan, beside_bytes)?;
    match report.fit {
        Fit::Fits { .. } | Fit::FitsIf { .. } => Ok(report.embedding),
        Fit::DoesNotFit {
            needed_bytes,
            available_bytes,
        } => Err(EngineError::DoesNotFit {
            path: directory.to_owned(),
            needed_bytes,
            available_bytes,
            alternative: report.alternative,
        }),
    }
}

/// Refuses a saved prompt cache that there is no room for.
pub(crate) fn require_room_for_bytes(path: &Path, needed_bytes: u64) -> Result<(), EngineError> {
    let state = memory_state()?;
    let available = state.available_bytes.unwrap_or(u64::MAX);
    let available_bytes = available.saturating_sub(BESIDE_ARRAYS_BYTES);
    match needed_bytes <= available_bytes {
        true => Ok(()),
        false => Err(EngineError::CacheDoesNotFit {
            path: path.to_owned(),
            needed_bytes,
            available_bytes,
        }),
    }
}

/// What BLAS may map at its next product, where addresses are limited.
pub(crate) fn blas_addresses(state: &MemoryState) -> u64 {
    match (state.system.address_space.limit_bytes, backend()) {
        (Some(_), Backend::Cpu) => BLAS_ADDRESS_BYTES,
        _ => 0,
    }
}

fn report(
    outline: &ModelOutline,
    plan: &GenerationPlan,
    beside_bytes: u64,
) -> Result<FitReport, EngineError> {
    let state = memory_state()?;
    let reserve = state.budget_bytes.unwrap_or(0) / 50;
    let kept_free = reserve
        .max(BESIDE_ARRAYS_BYTES)
        .saturating_add(beside_bytes)
        .saturating_add(blas_addresses(&state));
    let available_bytes = state
        .available_bytes
        .map(|bytes| bytes.saturating_sub(kept_free));
    let bounded_by = available_bytes.unwrap_or(u64::MAX);
    let (fit, embedding) = fit_wherever_the_embedding_lies(outline, plan, bounded_by);
    let alternative = match fit {
        Fit::DoesNotFit { .. } => select_model(bounded_by, plan.context_tokens).pick,
        _ => None,
    };
    Ok(FitReport {
        fit,
        embedding,
        available_bytes,
        alternative: alternative.map(|model| model.name.clone()),
    })
}

/// In memory where the model fits so: rows are found there faster than in a file.
fn fit_wherever_the_embedding_lies(
    outline: &ModelOutline,
    plan: &GenerationPlan,
    available_bytes: u64,
) -> (Fit, EmbeddingPlacement) {
    let fit_with = |embedding| {
        let geometry = geometry_of_outline(outline, embedding);
        (fit(&geometry, plan, backend(), available_bytes), embedding)
    };
    match fit_with(EmbeddingPlacement::Memory) {
        (Fit::DoesNotFit { .. }, _) if saves_embedding(outline) => {
            fit_with(EmbeddingPlacement::File)
        }
        answer => answer,
    }
}

/// Whether there is an embedding that can stay in its file.
fn saves_embedding(outline: &ModelOutline) -> bool {
    outline.weights_bytes_without_embedding < outline.weights_bytes
}

/// A loaded model's sizes, for predictions on the way.
#[derive(Debug, Clone)]
pub(crate) struct Predictor {
    pub(crate) geometry: ModelGeometry,
}

impl Predictor {
    pub(crate) fn of_outline(outline: &ModelOutline, embedding: EmbeddingPlacement) -> Self {
        Self {
            geometry: geometry_of_outline(outline, embedding),
        }
    }

    /// The peak of a whole generation, the weights included.
    pub(crate) fn peak_bytes(
        &self,
        prompt: usize,
        limit: usize,
        parameters: &GenerateParameters,
    ) -> u64 {
        let prompt_tokens = clamped(prompt);
        let plan = GenerationPlan {
            context_tokens: prompt_tokens.saturating_add(clamped(limit)),
            prompt_tokens,
            prefill_step: parameters.prefill_step,
            max_kv_size: parameters.max_kv_size,
            kv_quantization: parameters.kv_quantization,
            quantized_kv_start: parameters.quantized_kv_start,
        };
        predict(&self.geometry, &plan, backend()).peak_bytes()
    }

    /// What a step takes beside weights and caches.
    pub(crate) fn workspace_bytes(&self, step: &StepShape) -> u64 {
        workspace_bytes(&self.geometry, step, backend())
    }

    /// What caches laid out like this take once they have seen `tokens`.
    pub(crate) fn kv_cache_bytes(&self, tokens: u32, step: &StepShape) -> u64 {
        self.geometry.kv_cache_bytes(tokens, step.kv, backend())
    }
}

/// What computes here.
pub(crate) fn backend() -> Backend {
    match Processor::current() {
        Processor::Cpu => Backend::Cpu,
        Processor::Gpu => Backend::Gpu,
    }
}

pub(crate) fn clamped(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

fn geometry_of_outline(outline: &ModelOutline, embedding: EmbeddingPlacement) -> ModelGeometry {
    let ModelShape {
        hidden_size,
        residual_streams,
        intermediate_size,
        mlp_is_gated,
        heads,
        vocabulary_size,
        context_length,
        ref layers,
        rope_stretch: _,
    } = outline.shape;
    ModelGeometry {
        weights_bytes: outline.weights_bytes_with(embedding),
        weights_are_quantized: outline.weights_are_quantized,
        hidden_size,
        residual_streams,
        intermediate_size,
        mlp_is_gated,
        heads,
        vocabulary_size,
        context_length,
        layers: layers.iter().map(layer_geometry).collect(),
    }
}

fn layer_geometry(layer: &LayerShape) -> LayerGeometry {
    LayerGeometry {
        key_value_heads: layer.key_value_heads,
        head_dim: layer.head_dim,
        window: layer.window,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline_of(case: &str) -> ModelOutline {
        headroom_mlx::start().unwrap();
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
        outline(&cases.join(case).join("model")).unwrap()
    }

    /// Whether the model fits into so many bytes, and where its embedding is to lie.
    fn answer(outline: &ModelOutline, available_bytes: u64) -> (Option<u64>, EmbeddingPlacement) {
        let plan = GenerationPlan::of_context(SHORTEST_CONTEXT);
        let (fit, embedding) = fit_wherever_the_embedding_lies(outline, &plan, available_bytes);
        let lacking = match fit {
            Fit::DoesNotFit { needed_bytes, .. } => Some(needed_bytes),
            _ => None,
        };
        (lacking, embedding)
    }

    #[test]
    fn an_embedding_stays_in_its_file_where_the_model_fits_in_no_other_way() {
        let outline = outline_of("llama-float32");
        let (smallest, _) = answer(&outline, 0);
        let without = smallest.unwrap();
        let with = without + outline.weights_bytes - outline.weights_bytes_without_embedding;
        assert_eq!(answer(&outline, with), (None, EmbeddingPlacement::Memory));
        assert_eq!(answer(&outline, with - 1), (None, EmbeddingPlacement::File));
        assert_eq!(answer(&outline, without), (None, EmbeddingPlacement::File));
        assert_eq!(answer(&outline, without - 1).0, Some(without));
    }

    #[test]
    fn an_embedding_that_the_head_shares_stays_in_memory() {
        let outline = outline_of("llama-bfloat16-tied");
        assert_eq!(answer(&outline, 0).1, EmbeddingPlacement::Memory);
    }
}
