//! Flags of every command that loads a model.

use clap::{Args, ValueEnum};
use headroom_memory::{MaxMemory, Strategy};

/// How much memory may be taken, and what is done to take less.
#[derive(Debug, Args)]
pub(crate) struct MemoryUseArguments {
    /// How much may be given up to save memory: conservative, balanced or aggressive. Sets the
    /// prefill step and the KV cache where their own flags do not.
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<Strategy>,
    /// Set MLX's limits from the budget, by the strategy (balanced when none is given); `headroom
    /// chat` also keeps its KV cache as exactly as there is room for, unless told how.
    #[arg(long)]
    pub(crate) adaptive_memory: bool,
    /// The most that this process may take, such as 7GiB or 512MB.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(crate) max_memory: Option<MaxMemory>,
    /// Print load time, speeds and memory to standard error, even when it is no terminal.
    #[arg(long)]
    pub(crate) memory_stats: bool,
    /// Print a line about memory to standard error while text comes, and one for each action.
    #[arg(long)]
    pub(crate) memory_monitoring: bool,
    /// Whether headroom acts when memory gets tight; without it, the system may end the process.
    #[arg(long, value_name = "ON_OR_OFF", default_value = "on")]
    pub(crate) governor: Governor,
}

/// `--governor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Governor {
    On,
    Off,
}
