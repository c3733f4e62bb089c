//! All measurements, in the order in which they were made.

use anyhow::Result;
use serde::Serialize;

use super::kind::Kind;
use super::program::{Contender, Programs, Request, Sample};

/// Tokens that are counted at most, and seconds after which no further one is begun: mlx-lm takes
/// about a second for a token on two cores.
const SPEED: (u32, f64) = (32, 1.0);
/// One token, for what it takes.
const MEMORY: (u32, f64) = (1, 0.0);

/// What was measured.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Runs(Vec<Run>);

/// One measurement.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Run {
    pub(crate) contender: Contender,
    pub(crate) kind: Kind,
    /// Tokens.
    pub(crate) context: u32,
    /// Whether its time was measured, too.
    is_timed: bool,
    #[serde(flatten)]
    pub(crate) sample: Sample,
}

impl Runs {
    /// Both contenders on every kind, one after the other; the other one begins each round.
    pub(crate) fn measure_speed(
        &mut self,
        programs: &mut Programs,
        context: u32,
        round: usize,
    ) -> Result<()> {
        for kind in Kind::ALL {
            let mut contenders = contenders_with(kind);
            let count = contenders.len();
            contenders.rotate_left(round % count);
            for contender in contenders {
                self.measure(programs, (contender, kind, context), SPEED)?;
            }
        }
        Ok(())
    }

    /// Both contenders on every kind, a token each.
    pub(crate) fn measure_memory(&mut self, programs: &mut Programs, context: u32) -> Result<()> {
        for kind in Kind::ALL {
            for contender in contenders_with(kind) {
                self.measure(programs, (contender, kind, context), MEMORY)?;
            }
        }
        Ok(())
    }

    fn measure(
        &mut self,
        programs: &mut Programs,
        (contender, kind, context): (Contender, Kind, u32),
        (most_tokens, most_seconds): (u32, f64),
    ) -> Result<()> {
        let request = Request {
            kind,
            context,
            most_tokens,
            most_seconds,
        };
        self.0.push(Run {
            contender,
            kind,
            context,
            is_timed: most_tokens > MEMORY.0,
            sample: programs.ask(contender, request)?,
        });
        Ok(())
    }

    /// Those of one contender and kind.
    pub(crate) fn of(&self, contender: Contender, kind: Kind) -> impl Iterator<Item = &Run> {
        let is_wanted = move |run: &&Run| run.contender == contender && run.kind == kind;
        self.0.iter().filter(is_wanted)
    }

    /// Tokens per second, a value a round.
    pub(crate) fn speeds(
        &self,
        contender: Contender,
        kind: Kind,
        context: u32,
    ) -> impl Iterator<Item = f64> {
        let is_wanted = move |run: &&Run| run.context == context && run.is_timed;
        let runs = self.of(contender, kind).filter(is_wanted);
        runs.map(|run| f64::from(run.sample.tokens) / run.sample.seconds)
    }

    /// What one figure of memory is at each context, shortest first. It is the same in every round.
    pub(crate) fn curve(
        &self,
        contender: Contender,
        kind: Kind,
        bytes: fn(&Sample) -> u64,
    ) -> Vec<(u32, u64)> {
        let runs = self.of(contender, kind);
        let mut points: Vec<_> = runs.map(|run| (run.context, bytes(&run.sample))).collect();
        points.sort_unstable();
        points.dedup_by_key(|(context, _)| *context);
        points
    }
}

/// Who has a cache of this kind of its own.
fn contenders_with(kind: Kind) -> Vec<Contender> {
    match kind.of_mlx_lm() == Some(kind) {
        true => vec![Contender::Headroom, Contender::MlxLm],
        false => vec![Contender::Headroom],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What two contenders might have done with one kind of cache.
    pub(crate) fn example() -> Runs {
        let run = |contender, context, tokens, is_timed| Run {
            contender,
            kind: Kind::Plain,
            context,
            is_timed,
            sample: Sample {
                tokens,
                seconds: 2.0,
                cache_bytes: u64::from(context) << 10,
                active_bytes: 1 << 20,
                peak_bytes: 2 << 20,
            },
        };
        Runs(vec![
            run(Contender::Headroom, 16_384, 30, true),
            run(Contender::MlxLm, 16_384, 2, true),
            run(Contender::Headroom, 16_384, 20, true),
            run(Contender::Headroom, 16_384, 90, true),
            run(Contender::Headroom, 512, 1, false),
        ])
    }

    #[test]
    fn speeds_are_those_of_timed_runs_at_that_context() {
        let runs = example();
        let speeds: Vec<_> = runs
            .speeds(Contender::Headroom, Kind::Plain, 16_384)
            .collect();
        assert_eq!(speeds, [15.0, 10.0, 45.0]);
        assert_eq!(
            runs.speeds(Contender::Headroom, Kind::Plain, 512).count(),
            0
        );
    }

    #[test]
    fn a_curve_has_each_context_once_and_begins_with_the_shortest() {
        let curve = example().curve(Contender::Headroom, Kind::Plain, |sample| {
            sample.cache_bytes
        });
        assert_eq!(curve, [(512, 512 << 10), (16_384, 16_384 << 10)]);
    }

    #[test]
    fn what_mlx_lm_has_no_cache_for_is_headrooms_alone() {
        assert_eq!(
            contenders_with(Kind::RotatingFourBits),
            [Contender::Headroom]
        );
        assert_eq!(contenders_with(Kind::Bfloat16), [Contender::Headroom]);
        assert_eq!(contenders_with(Kind::FourBits).len(), 2);
    }
}
