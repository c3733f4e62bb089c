//! Flags of `headroom chat`.

use clap::Args;

use super::{
    DraftArguments, KvCacheArguments, MemoryUseArguments, PromptCacheArguments, SamplingArguments,
};

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct ChatArguments {
    /// A model's directory, a name that `headroom models` lists, or owner/name on the hub. It needs a
    /// chat template.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// Instructions for the whole conversation; they replace those of a saved one.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    #[command(flatten)]
    pub(crate) prompt_cache: PromptCacheArguments,
    #[command(flatten)]
    pub(crate) draft: DraftArguments,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
}
