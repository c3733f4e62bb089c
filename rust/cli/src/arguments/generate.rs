//! Flags of `headroom generate`.

use std::path::PathBuf;

use clap::Args;

use super::{KvCacheArguments, MemoryUseArguments, PromptArguments, SamplingArguments};

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct GenerateArguments {
    /// A model's directory, as Hugging Face and mlx-community publish them, a name that `headroom
    /// models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    /// Start from what `headroom cache-prompt` or `/save` of a chat has left here; how keys and values
    /// are kept is as it was there.
    #[arg(long, value_name = "FILE", conflicts_with_all = KvCacheArguments::IDS)]
    pub(crate) prompt_cache: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
    /// Print one JSON object at the end instead of streaming text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put into that object how likely each token was, and this many of the likeliest in its place; at
    /// most 20.
    #[arg(long, value_name = "N", requires = "json")]
    pub(crate) top_logprobs: Option<u32>,
}
