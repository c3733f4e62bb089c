//! Flags of `headroom train sft`.

use std::path::PathBuf;

use clap::Args;
use headroom_memory::ByteSize;
use serde::Serialize;

#[derive(Debug, Args)]
pub(crate) struct TrainSftArguments {
    #[command(flatten)]
    pub(crate) settings: TrainSftSettings,
    /// Read settings from a TOML file, with the flags' names.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Go on from the newest checkpoint in the output.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Print at the end what each part of a step took, in time and memory.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Warn when the process uses more than 80 % and 90 % of what it may.
    #[arg(long)]
    pub(crate) monitor: bool,
    /// Print one JSON object about the run.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Settings that a TOML file may have as well; what is absent is left to it.
#[derive(Debug, Default, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TrainSftSettings {
    /// The model to tune: the output of `headroom train base`.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Conversations: a .jsonl file or a directory of them.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Where checkpoints, log and model go.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Tokens of a row [the model's].
    #[arg(long, value_name = "N")]
    pub(crate) context: Option<usize>,
    /// Most rows that are computed together [4].
    #[arg(long, value_name = "N")]
    pub(crate) device_batch_size: Option<usize>,
    /// Rows of a step [32].
    #[arg(long, value_name = "N")]
    pub(crate) rows_per_step: Option<usize>,
    /// Steps of the run.
    #[arg(long, value_name = "N")]
    pub(crate) num_iterations: Option<u64>,
    /// How often all conversations are learned, where steps are not given [1].
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u64>,
    /// What the rates of base training are multiplied by; they go down to zero from the first step [0.02].
    #[arg(long, value_name = "X")]
    pub(crate) rate_share: Option<f64>,
    /// The largest norm of the gradient, 0 for no limit [1.0].
    #[arg(long, value_name = "X")]
    pub(crate) gradient_clip: Option<f64>,
    /// Fail where a line cannot be read, instead of leaving it out.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Steps between evaluations on held-out conversations, 0 for none [100].
    #[arg(long, value_name = "N")]
    pub(crate) eval_every: Option<u64>,
    /// Tokens that an evaluation predicts [65536].
    #[arg(long, value_name = "N")]
    pub(crate) eval_tokens: Option<u64>,
    /// Steps between checkpoints, 0 for the last alone [250].
    #[arg(long, value_name = "N")]
    pub(crate) save_every: Option<u64>,
    /// How many checkpoints stay [2].
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<usize>,
    /// What all random choices follow from [0].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The type of weights: float32 or bfloat16 [float32].
    #[arg(long, value_name = "TYPE", value_parser = ["float32", "bfloat16"])]
    pub(crate) dtype: Option<String>,
    /// The type of what optimizers remember: float32 or bfloat16 [float32, unless nothing else fits].
    #[arg(long, value_name = "TYPE", value_parser = ["float32", "bfloat16"])]
    pub(crate) state_dtype: Option<String>,
    /// Keep only the inputs of blocks and compute their values again on the way back.
    #[arg(long)]
    pub(crate) recompute: bool,
    /// The most that the process may use, such as 2GB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
}
