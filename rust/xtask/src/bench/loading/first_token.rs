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

/// Prints a table and returns what was measured. The contenders take turns.
pub(super) fn measure(programs: &Programs, model: &Path) -> Result<Value> {
    let contenders = programs.contenders();
    for &contender in &contenders {
        // Brings files into the page cache and lets Python compile its modules; not counted.
        cold_start_seconds(programs, contender, model)?;
    }
    let mut seconds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for (samples, &contender) in seconds.iter_mut().zip(&contenders) {
            samples.push(cold_start_seconds(programs, contender, model)?);
        }
    }
    println!(
        "\nFrom the process's start to its first token, the 1 GB checkpoint, median of {ROUNDS}"
    );
    for (samples, contender) in seconds.iter().zip(&contenders) {
        let middle = median(samples.iter().copied()).unwrap_or(f64::NAN);
        println!("{:40}{middle:>10.3} s", contender.name());
    }
    let of = |wanted| {
        let place = contenders.iter().position(|&one| one == wanted)?;
        median(seconds.get(place)?.iter().copied())
    };
    let ours_by = |theirs| Some(of(Contender::Headroom)? / of(theirs)?);
    let judged = Judged::new(ours_by(Contender::MlxLm), TARGET);
    print_judged("headroom by mlx-lm", &judged);
    let samples: Vec<_> = contenders.iter().zip(&seconds).collect();
    Ok(json!({ "share": judged, "seconds": samples }))
}
