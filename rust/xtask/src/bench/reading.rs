//! What one look at memory costs, as Criterion measures it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::preparation;
use super::target::{Judged, Target};
use crate::process::{announce, run_quietly};
use crate::workspace::Workspace;

const TARGET_MICROSECONDS: Target = Target::AtMost(50.0);

/// The names under which `rust/memory/benches/reading.rs` measures a reading: what the system tells,
/// and what is made of it.
const BENCHMARKS: [&str; 2] = ["SystemProbe::read", "MemoryObserver::observe"];

/// One of them.
#[derive(Serialize)]
struct Reading {
    benchmark: &'static str,
    median_microseconds: Judged,
}

/// The part of Criterion's `estimates.json` that is shown.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Measures, prints and returns what was measured.
pub(crate) fn measure(workspace: &Workspace) -> Result<Value> {
    announce("Measuring a memory reading");
    let directory = preparation::directory(workspace).join("criterion");
    // What an earlier run left must not be taken for this one's.
    if directory.exists() {
        std::fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    run_benchmarks(workspace, &directory)?;
    let readings = BENCHMARKS
        .iter()
        .map(|benchmark| reading(&directory, benchmark))
        .collect::<Result<Vec<_>>>()?;
    print(&readings);
    Ok(json!(readings))
}

fn run_benchmarks(workspace: &Workspace, directory: &Path) -> Result<()> {
    let filter = format!("^({})$", BENCHMARKS.join("|"));
    run_quietly(
        preparation::cargo(workspace)
            .args(["bench", "--locked", "--package", "headroom-memory"])
            .args(["--bench", "reading", "--", &filter])
            .args(["--warm-up-time", "0.5", "--measurement-time", "2"])
            .env("CRITERION_HOME", directory),
    )?;
    Ok(())
}

fn reading(directory: &Path, benchmark: &'static str) -> Result<Reading> {
    let path = directory
        .join(benchmark.replace("::", "__"))
        .join("new/estimates.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("Criterion left no figures at {}", path.display()))?;
    let estimates: Estimates = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not as expected", path.display()))?;
    let microseconds = estimates.median.point_estimate / 1000.0;
    Ok(Reading {
        benchmark,
        median_microseconds: Judged::new(Some(microseconds), TARGET_MICROSECONDS),
    })
}

fn print(readings: &[Reading]) {
    println!("\nOne memory reading, median, microseconds");
    for reading in readings {
        let judged = &reading.median_microseconds;
        let value = judged.value.unwrap_or_default();
        println!(
            "{:24}{value:>12.1}  {}",
            reading.benchmark,
            judged.verdict()
        );
    }
    println!();
}
