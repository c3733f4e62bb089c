//! The governor: between two steps it decides what is given up so that the
//! process stays alive, and when it is given back.
//!
//! A state machine without clock or allocator: time and figures come in with
//! each [`Observation`], so that a trace replays to the same actions anywhere.
//! `docs/decisions/0006-governor.md` has its rules and their reasons.

mod action;
mod descent;
mod observation;
mod rung;
mod settings;
#[cfg(test)]
mod tests;
mod undo;

use std::time::Duration;

pub use action::{Action, ActionReport, Decision, Reason};
pub use observation::{AllocatorCache, KvSituation, Observation, Phase, Work};
pub use settings::GovernorSettings;

use crate::pressure::{Pressure, PressureGauge};
use descent::Descent;
use rung::{Reach, Rung};
use undo::Undo;

/// Watches over one generation.
///
/// ```
/// use headroom_memory::{Governor, Observation};
///
/// let mut governor = Governor::default();
/// let observation = Observation::default();
/// while let Some(decision) = governor.next_action(&observation) {
///     // Do it, observe again, and leave the loop after `Action::Stop`.
///     # let _ = decision;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Governor {
    settings: GovernorSettings,
    gauge: PressureGauge,
    descent: Descent,
    undo: Undo,
    last_taken: Option<Duration>,
    exhausted_since: Option<Duration>,
    stopped: Option<Decision>,
}

impl Default for Governor {
    fn default() -> Self {
        Self::new(GovernorSettings::default())
    }
}

impl Governor {
    /// A governor that has seen nothing.
    pub fn new(settings: GovernorSettings) -> Self {
        Self {
            undo: Undo::new(&settings),
            settings,
            gauge: PressureGauge::new(),
            descent: Descent::default(),
            last_taken: None,
            exhausted_since: None,
            stopped: None,
        }
    }

    /// What to do before the next step; `None` lets it run.
    ///
    /// Do it, observe again and ask again until the answer is `None`.
    /// [`Action::Stop`] is final: it answers every question from then on.
    pub fn next_action(&mut self, observation: &Observation) -> Option<Decision> {
        if self.stopped.is_some() {
            return self.stopped;
        }
        let pressure = self
            .gauge
            .update(observation.usage_ratio(), observation.system_signal);
        self.descent.observe(observation);
        self.undo.observe(observation.at, pressure == Pressure::Low);
        let chosen = self
            .make_room(observation)
            .or_else(|| self.relieve(observation, pressure))
            .or_else(|| self.undo(observation));
        self.conclude(chosen, pressure)
    }

    /// Admission: while the next step does not fit, whatever frees something,
    /// and at the end of the ladder the stop.
    fn make_room(&mut self, observation: &Observation) -> Option<(Action, Reason)> {
        let reason = self.shortage(observation)?;
        let action = match self.next_rung(observation, &Reach::EVERYTHING) {
            Some((rung, action)) => self.take(rung, action, observation),
            None => Action::Stop,
        };
        Some((action, reason))
    }

    fn shortage(&self, observation: &Observation) -> Option<Reason> {
        if let Some(excess_bytes) = observation.excess_bytes() {
            return Some(Reason::OverBudget { excess_bytes });
        }
        let spare_bytes = self.settings.spare_bytes(observation)?;
        let needed_bytes = observation.work.next_step_bytes;
        (needed_bytes > spare_bytes).then_some(Reason::StepDoesNotFit {
            needed_bytes,
            spare_bytes,
        })
    }

    /// Pressure: what its level may take, one rung at a time.
    fn relieve(
        &mut self,
        observation: &Observation,
        pressure: Pressure,
    ) -> Option<(Action, Reason)> {
        let next = Reach::at(pressure).and_then(|reach| self.next_rung(observation, &reach));
        let Some((rung, action)) = next else {
            return self.outlasted(observation);
        };
        self.exhausted_since = None;
        let waited = self.last_taken.is_none_or(|last| {
            observation.at.saturating_sub(last) >= self.settings.interval(pressure)
        });
        waited.then(|| {
            let action = self.take(rung, action, observation);
            (action, Reason::Pressure(pressure))
        })
    }

    /// Nothing is left to give up, and yet the system says critical.
    fn outlasted(&mut self, observation: &Observation) -> Option<(Action, Reason)> {
        if observation.system_signal != Some(Pressure::Critical) {
            self.exhausted_since = None;
            return None;
        }
        let since = *self.exhausted_since.get_or_insert(observation.at);
        let lasted = observation.at.saturating_sub(since) >= self.settings.patience;
        lasted.then_some((Action::Stop, Reason::CriticalSignalLasts))
    }

    fn undo(&mut self, observation: &Observation) -> Option<(Action, Reason)> {
        let spare_bytes = self.settings.spare_bytes(observation);
        let action = self.undo.next(observation, spare_bytes)?;
        Some((action, Reason::Calm))
    }

    fn next_rung(&self, observation: &Observation, reach: &Reach) -> Option<(Rung, Action)> {
        let spare_bytes = self.settings.spare_bytes(observation);
        self.descent.next(observation, reach, spare_bytes)
    }

    fn take(&mut self, rung: Rung, action: Action, observation: &Observation) -> Action {
        self.descent.take(rung, observation);
        self.undo.taken(rung, observation.at, &self.settings);
        self.last_taken = Some(observation.at);
        action
    }

    fn conclude(
        &mut self,
        chosen: Option<(Action, Reason)>,
        pressure: Pressure,
    ) -> Option<Decision> {
        let Some((action, reason)) = chosen else {
            self.descent.end_pause();
            return None;
        };
        let decision = Decision {
            action,
            reason,
            pressure,
        };
        self.stopped = (action == Action::Stop).then_some(decision);
        Some(decision)
    }
}
