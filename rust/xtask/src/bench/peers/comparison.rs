//! Medians, ratios, and the targets they are held to.

use serde::Serialize;

use super::contender::Contender;
use super::measurement::Sample;
use super::{CheckpointResult, ContenderRuns};
use crate::bench::median::median;
use crate::bench::target::{Judged, Target};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    ColdStartSeconds,
    PrefillTokensPerSecond,
    DecodeTokensPerSecond,
    PeakResidentBytes,
}

impl Figure {
    pub(crate) const ALL: [Self; 4] = [
        Self::ColdStartSeconds,
        Self::PrefillTokensPerSecond,
        Self::DecodeTokensPerSecond,
        Self::PeakResidentBytes,
    ];

    fn of(self, sample: &Sample) -> Option<f64> {
        match self {
            Self::ColdStartSeconds => Some(sample.cold_start_seconds),
            Self::PrefillTokensPerSecond => sample.figures.prompt_tokens_per_second,
            Self::DecodeTokensPerSecond => sample.figures.generation_tokens_per_second,
            Self::PeakResidentBytes => sample
                .figures
                .peak_footprint_bytes
                .map(|bytes| bytes as f64),
        }
    }

    /// What headroom's figure over mlx-lm's should be; dense weights have no target for prefill.
    fn target(self, bits: u32) -> Option<Target> {
        match self {
            Self::ColdStartSeconds => Some(Target::AtMost(0.3)),
            Self::PrefillTokensPerSecond => (bits == 4).then_some(Target::AtLeast(10.0)),
            Self::DecodeTokensPerSecond => Some(Target::AtLeast(1.0)),
            Self::PeakResidentBytes => Some(Target::AtMost(0.7)),
        }
    }
}

/// One line of a table.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Comparison {
    pub(crate) figure: Figure,
    /// Each contender's median, in their order; `None` where it is unknown.
    pub(crate) medians: Vec<(Contender, Option<f64>)>,
    /// Headroom's median over each peer's, in their order.
    pub(crate) ratios: Vec<(Contender, Option<f64>)>,
    /// The ratio to mlx-lm as installed, where it has a target.
    pub(crate) judged: Option<Judged>,
}

/// Every figure of a checkpoint, compared.
pub(crate) fn compare(result: &CheckpointResult) -> Vec<Comparison> {
    Figure::ALL
        .map(|figure| {
            let target = figure.target(result.checkpoint.bits);
            let medians = result.runs.iter().map(|runs| median_of(runs, figure));
            comparison(figure, medians.collect(), target)
        })
        .into()
}

fn comparison(
    figure: Figure,
    medians: Vec<(Contender, Option<f64>)>,
    target: Option<Target>,
) -> Comparison {
    let of = |wanted: Contender| {
        let found = medians.iter().find(|(contender, _)| *contender == wanted);
        found.and_then(|(_, median)| *median)
    };
    let ours = of(Contender::Headroom);
    let ratio_to = |theirs: Option<f64>| Some(ours? / theirs.filter(|&value| value > 0.0)?);
    let peers = medians
        .iter()
        .filter(|(contender, _)| *contender != Contender::Headroom);
    let ratios = peers
        .map(|&(contender, median)| (contender, ratio_to(median)))
        .collect();
    let as_installed = ratio_to(of(Contender::MlxLm));
    Comparison {
        figure,
        ratios,
        judged: target.map(|target| Judged::new(as_installed, target)),
        medians,
    }
}

fn median_of(runs: &ContenderRuns, figure: Figure) -> (Contender, Option<f64>) {
    let values: Option<Vec<f64>> = runs
        .samples
        .iter()
        .map(|sample| figure.of(sample))
        .collect();
    (runs.contender, values.and_then(median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_judged_against_mlx_lm_as_installed() {
        let medians = vec![
            (Contender::Headroom, Some(2.0)),
            (Contender::MlxLm, Some(4.0)),
            (Contender::MlxLmWithOpenBlas, Some(1.0)),
        ];
        let judged = |target| {
            let compared = comparison(Figure::PeakResidentBytes, medians.clone(), Some(target));
            compared.judged.unwrap().is_met
        };
        assert_eq!(judged(Target::AtMost(0.5)), Some(true));
        assert_eq!(judged(Target::AtMost(0.4)), Some(false));
        assert_eq!(judged(Target::AtLeast(0.6)), Some(false));
        let compared = comparison(Figure::PeakResidentBytes, medians, None);
        assert_eq!(compared.judged, None);
        assert_eq!(
            compared.ratios,
            [
                (Contender::MlxLm, Some(0.5)),
                (Contender::MlxLmWithOpenBlas, Some(2.0)),
            ]
        );
    }

    #[test]
    fn an_unknown_figure_is_neither_met_nor_missed() {
        let medians = vec![(Contender::Headroom, None), (Contender::MlxLm, Some(4.0))];
        let compared = comparison(
            Figure::PeakResidentBytes,
            medians,
            Some(Target::AtMost(0.7)),
        );
        assert_eq!(compared.ratios, [(Contender::MlxLm, None)]);
        assert_eq!(compared.judged.unwrap().is_met, None);
    }
}
