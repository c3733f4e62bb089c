//! Between the engine's values and those that swift-bridge carries.

use headroom_engine::{
    Event, FitReport, GenerateParameters, GenerationSummary, Governing, OutputConstraint,
    StopReason,
};
use headroom_memory::{
    ActionReport, AllocatorLimits, Fit, GenerationPlan, GenerationSettings, MemoryState,
    MlxFigures, Pressure, Strategy,
};

use super::bridge::ffi::{
    BridgedAction, BridgedEvent, BridgedFit, BridgedFitAnswer, BridgedLimits, BridgedMemoryState,
    BridgedMlxFigures, BridgedParameters, BridgedPressure, BridgedSettings, BridgedStopReason,
    BridgedStrategy, BridgedSummary,
};
use crate::c::action::{action_out, sentence};
use crate::c::parameters::{HR_CONSTRAINT_JSON_SCHEMA, HR_CONSTRAINT_REGEX};
use crate::kv_options::KvOptions;

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

impl From<BridgedPressure> for Pressure {
    fn from(pressure: BridgedPressure) -> Self {
        match pressure {
            BridgedPressure::Low => Self::Low,
            BridgedPressure::Medium => Self::Medium,
            BridgedPressure::High => Self::High,
            BridgedPressure::Critical => Self::Critical,
        }
    }
}

impl From<BridgedStrategy> for Strategy {
    fn from(strategy: BridgedStrategy) -> Self {
        match strategy {
            BridgedStrategy::Conservative => Self::Conservative,
            BridgedStrategy::Balanced => Self::Balanced,
            BridgedStrategy::Aggressive => Self::Aggressive,
        }
    }
}

impl From<AllocatorLimits> for BridgedLimits {
    fn from(limits: AllocatorLimits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            cache_bytes: limits.cache_bytes,
            wired_bytes: limits.wired_bytes,
        }
    }
}

impl From<GenerationSettings> for BridgedSettings {
    fn from(settings: GenerationSettings) -> Self {
        let kv = KvOptions::new(settings.max_kv_size, settings.kv_quantization);
        Self {
            prefill_step: settings.prefill_step,
            max_kv_size: kv.max_kv_size,
            kv_bits: kv.kv_bits,
            kv_group_size: kv.kv_group_size,
            quantized_kv_start: settings.quantized_kv_start,
        }
    }
}

/// Where the model does not fit, the plan is the one that was asked for.
impl From<(FitReport, GenerationPlan)> for BridgedFit {
    fn from((report, asked): (FitReport, GenerationPlan)) -> Self {
        let (answer, needed_bytes, plan) = match report.fit {
            Fit::Fits { prediction } => (BridgedFitAnswer::Fits, prediction.peak_bytes(), asked),
            Fit::FitsIf { plan, prediction } => {
                (BridgedFitAnswer::FitsIf, prediction.peak_bytes(), plan)
            }
            Fit::DoesNotFit { needed_bytes, .. } => {
                (BridgedFitAnswer::DoesNotFit, needed_bytes, asked)
            }
        };
        let settings = GenerationSettings {
            prefill_step: plan.prefill_step,
            max_kv_size: plan.max_kv_size,
            kv_quantization: plan.kv_quantization,
            quantized_kv_start: plan.quantized_kv_start,
        };
        Self {
            answer,
            needed_bytes,
            available_bytes: report.available_bytes,
            context_tokens: plan.context_tokens,
            settings: settings.into(),
            alternative: report.alternative.unwrap_or_default(),
        }
    }
}

impl From<BridgedParameters> for GenerateParameters {
    fn from(parameters: BridgedParameters) -> Self {
        let kv = KvOptions {
            max_kv_size: parameters.max_kv_size,
            kv_bits: parameters.kv_bits,
            kv_group_size: parameters.kv_group_size,
        };
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
            max_kv_size: kv.max_size(),
            kv_quantization: kv.quantization(),
            quantized_kv_start: parameters.quantized_kv_start,
            monitor_interval: parameters.monitor_interval,
            governing: match parameters.is_governed {
                true => Governing::On,
                false => Governing::Off,
            },
            presence_penalty: parameters.presence_penalty,
            presence_context: parameters.presence_context,
            frequency_penalty: parameters.frequency_penalty,
            frequency_context: parameters.frequency_context,
            logit_bias: parameters
                .bias_tokens
                .into_iter()
                .zip(parameters.biases)
                .collect(),
            top_logprobs: parameters.top_logprobs,
            min_tokens: parameters.min_tokens,
            constraint: constraint(parameters.constraint_kind, parameters.constraint),
        }
    }
}

fn constraint(kind: u32, text: String) -> Option<OutputConstraint> {
    match kind {
        HR_CONSTRAINT_JSON_SCHEMA => Some(OutputConstraint::JsonSchema(text)),
        HR_CONSTRAINT_REGEX => Some(OutputConstraint::Regex(text)),
        _ => None,
    }
}

impl From<ActionReport> for BridgedAction {
    fn from(report: ActionReport) -> Self {
        let (kind, value) = action_out(report.decision.action);
        Self {
            kind: kind as u32,
            value,
            sentence: sentence(&report),
            pressure: report.decision.pressure.into(),
            freed_bytes: report.freed_bytes,
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
            Event::Memory(state) => Self::Memory((*state).into()),
            Event::Action(report) => Self::Action(report.into()),
            Event::End(summary) => Self::End(summary.into()),
        }
    }
}

impl From<GenerationSummary> for BridgedSummary {
    fn from(summary: GenerationSummary) -> Self {
        let top = || summary.logprobs.iter().flat_map(|one| &one.top);
        Self {
            logprobs: summary.logprobs.iter().map(|one| one.logprob).collect(),
            top_tokens: top().map(|one| one.token).collect(),
            top_logprobs: top().map(|one| one.logprob).collect(),
            text: summary.text,
            tokens: summary.tokens,
            prompt_tokens: summary.prompt_tokens as u64,
            cached_prompt_tokens: summary.cached_prompt_tokens as u64,
            stop_reason: match summary.stop_reason {
                StopReason::Stop => BridgedStopReason::Stop,
                StopReason::Length => BridgedStopReason::Length,
                StopReason::Cancelled => BridgedStopReason::Cancelled,
                StopReason::Memory => BridgedStopReason::Memory,
            },
            load_seconds: summary.load_seconds,
            time_to_first_token_seconds: summary.time_to_first_token_seconds,
            prompt_tokens_per_second: summary.prompt_tokens_per_second,
            generation_tokens_per_second: summary.generation_tokens_per_second,
            peak_mlx_bytes: summary.peak_mlx_bytes,
            peak_footprint_bytes: summary.peak_footprint_bytes,
            predicted_peak_mlx_bytes: summary.predicted_peak_mlx_bytes,
            kv_cache_bytes: summary.kv_cache_bytes,
        }
    }
}
