//! Which rung is next, given those that were taken.

use super::action::Action;
use super::observation::Observation;
use super::rung::{Reach, Rung};

/// Remembers each rung's last use, so that none is taken twice in the same state:
/// memory that is never given back must end the descent, not repeat it.
#[derive(Clone, Debug, Default)]
pub(super) struct Descent {
    taken: [Option<Taken>; Rung::LADDER.len()],
    pause: u64,
}

/// The last use of a rung.
#[derive(Clone, Copy, Debug)]
struct Taken {
    measure: u64,
    pause: u64,
    /// The measure has been another since.
    has_moved: bool,
}

impl Descent {
    /// Notes which rungs stand elsewhere than when they were taken.
    pub(super) fn observe(&mut self, observation: &Observation) {
        for rung in Rung::LADDER {
            if let Some(taken) = &mut self.taken[rung as usize] {
                taken.has_moved |= rung.measure(observation) != taken.measure;
            }
        }
    }

    /// The mildest rung that frees something and was not taken in this state.
    pub(super) fn next(
        &self,
        observation: &Observation,
        reach: &Reach,
        spare_bytes: Option<u64>,
    ) -> Option<(Rung, Action)> {
        Rung::LADDER
            .into_iter()
            .filter(|rung| self.may_take(*rung, rung.measure(observation)))
            .find_map(|rung| Some((rung, rung.action(observation, reach, spare_bytes)?)))
    }

    fn may_take(&self, rung: Rung, measure: u64) -> bool {
        let Some(taken) = self.taken[rung as usize] else {
            return true;
        };
        let goes_on = || rung.has_several_steps() && measure < taken.measure;
        taken.has_moved && (taken.pause != self.pause || goes_on())
    }

    pub(super) fn take(&mut self, rung: Rung, observation: &Observation) {
        self.taken[rung as usize] = Some(Taken {
            measure: rung.measure(observation),
            pause: self.pause,
            has_moved: false,
        });
    }

    /// The work goes on: what was taken in this pause may be taken in the next.
    pub(super) fn end_pause(&mut self) {
        self.pause = self.pause.wrapping_add(1);
    }
}
