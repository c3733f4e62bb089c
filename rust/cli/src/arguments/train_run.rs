//! Flags that every training run has, whatever it learns.

use std::path::PathBuf;

use clap::{Arg, Args};
use headroom_memory::ByteSize;
use serde::Serialize;
use serde_json::Value;

/// What settings do not say: where they lie, whether the run goes on, and what is shown of it.
#[derive(Debug, Args)]
pub(crate) struct TrainRunArguments {
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
pub(crate) struct TrainRunSettings {
    /// Where checkpoints, log and model go.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Steps of the run.
    #[arg(long, value_name = "N")]
    pub(crate) num_iterations: Option<u64>,
    /// Most rows that are computed together.
    #[arg(long, value_name = "N")]
    pub(crate) device_batch_size: Option<usize>,
    /// Fail where data cannot be read, instead of leaving it out.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Steps between evaluations on held-out data, 0 for none.
    #[arg(long, value_name = "N")]
    pub(crate) eval_every: Option<u64>,
    /// Tokens that an evaluation predicts.
    #[arg(long, value_name = "N")]
    pub(crate) eval_tokens: Option<u64>,
    /// Steps between checkpoints, 0 for the last alone.
    #[arg(long, value_name = "N")]
    pub(crate) save_every: Option<u64>,
    /// How many checkpoints stay.
    #[arg(long, value_name = "N")]
    pub(crate) keep: Option<usize>,
    /// What all random choices follow from.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The type of weights.
    #[arg(long, value_name = "TYPE", value_parser = ["float32", "bfloat16"])]
    pub(crate) dtype: Option<String>,
    /// The type of what optimizers remember; without it float32, unless nothing else fits.
    #[arg(long, value_name = "TYPE", value_parser = ["float32", "bfloat16"])]
    pub(crate) state_dtype: Option<String>,
    /// Keep only the inputs of blocks and compute their values again on the way back.
    #[arg(long)]
    pub(crate) recompute: bool,
    /// The most that the process may use, such as 6GB; a plan that keeps to it is found first.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
    /// The largest norm of the gradient, 0 for no limit.
    #[arg(long, value_name = "X")]
    pub(crate) gradient_clip: Option<f64>,
}

/// Says in the help of each flag what holds where nobody gives it.
pub(crate) fn with_defaults_of(settings: &impl Serialize) -> impl FnMut(Arg) -> Arg {
    let defaults = serde_json::to_value(settings).unwrap_or_default();
    move |flag| {
        let default = flag.get_long().and_then(|name| defaults.get(name));
        let default = match default {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            _ => return flag,
        };
        let help = flag.get_help().cloned().unwrap_or_default();
        flag.help(format!("{help} [default: {default}]"))
    }
}
