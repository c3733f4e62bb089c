//! Flags of `headroom train base`.

use std::path::PathBuf;

use clap::Args;
use headroom_memory::ByteSize;
use serde::Serialize;

#[derive(Debug, Args)]
pub(crate) struct TrainBaseArguments {
    #[command(flatten)]
    pub(crate) settings: TrainBaseSettings,
    /// Read settings from a TOML file, with the flags' names.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// For 16 GiB: 2 rows at a time, steps of 262,144 tokens, values computed again.
    #[arg(long, conflicts_with = "ultra_low")]
    pub(crate) low_memory: bool,
    /// For 8 GiB: 1 row at a time, steps of 65,536 tokens, values computed again.
    #[arg(long)]
    pub(crate) ultra_low: bool,
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
pub(crate) struct TrainBaseSettings {
    /// Blocks; the model's width is 64 times as much [recipe: 12].
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// Tokens of a tokenizer that is learned on the way; else as many as --tokenizer has.
    #[arg(long, value_name = "N")]
    pub(crate) vocab: Option<usize>,
    /// Tokens of a row [recipe: 2048].
    #[arg(long, value_name = "N")]
    pub(crate) context: Option<usize>,
    /// Most rows that are computed together [recipe: 8].
    #[arg(long, value_name = "N")]
    pub(crate) device_batch_size: Option<usize>,
    /// Tokens of a step [recipe: 524288].
    #[arg(long, value_name = "N")]
    pub(crate) total_batch_size: Option<u64>,
    /// Steps of the run.
    #[arg(long, value_name = "N")]
    pub(crate) num_iterations: Option<u64>,
    /// Tokens of the run, where steps are not given.
    #[arg(long, value_name = "N")]
    pub(crate) target_tokens: Option<u64>,
    /// Tokens of the run for each parameter, where neither is given [recipe: 20].
    #[arg(long, value_name = "X")]
    pub(crate) tokens_per_parameter: Option<f64>,
    /// Text: a file, a directory of shards, or owner/name of a hub's data set.
    #[arg(long, value_name = "PATH_OR_REPO")]
    pub(crate) data: Option<String>,
    /// A directory with tokenizer.json; without one, a tokenizer is learned from the data.
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Where checkpoints, log and model go.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Take --data from a hub, shard by shard.
    #[arg(long)]
    pub(crate) streaming: bool,
    /// Most shards of a hub on the disk [recipe: 20].
    #[arg(long, value_name = "N")]
    pub(crate) max_cached_shards: Option<usize>,
    /// Fail where a shard or document cannot be read, instead of leaving it out.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Steps between evaluations on held-out text, 0 for none [recipe: 250].
    #[arg(long, value_name = "N")]
    pub(crate) eval_every: Option<u64>,
    /// Tokens that an evaluation predicts [recipe: 10485760].
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
    /// The most that the process may use, such as 6GB; a plan that keeps to it is found first.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
    /// AdamW's rate for the embedding, at width 768 [recipe: 0.2].
    #[arg(long, value_name = "X")]
    pub(crate) embedding_learning_rate: Option<f64>,
    /// AdamW's rate for the head, at width 768 [recipe: 0.004].
    #[arg(long, value_name = "X")]
    pub(crate) head_learning_rate: Option<f64>,
    /// Muon's rate for the matrices of blocks [recipe: 0.02].
    #[arg(long, value_name = "X")]
    pub(crate) matrix_learning_rate: Option<f64>,
    /// The share of the run over which rates go down to zero [recipe: 0.2].
    #[arg(long, value_name = "X")]
    pub(crate) warm_down_share: Option<f64>,
    /// The largest norm of the gradient, 0 for no limit [recipe: 1.0].
    #[arg(long, value_name = "X")]
    pub(crate) gradient_clip: Option<f64>,
}
