//! What each strategy saves over one long-context run, and what it costs in speed and agreement.
//!
//! Runs take turns, so that what else the machine does meets all alike; each is a process of its own
//! and a figure is the median over the rounds. The table is drawn as `target/bench/strategies.svg`,
//! too.

use std::path::Path;

use anyhow::{Context, Result};
use headroom_memory::Strategy;
use serde::Serialize;
use serde_json::{Value, json};

mod agreement;
mod drawing;
mod outcome;
mod subject;
mod table;

use super::generation::Figures;
use super::preparation;
use crate::process::announce;
use crate::workspace::Workspace;
use agreement::Agreement;
use outcome::Outcome;
use subject::Subject;

/// One setting's measurements, a sample a round.
#[derive(Serialize)]
struct Runs {
    /// `None` is the run with no strategy.
    strategy: Option<Strategy>,
    samples: Vec<Figures>,
}

/// Measures, prints, draws and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    preparation::ensure_models(workspace)?;
    let mut outcomes = Vec::new();
    let mut measured = Vec::new();
    for subject in subject::all(workspace)? {
        announce(&format!("Measuring strategies on {}", subject.name));
        let runs = take_turns(&subject, headroom)?;
        let agreements = agreements(&subject, headroom)?;
        let outcome = Outcome::judge(&subject, &runs, &agreements)?;
        table::print(&outcome);
        measured.push(json!({ "outcome": outcome, "runs": runs, "agreements": agreements }));
        outcomes.push(outcome);
    }
    draw(&outcomes, &preparation::directory(workspace))?;
    Ok(json!(measured))
}

fn take_turns(subject: &Subject, headroom: &Path) -> Result<Vec<Runs>> {
    let settings = std::iter::once(None).chain(Strategy::ALL.map(Some));
    let mut runs: Vec<_> = settings
        .map(|strategy| Runs {
            strategy,
            samples: Vec::new(),
        })
        .collect();
    for round in 0..subject.rounds {
        let count = runs.len();
        for turn in 0..count {
            // Another setting begins each round.
            let run = &mut runs[(round + turn) % count];
            let figures = subject.generation.run(headroom, run.strategy)?;
            run.samples.push(figures);
        }
    }
    Ok(runs)
}

/// Empty where the subject's tokens mean nothing.
fn agreements(subject: &Subject, headroom: &Path) -> Result<Vec<Agreement>> {
    match &subject.stretches {
        Some(stretches) => agreement::measure(headroom, &subject.generation.model, stretches),
        None => Ok(Vec::new()),
    }
}

fn draw(outcomes: &[Outcome], directory: &Path) -> Result<()> {
    let path = directory.join("strategies.svg");
    std::fs::write(&path, drawing::draw(outcomes)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("Drawn: {}\n", path.display());
    Ok(())
}
