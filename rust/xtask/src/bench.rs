//! What Headroom takes and saves, measured: strategies, governor, readings of memory, predictions,
//! speed and memory beside mlx-lm, every model family, KV caches behind long contexts, turns of a
//! conversation, prompts that decode together, loading, and training beside Python MLX.
//!
//! Figures are printed with their targets and written to `target/bench/results.json`, where each part
//! stands with the machine as it was, and stays until it is measured again. A target that is missed
//! is a result, not an error.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

mod contexts;
mod families;
mod fit;
mod generation;
mod governor;
mod loading;
mod machine;
mod median;
mod peers;
mod preparation;
mod prompted_process;
mod reading;
mod serving;
mod strategies;
mod target;
mod training;

use crate::workspace::Workspace;
use machine::Machine;

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// What each strategy saves and what it costs.
    Strategies,
    /// The governor's share of decode time.
    Governor,
    /// The cost of one memory reading.
    Reading,
    /// Predicted and measured peaks.
    Fit,
    /// Headroom beside mlx-lm.
    Peers,
    /// Every model family beside mlx-lm.
    Families,
    /// Each kind of KV cache behind short and long contexts, beside mlx-lm's.
    Contexts,
    /// A turn of a conversation whose cache is kept, beside the whole prompt.
    Turns,
    /// Several prompts that decode together, beside one.
    Batch,
    /// How fast a checkpoint of 1 GB loads, and what that takes.
    Loading,
    /// Training beside Python MLX, and the peak of larger models' steps.
    Training,
}

impl Part {
    /// Under what its figures stand in the results.
    fn name(self) -> &'static str {
        match self {
            Self::Strategies => "strategies",
            Self::Governor => "governor",
            Self::Reading => "reading",
            Self::Fit => "fit",
            Self::Peers => "peers",
            Self::Families => "families",
            Self::Contexts => "contexts",
            Self::Turns => "turns",
            Self::Batch => "batch",
            Self::Loading => "loading",
            Self::Training => "training",
        }
    }

    /// Prepares what is missing, measures, prints and returns what was measured.
    fn measure(self, workspace: &Workspace, headroom: &Path) -> Result<Value> {
        match self {
            Self::Strategies => strategies::measure(workspace, headroom),
            Self::Governor => governor::measure(workspace, headroom),
            Self::Reading => reading::measure(workspace),
            Self::Fit => fit::measure(workspace),
            Self::Peers => peers::measure(workspace, headroom),
            Self::Families => families::measure(workspace, headroom),
            Self::Contexts => contexts::measure(workspace),
            Self::Turns => serving::measure_turns(workspace),
            Self::Batch => serving::measure_batch(workspace),
            Self::Loading => loading::measure(workspace, headroom),
            Self::Training => training::measure(workspace, headroom),
        }
    }
}

/// Measures the parts named, or all when none is.
pub(crate) fn run(workspace: &Workspace, only: &[Part]) -> Result<()> {
    let machine = Machine::read();
    let headroom = preparation::build_headroom(workspace)?;
    let results_file = preparation::make_directory(workspace)?.join("results.json");
    machine.print();
    for part in Part::value_variants() {
        if only.is_empty() || only.contains(part) {
            let measured = part.measure(workspace, &headroom)?;
            let result = json!({ "machine": machine, "measured": measured });
            record(&results_file, part.name(), result)?;
        }
    }
    println!("All samples: {}", results_file.display());
    Ok(())
}

/// Puts a part's result in the place of its earlier one. A file that cannot be read is begun anew.
fn record(path: &Path, part: &str, result: Value) -> Result<()> {
    let earlier = std::fs::read(path).ok();
    let mut results: Map<String, Value> = earlier
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    results.insert(part.to_owned(), result);
    std::fs::write(path, serde_json::to_string_pretty(&results)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stays_until_it_is_measured_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.json");
        std::fs::write(&path, "cut sho").unwrap();
        record(&path, "fit", json!(1)).unwrap();
        record(&path, "governor", json!(2)).unwrap();
        record(&path, "fit", json!(3)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let results: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(results, json!({ "fit": 3, "governor": 2 }));
    }
}
