//! Flags of `headroom train sft`.

use std::path::PathBuf;

use clap::Args;
use headroom_train::sft::SftConfig;
use serde::Serialize;

use super::train_run::{TrainRunArguments, TrainRunSettings, with_defaults_of};

#[derive(Debug, Args)]
#[command(mut_args = with_defaults_of(&SftConfig::default()))]
pub(crate) struct TrainSftArguments {
    #[command(flatten)]
    pub(crate) settings: TrainSftSettings,
    #[command(flatten)]
    pub(crate) run: TrainRunArguments,
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
    /// Tokens of a row, without it as many as the model reads; longer rows let it read more.
    #[arg(long, value_name = "N")]
    pub(crate) context: Option<usize>,
    /// Learn with weights rounded as `headroom quantize --bits N --dtype bfloat16` will round them, so
    /// that the packed model is as good.
    #[arg(long, value_name = "N")]
    pub(crate) round_bits: Option<u8>,
    /// Weights that share a scale where they are rounded.
    #[arg(long, value_name = "N")]
    pub(crate) round_group_size: Option<u16>,
    /// Rows of a step.
    #[arg(long, value_name = "N")]
    pub(crate) rows_per_step: Option<usize>,
    /// How often all conversations are learned, where steps are not given.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) run: TrainRunSettings,
    /// What the rates of base training are multiplied by; they go down to zero from the first step.
    #[arg(long, value_name = "X")]
    pub(crate) rate_share: Option<f64>,
}
