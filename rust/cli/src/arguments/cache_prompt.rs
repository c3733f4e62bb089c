//! Flags of `headroom cache-prompt`.

use std::path::PathBuf;

use clap::Args;

use super::{KvCacheArguments, MemoryUseArguments, PromptArguments};

#[derive(Debug, Args)]
pub(crate) struct CachePromptArguments {
    /// A model's directory, as Hugging Face and mlx-community publish them, a name that `headroom
    /// models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    /// Where to keep what the model has seen; a file that is there is replaced, whole or not at all.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Prompt tokens computed at once; fewer take less memory. 512 unless a strategy says otherwise.
    #[arg(long, value_name = "N")]
    pub(crate) prefill_step: Option<u32>,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    pub(crate) json: bool,
}
