//! From a request to a stream of events: tokenizer, chat template, sampler, sessions, and the one
//! thread that owns MLX.
//!
//! This room depends on `models`, `hub`, `formats`, `mlx` and `memory`. It must never know how a request
//! arrives: command line, C, Swift and HTTP are equal to it. Nothing borrowed crosses its border,
//! and no host code runs on MLX's thread.

mod adaptive_cache;
mod aids;
mod cache_factory;
mod cache_monitor;
mod chat_template;
mod constraint;
mod controls;
mod decoding;
mod detokenizer;
mod draft;
mod error;
mod evaluation;
mod events;
mod fit;
mod generation_request;
mod generation_task;
mod generation_work;
mod governing;
mod kv_cache;
mod loaded_weights;
mod logits;
mod memory;
mod memory_limits;
mod mlx_thread;
mod model;
mod model_id;
mod model_store;
mod parameters;
mod prompt_cache;
mod prompt_store;
mod sampler;
mod session;
mod speculation;
mod spill;
mod stop_strings;
mod text_codec;
mod token_generator;
mod token_ids;
mod transcript;

pub use aids::{DraftModel, GenerationAids};
pub use cache_factory::{create_adaptive_cache, create_optimized_cache};
pub use cache_monitor::{CacheMemoryMonitor, CacheReport};
pub use chat_template::{ChatMessage, ChatTemplate, Role};
pub use constraint::OutputConstraint;
pub use controls::{Canceller, Pauser, Spill};
pub use error::{CacheFileFault, EngineError};
pub use evaluation::Evaluation;
pub use events::{Event, Generation, GenerationSummary, StopReason};
pub use fit::{FitReport, check_fit, select_model};
pub use headroom_mlx::use_one_heap;
pub use headroom_models::LoadProgress;
pub use kv_cache::{CacheKind, CacheSettings};
pub use logits::{Logits, LogitsRequest};
pub use memory::{
    clear_allocator_cache, memory_state, set_max_memory, set_memory_signal, use_metal_library,
};
pub use memory_limits::{optimal_generation_settings, set_adaptive_memory_limits};
pub use model::{Admission, Model, Prompt};
pub use parameters::{GenerateParameters, Governing};
pub use prompt_cache::{CacheState, PromptCache, drop_idle_prompt_caches, set_prompt_cache_limit};
pub use sampler::{TokenLogprob, TokenLogprobs};
pub use session::{ChatSession, Reply};
