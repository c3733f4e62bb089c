//! Flags of `headroom chat`.

use std::path::PathBuf;

use clap::Args;

use super::{KvCacheArguments, MemoryUseArguments, SamplingArguments};

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct ChatArguments {
    /// A model's directory, as Hugging Face and mlx-community publish them, a name that `headroom
    /// models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// Instructions for the whole conversation.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// Start from what `headroom cache-prompt` or an earlier `/save` has left here; how keys and
    /// values are kept is as it was there. With --system a new conversation begins on it.
    #[arg(long, value_name = "FILE", conflicts_with_all = KvCacheArguments::IDS)]
    pub(crate) prompt_cache: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
}
