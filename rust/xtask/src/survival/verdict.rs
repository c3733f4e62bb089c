//! What the runs prove.

use std::fmt;

use super::Governor;
use super::ending::Ending;
use super::execution::Run;

/// The runs, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    counts: Vec<(Governor, Counts)>,
}

/// How the runs of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    runs: usize,
    finished: usize,
    stopped: usize,
    refused: usize,
    killed: usize,
    /// Too slow, or ended without a reason that a person could use.
    failed: usize,
}

/// Counts the runs.
pub(crate) fn judge(runs: &[Run]) -> Verdict {
    let mut governors: Vec<_> = runs.iter().map(|run| run.governor).collect();
    governors.sort_unstable();
    governors.dedup();
    let counts = governors.into_iter().map(|governor| {
        let endings = runs
            .iter()
            .filter(|run| run.governor == governor)
            .map(|run| &run.ending);
        (governor, Counts::of(endings))
    });
    Verdict {
        counts: counts.collect(),
    }
}

impl Counts {
    fn of<'a>(endings: impl Iterator<Item = &'a Ending>) -> Self {
        let mut counts = Self::default();
        for ending in endings {
            counts.runs += 1;
            let count = match ending {
                Ending::Finished => &mut counts.finished,
                Ending::StoppedForMemory => &mut counts.stopped,
                Ending::Refused { .. } => &mut counts.refused,
                Ending::Killed { .. } => &mut counts.killed,
                Ending::TimedOut | Ending::Fault { .. } => &mut counts.failed,
            };
            *count += 1;
        }
        counts
    }
}

impl Verdict {
    /// Whether a governed run did not end in order.
    pub(crate) fn is_broken(&self) -> bool {
        let governed = self.of(Governor::On);
        governed.killed + governed.failed > 0
    }

    fn of(&self, governor: Governor) -> Counts {
        let found = self.counts.iter().find(|(counted, _)| *counted == governor);
        found.map(|(_, counts)| *counts).unwrap_or_default()
    }

    fn conclusion(&self) -> &'static str {
        if self.of(Governor::On).runs == 0 {
            "Nothing is proved: this program has no governor to switch on."
        } else if self.is_broken() {
            "REFUTED: a run that the governor watched over was killed or failed."
        } else if self.of(Governor::Off).killed == 0 {
            "VOID: no run without the governor was killed, so the limits were never tight."
        } else {
            "Proved: under limits that end the program without its governor, the governor kept every run."
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.counts.iter().map(|(_, counts)| counts.runs).sum();
        writeln!(formatter, "{total} runs")?;
        for (governor, counts) in &self.counts {
            let name = match governor {
                Governor::On => "with the governor",
                Governor::Off => "without it",
                Governor::None => "as built",
            };
            writeln!(
                formatter,
                "{name:>18}: {} runs, {} finished, {} stopped for memory, {} refused, {} killed, \
                 {} failed",
                counts.runs,
                counts.finished,
                counts.stopped,
                counts.refused,
                counts.killed,
                counts.failed
            )?;
        }
        formatter.write_str(self.conclusion())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::survival::steps::Step;

    fn run(governor: Governor, ending: Ending) -> Run {
        Run {
            step: Step {
                share: 1.0,
                limit_bytes: 1,
            },
            governor,
            ending,
            peak_bytes: None,
            peak_resident_bytes: None,
            actions: Vec::new(),
            time: Duration::ZERO,
        }
    }

    const KILLED: Ending = Ending::Killed { signal: 9 };

    #[test]
    fn it_is_proved_when_only_ungoverned_runs_are_killed() {
        let verdict = judge(&[
            run(Governor::Off, KILLED),
            run(Governor::On, Ending::StoppedForMemory),
        ]);
        assert!(!verdict.is_broken());
        assert!(verdict.conclusion().starts_with("Proved"));
    }

    #[test]
    fn one_lost_governed_run_refutes_it() {
        for lost in [
            KILLED,
            Ending::TimedOut,
            Ending::Fault {
                reason: String::new(),
            },
        ] {
            let verdict = judge(&[run(Governor::Off, KILLED), run(Governor::On, lost)]);
            assert!(verdict.is_broken());
            assert!(verdict.conclusion().starts_with("REFUTED"));
        }
    }

    #[test]
    fn it_is_void_when_no_ungoverned_run_is_killed() {
        let verdict = judge(&[
            run(Governor::Off, Ending::TimedOut),
            run(Governor::On, Ending::Finished),
        ]);
        assert!(!verdict.is_broken());
        assert!(verdict.conclusion().starts_with("VOID"));
    }

    #[test]
    fn without_a_governor_nothing_is_proved() {
        let verdict = judge(&[run(Governor::None, KILLED)]);
        assert!(!verdict.is_broken());
        assert!(verdict.conclusion().starts_with("Nothing is proved"));
        assert!(
            verdict
                .to_string()
                .contains("1 runs, 0 finished, 0 stopped for memory, 0 refused, 1 killed")
        );
    }
}
