//! Medians, ratios, and the targets they are held to.

use serde::Serialize;

use super::Runs;
use crate::bench::median::median;
use crate::bench::peers::Figures;
use crate::bench::target::{Judged, Target};

/// Headroom's speed over mlx-lm's: the prompt, and tokens after it.
const PREFILL: Target = Target::AtLeast(10.0);
const DECODE: Target = Target::AtLeast(1.0);

/// One family's speeds.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) family: &'static str,
    pub(crate) prompt_tokens: Option<usize>,
    pub(crate) prefill: Speeds,
    pub(crate) decode: Speeds,
}

/// Median tokens per second, and what came of their ratio; `None` where one is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Speeds {
    pub(crate) headroom: Option<f64>,
    pub(crate) mlx_lm: Option<f64>,
    pub(crate) judged: Judged,
}

impl Outcome {
    pub(crate) fn judge(runs: &Runs) -> Self {
        let of = |speed: fn(&Figures) -> Option<f64>, target| {
            let middle = |samples: &[Figures]| median(samples.iter().filter_map(speed));
            Speeds::judge(middle(&runs.headroom), middle(&runs.mlx_lm), target)
        };
        Self {
            family: runs.family,
            prompt_tokens: runs.prompt_tokens(),
            prefill: of(|figures| figures.prompt_tokens_per_second, PREFILL),
            decode: of(|figures| figures.generation_tokens_per_second, DECODE),
        }
    }
}

impl Speeds {
    pub(crate) fn judge(headroom: Option<f64>, mlx_lm: Option<f64>, target: Target) -> Self {
        let theirs = mlx_lm.filter(|&speed| speed > 0.0);
        let ratio = headroom.zip(theirs).map(|(ours, theirs)| ours / theirs);
        Self {
            headroom,
            mlx_lm,
            judged: Judged::new(ratio, target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(prefill: f64, decode: Option<f64>) -> Figures {
        Figures {
            load_seconds: 0.1,
            prompt_tokens: 128,
            generated_tokens: 16,
            prompt_tokens_per_second: Some(prefill),
            generation_tokens_per_second: decode,
            peak_mlx_bytes: 1,
            peak_footprint_bytes: None,
        }
    }

    #[test]
    fn the_ratio_of_the_medians_is_held_to_the_target() {
        let ours = [90.0, 40.0, 50.0].map(|speed| figures(speed, Some(3.0)));
        let theirs = [5.0, 4.0, 90.0].map(|speed| figures(speed, Some(4.0)));
        let outcome = Outcome::judge(&Runs {
            family: "llama",
            headroom: ours.into(),
            mlx_lm: theirs.into(),
        });
        assert_eq!(outcome.prefill.judged.value, Some(10.0));
        assert_eq!(outcome.prefill.judged.is_met, Some(true));
        assert_eq!(outcome.decode.judged.is_met, Some(false));
        assert_eq!(outcome.prompt_tokens, Some(128));
    }

    #[test]
    fn a_speed_that_is_unknown_leaves_the_verdict_open() {
        let outcome = Outcome::judge(&Runs {
            family: "llama",
            headroom: vec![figures(1.0, None)],
            mlx_lm: vec![figures(0.0, Some(1.0))],
        });
        assert_eq!(outcome.prefill.judged.is_met, None);
        assert_eq!(outcome.decode.judged.is_met, None);
    }
}
