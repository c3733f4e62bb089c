//! Medians of a subject's runs, held to the targets of each strategy.

use anyhow::{Context, Result};
use headroom_memory::Strategy;
use serde::Serialize;

use super::Runs;
use super::agreement::Agreement;
use super::subject::Subject;
use crate::bench::generation::Figures;
use crate::bench::median::median;
use crate::bench::target::{Judged, Target};

/// What came of one subject.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) subject: &'static str,
    pub(crate) prompt_tokens: usize,
    pub(crate) new_tokens: usize,
    pub(crate) rounds: usize,
    /// With no strategy.
    pub(crate) without: Medians,
    pub(crate) strategies: Vec<StrategyOutcome>,
}

/// The middle of each figure over the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Medians {
    pub(crate) peak_mlx_bytes: f64,
    pub(crate) prefill_tokens_per_second: f64,
    pub(crate) decode_tokens_per_second: f64,
}

/// One strategy beside the run with none.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct StrategyOutcome {
    pub(crate) strategy: Strategy,
    pub(crate) medians: Medians,
    /// Share of the peak that is not taken any more.
    pub(crate) saving: Judged,
    /// Decode speed over that with no strategy.
    pub(crate) speed: Judged,
    /// `None` where it was not measured.
    pub(crate) agreement: Option<Judged>,
}

/// What a strategy is held to.
pub(crate) struct Targets {
    pub(crate) saving: Target,
    pub(crate) speed: Target,
    pub(crate) agreement: Target,
}

impl Targets {
    pub(crate) fn of(strategy: Strategy) -> Self {
        let [saving, speed, agreement] = match strategy {
            Strategy::Conservative => [0.2, 0.95, 0.98],
            Strategy::Balanced => [0.4, 0.95, 0.98],
            Strategy::Aggressive => [0.6, 0.9, 0.95],
        }
        .map(Target::AtLeast);
        Self {
            saving,
            speed,
            agreement,
        }
    }
}

impl Outcome {
    /// Compares every strategy's runs with those that had none.
    pub(crate) fn judge(
        subject: &Subject,
        runs: &[Runs],
        agreements: &[Agreement],
    ) -> Result<Self> {
        let without = runs_of(runs, None)?;
        let baseline = Medians::of(&without.samples)?;
        let strategies = Strategy::ALL.map(|strategy| {
            let medians = Medians::of(&runs_of(runs, Some(strategy))?.samples)?;
            let agreement = agreements.iter().find(|one| one.strategy == strategy);
            Ok(compare(strategy, medians, baseline, agreement))
        });
        Ok(Self {
            subject: subject.name,
            prompt_tokens: without.samples.first().map_or(0, |one| one.prompt_tokens),
            new_tokens: subject.generation.new_tokens,
            rounds: subject.rounds,
            without: baseline,
            strategies: strategies.into_iter().collect::<Result<_>>()?,
        })
    }
}

fn runs_of(runs: &[Runs], strategy: Option<Strategy>) -> Result<&Runs> {
    let found = runs.iter().find(|run| run.strategy == strategy);
    found.context("a strategy was not run")
}

fn compare(
    strategy: Strategy,
    medians: Medians,
    without: Medians,
    agreement: Option<&Agreement>,
) -> StrategyOutcome {
    let saving = 1.0 - medians.peak_mlx_bytes / without.peak_mlx_bytes;
    let speed = medians.decode_tokens_per_second / without.decode_tokens_per_second;
    let targets = Targets::of(strategy);
    StrategyOutcome {
        strategy,
        medians,
        saving: Judged::new(Some(saving), targets.saving),
        speed: Judged::new(Some(speed), targets.speed),
        agreement: agreement.map(|one| Judged::new(Some(one.share()), targets.agreement)),
    }
}

impl Medians {
    fn of(samples: &[Figures]) -> Result<Self> {
        let middle = |figure: fn(&Figures) -> f64| {
            median(samples.iter().map(figure)).context("a strategy was not run")
        };
        Ok(Self {
            peak_mlx_bytes: middle(|figures| figures.peak_mlx_bytes as f64)?,
            prefill_tokens_per_second: middle(|figures| figures.prompt_tokens_per_second)?,
            decode_tokens_per_second: middle(|figures| figures.generation_tokens_per_second)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const WITHOUT: Medians = Medians {
        peak_mlx_bytes: 100.0,
        prefill_tokens_per_second: 10.0,
        decode_tokens_per_second: 10.0,
    };

    /// Each strategy takes a quarter less than the one before.
    pub(crate) fn outcome() -> Outcome {
        let strategies = Strategy::ALL.into_iter().zip([75.0, 50.0, 25.0]);
        Outcome {
            subject: "a small model",
            prompt_tokens: 900,
            new_tokens: 80,
            rounds: 5,
            without: WITHOUT,
            strategies: strategies
                .map(|(strategy, peak_mlx_bytes)| {
                    let medians = Medians {
                        peak_mlx_bytes,
                        ..WITHOUT
                    };
                    compare(strategy, medians, WITHOUT, None)
                })
                .collect(),
        }
    }

    #[test]
    fn saving_and_speed_are_shares_of_the_run_with_no_strategy() {
        let medians = Medians {
            peak_mlx_bytes: 50.0,
            decode_tokens_per_second: 9.0,
            ..WITHOUT
        };
        let outcome = compare(Strategy::Balanced, medians, WITHOUT, None);
        assert_eq!(outcome.saving.value, Some(0.5));
        assert_eq!(outcome.saving.is_met, Some(true));
        assert_eq!(outcome.speed.value, Some(0.9));
        assert_eq!(outcome.speed.is_met, Some(false));
        assert_eq!(outcome.agreement, None);
    }

    #[test]
    fn a_bolder_strategy_must_save_more_and_may_cost_more() {
        for strategies in Strategy::ALL.windows(2) {
            let (milder, bolder) = (Targets::of(strategies[0]), Targets::of(strategies[1]));
            assert!(milder.saving.bound() < bolder.saving.bound());
            assert!(milder.speed.bound() >= bolder.speed.bound());
            assert!(milder.agreement.bound() >= bolder.agreement.bound());
        }
    }

    #[test]
    fn the_agreement_is_held_to_the_strategys_own_target() {
        let agreement = |strategy| Agreement {
            strategy,
            same_tokens: 96,
            tokens: 100,
        };
        let judged = |strategy| {
            let outcome = compare(strategy, WITHOUT, WITHOUT, Some(&agreement(strategy)));
            outcome.agreement.unwrap().is_met
        };
        assert_eq!(judged(Strategy::Balanced), Some(false));
        assert_eq!(judged(Strategy::Aggressive), Some(true));
    }

    #[test]
    fn a_setting_that_was_not_run_is_an_error() {
        assert!(runs_of(&[], None).is_err());
        assert!(Medians::of(&[]).is_err());
    }
}
