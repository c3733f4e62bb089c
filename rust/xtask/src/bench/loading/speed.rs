//! Loading beside copying.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{LARGE, Subject, print_judged};
use crate::bench::median::median;
use crate::bench::target::{Judged, Target};

/// Of the bytes that the machine copies in a second, both read and written counted.
const TARGET: Target = Target::AtLeast(0.5);
const ROUNDS: usize = 15;

/// What `loading_speed` tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Loading {
    pub(super) weights_bytes: u64,
    pub(super) first: FirstLoad,
    pub(super) rounds: Vec<Round>,
}

/// The first load of a process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FirstLoad {
    pub(super) seconds: f64,
    pub(super) resident_before_bytes: Option<u64>,
    pub(super) resident_after_bytes: Option<u64>,
    pub(super) peak_resident_bytes: Option<u64>,
}

/// A copy, the taking of new pages, and a load, one right after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Round {
    copied_bytes_per_second: f64,
    fresh_bytes_per_second: f64,
    load_seconds: f64,
}

/// Prints a table and returns what was measured.
pub(super) fn measure(subject: &Subject<'_>) -> Result<Value> {
    let loading = subject.load(LARGE, "memory", ROUNDS)?;
    // Each byte is read from the page cache and written to its place.
    let moved_bytes = 2.0 * loading.weights_bytes as f64;
    let rate = |round: &Round| moved_bytes / round.load_seconds;
    let ratio = |round: &Round| rate(round) / round.copied_bytes_per_second;
    println!(
        "\nLoading {:.2} GB of 4-bit weights from a warm page cache, GB read plus written a second",
        loading.weights_bytes as f64 / 1e9
    );
    println!(
        "{:>10}{:>10}{:>10}{:>10}{:>14}",
        "load", "loaded", "copied", "ratio", "new pages"
    );
    for round in &loading.rounds {
        println!(
            "{:>8.3} s{:>10.1}{:>10.1}{:>10.2}{:>9.1} GB/s",
            round.load_seconds,
            rate(round) / 1e9,
            round.copied_bytes_per_second / 1e9,
            ratio(round),
            round.fresh_bytes_per_second / 1e9,
        );
    }
    println!(
        "the first load of the process: {:.3} s",
        loading.first.seconds
    );
    if let Some(middle) = median(loading.rounds.iter().map(ratio)) {
        println!("median of the ratios: {middle:.2}");
    }
    // What else runs on the machine only ever takes away, from both.
    let fastest = |rates: &mut dyn Iterator<Item = f64>| rates.reduce(f64::max);
    let loaded = fastest(&mut loading.rounds.iter().map(rate));
    let copied = fastest(
        &mut loading
            .rounds
            .iter()
            .map(|round| round.copied_bytes_per_second),
    );
    let share = loaded.zip(copied).map(|(loaded, copied)| loaded / copied);
    let judged = Judged::new(share, TARGET);
    print_judged("fastest load by fastest copy", &judged);
    if judged.is_met == Some(false) {
        println!("{}", reason(&loading));
    }
    Ok(json!({ "share": judged, "loading": loading }))
}

/// What loading cannot do without is new pages; where the system is slow to hand them out, no
/// reading is fast.
fn reason(loading: &Loading) -> String {
    let pages = loading.rounds.iter().map(|round| {
        loading.weights_bytes as f64 / round.fresh_bytes_per_second / round.load_seconds
    });
    let share = median(pages).unwrap_or(f64::NAN);
    format!(
        "taking and touching as much new memory alone took {share:.2} of a load's time (median)"
    )
}
