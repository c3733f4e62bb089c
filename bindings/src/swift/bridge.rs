//! The declarations that the Swift glue is generated from; `cargo xtask swift-glue` reads this file.

use super::caches::{
    BridgedAids, BridgedCache, BridgedCacheMonitor, bridged_adaptive_cache, bridged_aids,
    bridged_cache, bridged_cache_monitor, bridged_load_cache, bridged_optimized_cache,
    bridged_set_prompt_cache_limit,
};
use super::error::BridgedError;
use super::handles::{
    BridgedGeneration, BridgedModel, BridgedSession, bridged_load_session, bridged_panic,
    bridged_session, bridged_session_with_cache, bridged_use_metal_library,
};
use super::loading::{BridgedLoading, bridged_load, bridged_load_by_name};
use super::memory::{
    bridged_clear_cache, bridged_clear_memory_signal, bridged_memory_state,
    bridged_optimal_settings, bridged_set_adaptive_limits, bridged_set_max_memory,
    bridged_set_memory_signal,
};
use super::models::{
    bridged_check_fit, bridged_registry_count, bridged_registry_model, bridged_select_model,
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

    enum BridgedStrategy {
        Conservative,
        Balanced,
        Aggressive,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedLimits {
        memory_bytes: u64,
        cache_bytes: u64,
        wired_bytes: Option<u64>,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedSettings {
        prefill_step: u32,
        max_kv_size: u32,
        kv_bits: u32,
        kv_group_size: u32,
        quantized_kv_start: u32,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedRegistryModel {
        id: String,
        name: String,
        family: String,
        parameters: u64,
        weights_bytes: u64,
        kv_bytes_per_token: u64,
        context_length: Option<u32>,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedSelection {
        index: Option<u32>,
        explanation: String,
    }

    enum BridgedFitAnswer {
        Fits,
        FitsIf,
        DoesNotFit,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedFit {
        answer: BridgedFitAnswer,
        needed_bytes: u64,
        available_bytes: Option<u64>,
        context_tokens: u32,
        settings: BridgedSettings,
        alternative: String,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedHub {
        cache_directory: String,
        token: String,
        is_offline: bool,
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
        presence_penalty: f32,
        presence_context: u32,
        frequency_penalty: f32,
        frequency_context: u32,
        bias_tokens: Vec<u32>,
        biases: Vec<f32>,
        top_logprobs: Option<u32>,
        min_tokens: u32,
        constraint_kind: u32,
        constraint: String,
        seed: Option<u64>,
        stop: Vec<String>,
        prefill_step: u32,
        max_kv_size: u32,
        kv_bits: u32,
        kv_group_size: u32,
        quantized_kv_start: u32,
        monitor_interval: Option<u32>,
        is_governed: bool,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedCacheSettings {
        kind: i32,
        tokens_kept: u32,
        kv_bits: u32,
        kv_group_size: u32,
        quantized_start: u32,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedCacheState {
        tokens: u32,
        bytes: u64,
        kind: i32,
        tokens_kept: u32,
        kv_bits: u32,
        kv_group_size: u32,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedCacheReport {
        pressure: BridgedPressure,
        before: BridgedCacheState,
        after: BridgedCacheState,
        actions: u32,
    }

    enum BridgedStopReason {
        Stop,
        Length,
        Cancelled,
        Memory,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedSummary {
        text: String,
        tokens: Vec<u32>,
        logprobs: Vec<f32>,
        top_tokens: Vec<u32>,
        top_logprobs: Vec<f32>,
        prompt_tokens: u64,
        cached_prompt_tokens: u64,
        stop_reason: BridgedStopReason,
        load_seconds: f64,
        time_to_first_token_seconds: Option<f64>,
        prompt_tokens_per_second: Option<f64>,
        generation_tokens_per_second: Option<f64>,
        peak_mlx_bytes: u64,
        peak_footprint_bytes: Option<u64>,
        predicted_peak_mlx_bytes: u64,
        kv_cache_bytes: u64,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedAction {
        kind: u32,
        value: u64,
        sentence: String,
        pressure: BridgedPressure,
        freed_bytes: Option<u64>,
    }

    enum BridgedEvent {
        Prefill { done_tokens: u64, total_tokens: u64 },
        Text(String),
        Memory(BridgedMemoryState),
        Action(BridgedAction),
        End(BridgedSummary),
        Over,
    }

    #[swift_bridge(swift_repr = "struct")]
    struct BridgedProgress {
        is_download: bool,
        done_bytes: u64,
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
        fn bridged_set_adaptive_limits(
            strategy: BridgedStrategy,
        ) -> Result<BridgedLimits, BridgedError>;
        fn bridged_optimal_settings(
            strategy: BridgedStrategy,
        ) -> Result<BridgedSettings, BridgedError>;
        fn bridged_set_max_memory(bytes: Option<u64>) -> Result<(), BridgedError>;
        fn bridged_set_memory_signal(level: BridgedPressure);
        fn bridged_clear_memory_signal();
        fn bridged_use_metal_library(path: String) -> Result<(), BridgedError>;
        fn bridged_panic() -> Result<(), BridgedError>;
    }

    extern "Rust" {
        fn bridged_registry_count() -> u32;
        fn bridged_registry_model(index: u32) -> Option<BridgedRegistryModel>;
        fn bridged_select_model(available_bytes: u64, context_tokens: u32) -> BridgedSelection;
        fn bridged_check_fit(
            directory: String,
            context_tokens: u32,
            parameters: BridgedParameters,
        ) -> Result<BridgedFit, BridgedError>;
    }

    extern "Rust" {
        type BridgedLoading;
        fn bridged_load(directory: String) -> BridgedLoading;
        fn bridged_load_by_name(name: String, hub: BridgedHub) -> BridgedLoading;
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
        fn generate_with(
            &self,
            prompt: String,
            parameters: BridgedParameters,
            aids: &BridgedAids,
        ) -> Result<BridgedGeneration, BridgedError>;
    }

    extern "Rust" {
        type BridgedCache;
        fn bridged_cache(
            model: &BridgedModel,
            settings: BridgedCacheSettings,
        ) -> Result<BridgedCache, BridgedError>;
        fn bridged_optimized_cache(
            model: &BridgedModel,
            parameters: BridgedParameters,
        ) -> Result<BridgedCache, BridgedError>;
        fn bridged_adaptive_cache(
            model: &BridgedModel,
            parameters: BridgedParameters,
        ) -> Result<BridgedCache, BridgedError>;
        fn bridged_load_cache(
            model: &BridgedModel,
            path: String,
        ) -> Result<BridgedCache, BridgedError>;
        fn bridged_set_prompt_cache_limit(bytes: Option<u64>) -> Result<(), BridgedError>;
        fn state(&self) -> Result<BridgedCacheState, BridgedError>;
        fn trim(&self, tokens: u32) -> Result<BridgedCacheState, BridgedError>;
        fn copy(&self) -> Result<BridgedCache, BridgedError>;
        fn save(&self, path: String) -> Result<(), BridgedError>;
    }

    extern "Rust" {
        type BridgedCacheMonitor;
        fn bridged_cache_monitor() -> BridgedCacheMonitor;
        fn optimize(&self, cache: &BridgedCache) -> Result<BridgedCacheReport, BridgedError>;
    }

    extern "Rust" {
        type BridgedAids;
        fn bridged_aids() -> BridgedAids;
        fn use_cache(&self, cache: &BridgedCache);
        fn use_draft(
            &self,
            target: &BridgedModel,
            draft: &BridgedModel,
            tokens: u32,
        ) -> Result<(), BridgedError>;
    }

    extern "Rust" {
        type BridgedSession;
        fn bridged_session(
            model: &BridgedModel,
            instructions: Option<String>,
            parameters: BridgedParameters,
        ) -> BridgedSession;
        fn bridged_session_with_cache(
            cache: &BridgedCache,
            instructions: Option<String>,
            parameters: BridgedParameters,
        ) -> BridgedSession;
        fn bridged_load_session(
            model: &BridgedModel,
            path: String,
            parameters: BridgedParameters,
        ) -> Result<BridgedSession, BridgedError>;
        fn save(&self, path: String) -> Result<(), BridgedError>;
        fn cache(&self) -> BridgedCache;
        fn set_instructions(&self, instructions: Option<String>);
        fn set_draft(&self, draft: &BridgedModel, tokens: u32) -> Result<(), BridgedError>;
        fn respond(&self, text: String) -> Result<BridgedGeneration, BridgedError>;
        fn reset(&self);
    }

    extern "Rust" {
        type BridgedGeneration;
        fn next_event(&self) -> Result<BridgedEvent, BridgedError>;
        fn cancel(&self);
        fn pause(&self, to_disk: bool, patience_seconds: f64) -> bool;
        fn resume(&self);
    }
}
