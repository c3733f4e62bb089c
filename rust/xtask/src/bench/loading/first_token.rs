//! From a process's start to its first token, beside mlx-lm.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::print_judged;
use crate::bench::median::median;
use crate::bench::peers::{Contender, Programs, cold_start_seconds};
use crate::bench::target::{Judged, Target};

/// Of mlx-lm's time.
const TARGET: Target = Target::AtMost(0.5);
const ROUNDS: usize = 3;

/// Prints a table and returns what was measured. On a CPU mlx-lm needs a minute and more for the first
/// token of the `large` model, so it runs once, between headroom's runs, and starts up on the `small`
/// one before, so that Python has compiled its modules.
pub(super) fn measure(programs: &Programs, large: &Path, small: &Path) -> Result<Value> {
    cold_start_seconds(programs, Contender::MlxLm, small)?;
    cold_start_seconds(programs, Contender::Headroom, large)?;
    let mut ours = vec![cold_start_seconds(programs, Contender::Headroom, large)?];
    let theirs = cold_start_seconds(programs, Contender::MlxLm, large)?;
    while ours.len() < ROUNDS {
        ours.push(cold_start_seconds(programs, Contender::Headroom, large)?);
    }
    let middle = median(ours.iter().copied());
    println!("\nFrom the process's start to its first token, the 1 GB checkpoint");
    println!(
        "{:40}{:>10.3} s",
        "headroom, median of 3",
        middle.unwrap_or(f64::NAN)
    );
    println!("{:40}{theirs:>10.3} s", "mlx-lm, once");
    let judged = Judged::new(middle.map(|ours| ours / theirs), TARGET);
    print_judged("headroom by mlx-lm", &judged);
    Ok(json!({ "share": judged, "headroom_seconds": ours, "mlx_lm_seconds": theirs }))
}
