//! Flags of `headroom train base`.

use std::path::PathBuf;

use clap::Args;
use headroom_train::base::BaseConfig;
use serde::Serialize;

use super::train_run::{TrainRunArguments, TrainRunSettings, with_defaults_of};

#[derive(Debug, Args)]
#[command(mut_args = with_defaults_of(&BaseConfig::default()))]
pub(crate) struct TrainBaseArguments {
    #[command(flatten)]
    pub(crate) settings: TrainBaseSettings,
    /// For 16 GiB: 2 rows at a time, steps of 262,144 tokens, values computed again.
    #[arg(long, conflicts_with = "ultra_low")]
    pub(crate) low_memory: bool,
    /// For 8 GiB: 1 row at a time, steps of 65,536 tokens, values computed again.
    #[arg(long)]
    pub(crate) ultra_low: bool,
    #[command(flatten)]
    pub(crate) run: TrainRunArguments,
}

/// Settings that a TOML file may have as well; what is absent is left to it.
#[derive(Debug, Default, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TrainBaseSettings {
    /// Text: a file, a directory of shards, or owner/name of a hub's data set.
    #[arg(long, value_name = "PATH_OR_REPO")]
    pub(crate) data: Option<String>,
    /// Take --data from a hub, shard by shard, even if a directory has that name.
    #[arg(long)]
    pub(crate) streaming: bool,
    /// Most shards of a hub on the disk.
    #[arg(long, value_name = "N")]
    pub(crate) max_cached_shards: Option<usize>,
    /// A directory with tokenizer.json; without one, a tokenizer is learned from the data.
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Tokens of a tokenizer that is learned on the way; else as many as --tokenizer has.
    #[arg(long, value_name = "N")]
    pub(crate) vocab: Option<usize>,
    /// Blocks; the model's width is 64 times as much.
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// Tokens of a row.
    #[arg(long, value_name = "N")]
    pub(crate) context: Option<usize>,
    /// Tokens of a step.
    #[arg(long, value_name = "N")]
    pub(crate) total_batch_size: Option<u64>,
    /// Tokens of the run, where steps are not given.
    #[arg(long, value_name = "N")]
    pub(crate) target_tokens: Option<u64>,
    /// Tokens of the run for each parameter, where neither is given.
    #[arg(long, value_name = "X")]
    pub(crate) tokens_per_parameter: Option<f64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) run: TrainRunSettings,
    /// AdamW's rate for the embedding, at width 768.
    #[arg(long, value_name = "X")]
    pub(crate) embedding_learning_rate: Option<f64>,
    /// AdamW's rate for the head, at width 768.
    #[arg(long, value_name = "X")]
    pub(crate) head_learning_rate: Option<f64>,
    /// Muon's rate for the matrices of blocks.
    #[arg(long, value_name = "X")]
    pub(crate) matrix_learning_rate: Option<f64>,
    /// The share of the run over which rates go down to zero.
    #[arg(long, value_name = "X")]
    pub(crate) warm_down_share: Option<f64>,
}
