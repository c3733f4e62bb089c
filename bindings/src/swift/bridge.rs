//! The declarations that the Swift glue is generated from; `cargo xtask swift-glue` reads this file.

use super::handles::{
    BridgedError, BridgedGeneration, BridgedLoading, BridgedModel, BridgedSession,
    bridged_clear_cache, bridged_load, bridged_memory_state, bridged_panic, bridged_session,
    bridged_use_metal_library,
};

#[swift_bridge::bridge]
pub(crate) mod ffi {
    enum BridgedPressure {
        Low,
        Medium,
        High,
        Critical,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedMlxFigures {
        active_bytes: u64,
        cache_bytes: u64,
        peak_bytes: u64,
        memory_limit_bytes: u64,
        cache_limit_bytes: u64,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedMemoryState {
        budget_bytes: Option<u64>,
        used_bytes: Option<u64>,
        available_bytes: Option<u64>,
        physical_bytes: Option<u64>,
        pressure: BridgedPressure,
        memory_usage_ratio: Option<f64>,
        mlx: Option<BridgedMlxFigures>,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedParameters {
        max_tokens: u32,
        temperature: f32,
        top_p: f32,
        top_k: u32,
        min_p: f32,
        repetition_penalty: f32,
        repetition_context: u32,
        seed: Option<u64>,
        stop: Vec<String>,
        prefill_step: u32,
    }

    enum BridgedStopReason {
        Stop,
        Length,
        Cancelled,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedSummary {
        text: String,
        tokens: Vec<u32>,
        prompt_tokens: u64,
        cached_prompt_tokens: u64,
        stop_reason: BridgedStopReason,
        load_seconds: f64,
        time_to_first_token_seconds: Option<f64>,
        prompt_tokens_per_second: Option<f64>,
        generation_tokens_per_second: Option<f64>,
        peak_mlx_bytes: u64,
        peak_footprint_bytes: Option<u64>,
        kv_cache_bytes: u64,
    }

    enum BridgedEvent {
        Prefill { done_tokens: u64, total_tokens: u64 },
        Text(String),
        End(BridgedSummary),
        Over,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedProgress {
        read_bytes: u64,
        total_bytes: u64,
    }

    extern "Rust" {
        type BridgedError;
        fn code(&self) -> u32;
        fn message(&self) -> String;
    }

    extern "Rust" {
        fn bridged_memory_state() -> Result<BridgedMemoryState, BridgedError>;
        fn bridged_clear_cache() -> Result<(), BridgedError>;
        fn bridged_use_metal_library(path: String) -> Result<(), BridgedError>;
        fn bridged_panic() -> Result<(), BridgedError>;
    }

    extern "Rust" {
        type BridgedLoading;
        fn bridged_load(directory: String) -> BridgedLoading;
        fn next_progress(&self) -> Option<BridgedProgress>;
        fn finish(&self) -> Result<BridgedModel, BridgedError>;
        fn cancel(&self);
    }

    extern "Rust" {
        type BridgedModel;
        fn has_chat_template(&self) -> bool;
        fn vocabulary_size(&self) -> u32;
        fn context_length(&self) -> Option<u32>;
        fn generate(
            &self,
            prompt: String,
            parameters: BridgedParameters,
        ) -> Result<BridgedGeneration, BridgedError>;
    }

    extern "Rust" {
        type BridgedSession;
        fn bridged_session(
            model: &BridgedModel,
            instructions: Option<String>,
            parameters: BridgedParameters,
        ) -> BridgedSession;
        fn respond(&self, text: String) -> Result<BridgedGeneration, BridgedError>;
        fn reset(&self);
    }

    extern "Rust" {
        type BridgedGeneration;
        fn next_event(&self) -> Result<BridgedEvent, BridgedError>;
        fn cancel(&self);
    }
}
