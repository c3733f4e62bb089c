//! Medians, ratios, and the targets they are held to.

use serde::Serialize;

use super::CONTEXTS;
use super::kind::Kind;
use super::program::{Contender, Sample};
use super::runs::Runs;
use crate::bench::median::median;
use crate::bench::target::Judged;

/// Every kind's figures.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Outcome {
    pub(crate) kinds: Vec<KindOutcome>,
}

/// One kind's.
#[derive(Serialize)]
pub(crate) struct KindOutcome {
    pub(crate) kind: Kind,
    /// At each of [`CONTEXTS`].
    pub(crate) speeds: Vec<Speeds>,
    /// The last ratio, where it has a target.
    pub(crate) judged: Option<Judged>,
    pub(crate) headroom: Option<Memory>,
    pub(crate) mlx_lm: Option<Memory>,
}

/// Median tokens per second behind one context; `None` where there is no such cache.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Speeds {
    pub(crate) context: u32,
    pub(crate) headroom: Option<f64>,
    pub(crate) mlx_lm: Option<f64>,
    /// Headroom's over mlx-lm's.
    pub(crate) ratio: Option<f64>,
}

/// What is taken behind the longest context.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Memory {
    pub(crate) cache_bytes: u64,
    pub(crate) peak_bytes: u64,
}

impl Outcome {
    pub(crate) fn judge(runs: &Runs) -> Self {
        let kinds = Kind::ALL.map(|kind| kind_outcome(runs, kind));
        Self {
            kinds: kinds.into(),
        }
    }
}

fn kind_outcome(runs: &Runs, kind: Kind) -> KindOutcome {
    let speeds: Vec<_> = CONTEXTS
        .map(|context| speeds_at(runs, kind, context))
        .into();
    let ratio = speeds.last().and_then(|last| last.ratio);
    KindOutcome {
        kind,
        speeds,
        judged: kind.target().map(|target| Judged::new(ratio, target)),
        headroom: memory(runs, Contender::Headroom, kind),
        mlx_lm: kind
            .of_mlx_lm()
            .and_then(|kind| memory(runs, Contender::MlxLm, kind)),
    }
}

fn speeds_at(runs: &Runs, kind: Kind, context: u32) -> Speeds {
    let headroom = median(runs.speeds(Contender::Headroom, kind, context));
    let mlx_lm = kind
        .of_mlx_lm()
        .and_then(|kind| median(runs.speeds(Contender::MlxLm, kind, context)));
    Speeds {
        context,
        headroom,
        mlx_lm,
        ratio: headroom.zip(mlx_lm).map(|(ours, theirs)| ours / theirs),
    }
}

fn memory(runs: &Runs, contender: Contender, kind: Kind) -> Option<Memory> {
    let last = |bytes: fn(&Sample) -> u64| Some(runs.curve(contender, kind, bytes).last()?.1);
    Some(Memory {
        cache_bytes: last(|sample| sample.cache_bytes)?,
        peak_bytes: last(|sample| sample.peak_bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contexts::runs::tests::example;

    #[test]
    fn the_target_is_judged_behind_the_longest_context() {
        let outcome = kind_outcome(&example(), Kind::Plain);
        let last = outcome.speeds.last().unwrap();
        assert_eq!((last.headroom, last.mlx_lm), (Some(15.0), Some(1.0)));
        assert_eq!(outcome.judged.unwrap().value, Some(15.0));
        assert_eq!(outcome.judged.unwrap().is_met, Some(true));
        assert_eq!(outcome.speeds[0].headroom, None, "nothing was timed there");
    }

    #[test]
    fn bfloat16_is_held_to_mlx_lms_plain_cache() {
        let outcome = kind_outcome(&example(), Kind::Bfloat16);
        let last = outcome.speeds.last().unwrap();
        assert_eq!((last.headroom, last.mlx_lm), (None, Some(1.0)));
        assert_eq!(outcome.judged, None);
    }
}
