//! Flags of `headroom cache-prompt`.

use std::path::PathBuf;

use clap::Args;

use super::{KvCacheArguments, MemoryUseArguments};

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct CachePromptArguments {
    /// A model's directory, a name that `headroom models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// What to compute; `-` reads standard input. Without it, the instructions alone.
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        required_unless_present = "system"
    )]
    pub(crate) prompt: Option<String>,
    /// Instructions for the whole conversation.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// Compute the prompt as plain text, without the model's chat template.
    #[arg(long, conflicts_with = "system")]
    pub(crate) no_chat_template: bool,
    /// Where to write what the model has seen.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    /// Prompt tokens computed at once; fewer take less memory. 512 unless a strategy says otherwise.
    #[arg(long, value_name = "N")]
    pub(crate) prefill_step: Option<u32>,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
    /// Print one JSON object about what was written.
    #[arg(long)]
    pub(crate) json: bool,
}
