//! Flags of every command that may start from a file with what a model has seen.

use std::path::PathBuf;

use clap::Args;

/// Where to start from.
#[derive(Debug, Args)]
pub(crate) struct PromptCacheArguments {
    /// Start from what this file keeps: `headroom cache-prompt` writes one, and so does /save in
    /// `headroom chat`. Its KV cache stays as it was made.
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["max_kv_size", "kv_bits", "kv_group_size", "quantized_kv_start"])]
    pub(crate) prompt_cache: Option<PathBuf>,
}
