//! From a request to a stream of events: tokenizer, chat template, sampler, sessions, and the one
//! thread that owns MLX.
//!
//! This room depends on `models`, `formats`, `mlx` and `memory`. It must never know how a request
//! arrives: command line, C, Swift and HTTP are equal to it. Nothing borrowed crosses its border,
//! and no host code runs on MLX's thread.

mod chat_template;
mod detokenizer;
mod error;
mod events;
mod generation_task;
mod loaded_weights;
mod logits;
mod memory;
mod mlx_thread;
mod model;
mod parameters;
mod sampler;
mod session;
mod stop_strings;
mod text_codec;
mod token_generator;

pub use chat_template::{ChatMessage, Role};
pub use error::EngineError;
pub use events::{Canceller, Event, Generation, GenerationSummary, StopReason};
pub use headroom_mlx::use_one_heap;
pub use headroom_models::LoadProgress;
pub use logits::{Logits, LogitsRequest};
pub use memory::{clear_allocator_cache, memory_state, use_metal_library};
pub use model::{Model, Prompt};
pub use parameters::GenerateParameters;
pub use session::{ChatSession, Reply};
