//! Between the engine's values and those that swift-bridge carries.

use headroom_engine::{Event, GenerateParameters, GenerationSummary, StopReason};
use headroom_memory::{MemoryState, MlxFigures, Pressure};

use super::bridge::ffi::{
    BridgedEvent, BridgedMemoryState, BridgedMlxFigures, BridgedParameters, BridgedPressure,
    BridgedStopReason, BridgedSummary,
};

impl From<MemoryState> for BridgedMemoryState {
    fn from(state: MemoryState) -> Self {
        Self {
            budget_bytes: state.budget_bytes,
            used_bytes: state.used_bytes,
            available_bytes: state.available_bytes,
            physical_bytes: state.system.physical_bytes,
            pressure: state.pressure.into(),
            memory_usage_ratio: state.memory_usage_ratio,
            mlx: state.mlx.map(Into::into),
        }
    }
}

impl From<MlxFigures> for BridgedMlxFigures {
    fn from(figures: MlxFigures) -> Self {
        Self {
            active_bytes: figures.active_bytes,
            cache_bytes: figures.cache_bytes,
            peak_bytes: figures.peak_bytes,
            memory_limit_bytes: figures.memory_limit_bytes,
            cache_limit_bytes: figures.cache_limit_bytes,
        }
    }
}

impl From<Pressure> for BridgedPressure {
    fn from(pressure: Pressure) -> Self {
        match pressure {
            Pressure::Low => Self::Low,
            Pressure::Medium => Self::Medium,
            Pressure::High => Self::High,
            Pressure::Critical => Self::Critical,
        }
    }
}

impl From<BridgedParameters> for GenerateParameters {
    fn from(parameters: BridgedParameters) -> Self {
        Self {
            max_tokens: parameters.max_tokens,
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            top_k: parameters.top_k,
            min_p: parameters.min_p,
            repetition_penalty: parameters.repetition_penalty,
            repetition_context: parameters.repetition_context,
            seed: parameters.seed,
            stop: parameters.stop,
            prefill_step: parameters.prefill_step,
        }
    }
}

impl From<Event> for BridgedEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Prefill {
                done_tokens,
                total_tokens,
            } => Self::Prefill {
                done_tokens: done_tokens as u64,
                total_tokens: total_tokens as u64,
            },
            Event::Text(text) => Self::Text(text),
            Event::End(summary) => Self::End(summary.into()),
        }
    }
}

impl From<GenerationSummary> for BridgedSummary {
    fn from(summary: GenerationSummary) -> Self {
        Self {
            text: summary.text,
            tokens: summary.tokens,
            prompt_tokens: summary.prompt_tokens as u64,
            cached_prompt_tokens: summary.cached_prompt_tokens as u64,
            stop_reason: match summary.stop_reason {
                StopReason::Stop => BridgedStopReason::Stop,
                StopReason::Length => BridgedStopReason::Length,
                StopReason::Cancelled => BridgedStopReason::Cancelled,
            },
            load_seconds: summary.load_seconds,
            time_to_first_token_seconds: summary.time_to_first_token_seconds,
            prompt_tokens_per_second: summary.prompt_tokens_per_second,
            generation_tokens_per_second: summary.generation_tokens_per_second,
            peak_mlx_bytes: summary.peak_mlx_bytes,
            peak_footprint_bytes: summary.peak_footprint_bytes,
            kv_cache_bytes: summary.kv_cache_bytes,
        }
    }
}
