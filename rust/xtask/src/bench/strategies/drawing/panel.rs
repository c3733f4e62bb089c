//! What a panel shows, before it is drawn. All bars are percentages and begin at zero.

use std::ops::Range;

use headroom_memory::Strategy;

use crate::bench::strategies::outcome::{Medians, Outcome, StrategyOutcome};

/// Room above the tallest bar for what stands over it.
const HEIGHT_OVER_TALLEST: f64 = 1.12;
/// A target nearer above a bar than this share of the axis would run through its label.
const LABEL_HEIGHT: f64 = 0.08;

/// One figure of all strategies and subjects.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// Under each group of bars.
    pub(crate) names: Vec<&'static str>,
    pub(crate) bars: Vec<Bar>,
}

/// One bar of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// The group: 0 is no strategy.
    pub(crate) place: usize,
    /// Its place in the group.
    pub(crate) subject: usize,
    /// How many subjects there are.
    pub(crate) subjects: usize,
    pub(crate) percent: f64,
    pub(crate) label: String,
    pub(crate) target_percent: Option<f64>,
}

/// What a bar says of itself.
struct Content {
    share: f64,
    label: String,
    target: Option<f64>,
}

/// Memory, speed and agreement.
pub(crate) fn all(outcomes: &[Outcome]) -> [Panel; 3] {
    [
        panel(
            "Peak of MLX's arrays (MiB over the bars; target: below)",
            outcomes,
            without_memory,
            memory,
        ),
        panel(
            "Decode speed (tokens/s over the bars; target: above)",
            outcomes,
            without_speed,
            speed,
        ),
        panel(
            "Next tokens unlike full precision (target: below)",
            outcomes,
            |_| None,
            disagreement,
        ),
    ]
}

fn panel(
    title: &'static str,
    outcomes: &[Outcome],
    without: fn(Medians) -> Option<Content>,
    with: fn(&StrategyOutcome) -> Option<Content>,
) -> Panel {
    let bars = outcomes.iter().enumerate().flat_map(|(subject, outcome)| {
        let group = outcome.strategies.iter().map(with);
        let group = std::iter::once(without(outcome.without)).chain(group);
        group.enumerate().filter_map(move |(place, content)| {
            let content = content?;
            Some(Bar {
                place,
                subject,
                subjects: outcomes.len(),
                percent: 100.0 * content.share,
                label: content.label,
                target_percent: content.target.map(|target| 100.0 * target),
            })
        })
    });
    let names = std::iter::once("none").chain(Strategy::ALL.map(Strategy::as_str));
    Panel {
        title,
        names: names.collect(),
        bars: bars.collect(),
    }
}

fn without_memory(medians: Medians) -> Option<Content> {
    Some(Content {
        share: 1.0,
        label: mebibytes(medians),
        target: None,
    })
}

fn memory(outcome: &StrategyOutcome) -> Option<Content> {
    Some(Content {
        share: 1.0 - outcome.saving.value?,
        label: mebibytes(outcome.medians),
        target: Some(1.0 - outcome.saving.target.bound()),
    })
}

fn without_speed(medians: Medians) -> Option<Content> {
    Some(Content {
        share: 1.0,
        label: tokens_per_second(medians),
        target: None,
    })
}

fn speed(outcome: &StrategyOutcome) -> Option<Content> {
    Some(Content {
        share: outcome.speed.value?,
        label: tokens_per_second(outcome.medians),
        target: Some(outcome.speed.target.bound()),
    })
}

fn disagreement(outcome: &StrategyOutcome) -> Option<Content> {
    let agreement = outcome.agreement?;
    let share = 1.0 - agreement.value?;
    Some(Content {
        share,
        label: format!("{:.2} %", 100.0 * share),
        target: Some(1.0 - agreement.target.bound()),
    })
}

fn mebibytes(medians: Medians) -> String {
    format!("{:.1}", medians.peak_mlx_bytes / f64::from(1 << 20))
}

fn tokens_per_second(medians: Medians) -> String {
    format!("{:.1}", medians.decode_tokens_per_second)
}

impl Panel {
    /// From half a group before the first to half a group behind the last.
    pub(crate) fn places(&self) -> Range<f64> {
        -0.5..self.names.len() as f64 - 0.5
    }

    /// Where the axis ends.
    pub(crate) fn top_percent(&self) -> f64 {
        let heights = self.bars.iter().map(|bar| {
            bar.target_percent
                .map_or(bar.percent, |target| bar.percent.max(target))
        });
        heights.fold(1.0, f64::max) * HEIGHT_OVER_TALLEST
    }
}

impl Bar {
    /// Left and right; the bars of a group stand side by side around its middle.
    pub(crate) fn edges(&self, width: f64) -> (f64, f64) {
        let first = self.place as f64 - width * self.subjects as f64 / 2.0;
        let left = first + width * self.subject as f64;
        (left, left + width)
    }

    /// Where its label stands: over the bar, or over a target that is close above it.
    pub(crate) fn label_percent(&self, top_percent: f64) -> f64 {
        let reach = self.percent..self.percent + LABEL_HEIGHT * top_percent;
        let target = self.target_percent.filter(|target| reach.contains(target));
        target.unwrap_or(self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::strategies::outcome::tests::outcome;

    fn bar(subject: usize) -> Bar {
        Bar {
            place: 1,
            subject,
            subjects: 2,
            percent: 50.0,
            label: String::new(),
            target_percent: None,
        }
    }

    #[test]
    fn bars_of_a_group_stand_around_its_middle() {
        assert_eq!(bar(0).edges(0.25), (0.75, 1.0));
        assert_eq!(bar(1).edges(0.25), (1.0, 1.25));
    }

    #[test]
    fn a_label_keeps_clear_of_a_target_close_above_its_bar() {
        let label = |target| {
            let bar = Bar {
                target_percent: Some(target),
                ..bar(0)
            };
            bar.label_percent(100.0)
        };
        assert_eq!([40.0, 55.0, 70.0].map(label), [50.0, 55.0, 50.0]);
    }

    #[test]
    fn a_saving_is_drawn_as_what_is_still_taken() {
        let [memory, ..] = all(&[outcome()]);
        let shown: Vec<_> = memory.bars.iter().map(|bar| bar.percent).collect();
        assert_eq!(shown, [100.0, 75.0, 50.0, 25.0]);
        let targets: Vec<_> = memory.bars.iter().map(|bar| bar.target_percent).collect();
        assert_eq!(targets, [None, Some(80.0), Some(60.0), Some(40.0)]);
    }

    #[test]
    fn the_axis_holds_every_bar_and_every_target() {
        for panel in all(&[outcome()]) {
            for bar in &panel.bars {
                assert!(bar.percent < panel.top_percent(), "{}", panel.title);
                assert!(
                    bar.target_percent
                        .is_none_or(|target| target < panel.top_percent())
                );
            }
        }
    }
}
