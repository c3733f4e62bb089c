//! Medians, ratios, and the targets they are held to.

use serde::Serialize;

use super::Pair;
use super::run::Run;
use super::setting::Setting;
use crate::bench::median::median;
use crate::bench::target::{Judged, Target};

/// Headroom's tokens per second over Python MLX's.
const SPEED: Target = Target::AtLeast(1.1);
/// Headroom's peak above weights and optimizer states over Python MLX's.
const MEMORY: Target = Target::AtMost(0.25);

/// A figure of both, and what came of their ratio; `None` where one is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Compared {
    pub(crate) headroom: Option<f64>,
    pub(crate) python: Option<f64>,
    pub(crate) judged: Judged,
}

/// One setting's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) setting: Setting,
    pub(crate) tokens_per_second: Compared,
    pub(crate) resident_above_floor: Compared,
    pub(crate) mlx_above_floor: Compared,
    /// After the same number of steps on the same text.
    pub(crate) last_losses: [Option<f64>; 2],
}

impl Outcome {
    pub(crate) fn judge(setting: &Setting, pairs: &[Pair]) -> Self {
        let compared = |figure: &dyn Fn(&Run) -> Option<f64>, target| {
            let ours = median(pairs.iter().filter_map(|pair| figure(&pair.headroom)));
            let theirs = median(pairs.iter().filter_map(|pair| figure(&pair.python)));
            Compared::judge(ours, theirs, target)
        };
        let last = pairs.last();
        Self {
            setting: *setting,
            tokens_per_second: compared(&|run| run.tokens_per_second(setting), SPEED),
            resident_above_floor: compared(&|run| run.resident_above_floor(setting), MEMORY),
            mlx_above_floor: compared(&|run| Some(run.mlx_above_floor(setting)), MEMORY),
            last_losses: [
                last.and_then(|pair| pair.headroom.last_loss()),
                last.and_then(|pair| pair.python.last_loss()),
            ],
        }
    }
}

impl Compared {
    fn judge(headroom: Option<f64>, python: Option<f64>, target: Target) -> Self {
        let theirs = python.filter(|&figure| figure > 0.0);
        let ratio = headroom.zip(theirs).map(|(ours, theirs)| ours / theirs);
        Self {
            headroom,
            python,
            judged: Judged::new(ratio, target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::SMALL;
    use super::*;

    fn run(step_seconds: f64, above_floor_bytes: u64) -> Run {
        Run {
            losses: vec![2.0, 1.5],
            step_seconds: vec![9.0, step_seconds],
            peak_mlx_bytes: SMALL.floor_bytes() + above_floor_bytes,
            peak_resident_bytes: Some(SMALL.floor_bytes() + 2 * above_floor_bytes),
        }
    }

    #[test]
    fn the_ratio_of_the_medians_is_held_to_the_target() {
        let pair = |ours, theirs| Pair {
            headroom: run(ours, 10),
            python: run(theirs, 80),
        };
        let outcome = Outcome::judge(&SMALL, &[pair(1.0, 1.0), pair(2.0, 4.0), pair(2.0, 4.0)]);
        assert_eq!(outcome.tokens_per_second.judged.value, Some(2.0));
        assert_eq!(outcome.mlx_above_floor.judged.value, Some(0.125));
        assert_eq!(outcome.resident_above_floor.headroom, Some(20.0));
        assert_eq!(outcome.resident_above_floor.judged.is_met, Some(true));
    }

    #[test]
    fn an_unknown_peak_leaves_the_verdict_open() {
        let unknown = Run {
            peak_resident_bytes: None,
            ..run(1.0, 1)
        };
        let pair = Pair {
            headroom: unknown,
            python: run(1.0, 1),
        };
        let outcome = Outcome::judge(&SMALL, &[pair]);
        assert_eq!(outcome.resident_above_floor.judged.is_met, None);
    }
}
