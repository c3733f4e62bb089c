//! When a rung that cost only speed is undone.

use std::time::Duration;

use super::action::Action;
use super::observation::{Observation, Phase};
use super::rung::{Rung, in_proportion};
use super::settings::GovernorSettings;

/// Waits for calm, and longer where an undone rung had to be taken again.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    calm_since: Option<Duration>,
    step: Wait,
    cache: Wait,
}

/// How long calm must last before a rung is undone.
#[derive(Clone, Copy, Debug)]
struct Wait {
    length: Duration,
    undone_at: Option<Duration>,
}

impl Undo {
    pub(super) fn new(settings: &GovernorSettings) -> Self {
        let wait = Wait {
            length: settings.calm,
            undone_at: None,
        };
        Self {
            calm_since: None,
            step: wait,
            cache: wait,
        }
    }

    /// Takes in whether it is calm now.
    pub(super) fn observe(&mut self, at: Duration, is_calm: bool) {
        self.calm_since = match is_calm {
            true => Some(self.calm_since.map_or(at, |since| since.min(at))),
            false => None,
        };
    }

    /// The wait begins anew, and is longer if what was undone is taken again.
    pub(super) fn taken(&mut self, rung: Rung, at: Duration, settings: &GovernorSettings) {
        self.calm_since = None;
        match rung {
            Rung::Cache => self.cache.taken_again(at, settings),
            Rung::PrefillStep => self.step.taken_again(at, settings),
            Rung::KvPrecision | Rung::IdlePromptCaches | Rung::KvLength | Rung::IdleModels => {}
        }
    }

    /// What is undone now, the last taken first, one at a time.
    pub(super) fn next(
        &mut self,
        observation: &Observation,
        spare_bytes: Option<u64>,
    ) -> Option<Action> {
        let at = observation.at;
        let calm = at.saturating_sub(self.calm_since?);
        let (action, wait) = [
            (restored_step(observation, spare_bytes), &mut self.step),
            (restored_cache(observation, spare_bytes), &mut self.cache),
        ]
        .into_iter()
        .find_map(|(action, wait)| Some((action.filter(|_| calm >= wait.length)?, wait)))?;
        wait.undone_at = Some(at);
        self.calm_since = Some(at);
        Some(action)
    }
}

impl Wait {
    fn taken_again(&mut self, at: Duration, settings: &GovernorSettings) {
        let Some(undone_at) = self.undone_at.take() else {
            return;
        };
        let flaps = at.saturating_sub(undone_at) < settings.flapping_within;
        self.length = match flaps {
            true => self.length.saturating_mul(2).min(settings.longest_calm),
            false => settings.calm,
        };
    }
}

/// Twice the step, if by proportion it fits.
fn restored_step(observation: &Observation, spare_bytes: Option<u64>) -> Option<Action> {
    let Phase::Prefill {
        step, usual_step, ..
    } = observation.work.phase
    else {
        return None;
    };
    let tokens = step.saturating_mul(2).min(usual_step);
    let needed_bytes = in_proportion(observation.work.next_step_bytes, tokens, step);
    let fits = spare_bytes.is_none_or(|spare| needed_bytes <= spare);
    (tokens > step && fits).then_some(Action::RestorePrefillStep { tokens })
}

/// The usual limit, if a full cache leaves room for the next step.
fn restored_cache(observation: &Observation, spare_bytes: Option<u64>) -> Option<Action> {
    let cache = observation.cache?;
    let limit_bytes = cache.usual_limit_bytes;
    let growth_bytes = limit_bytes.saturating_sub(cache.bytes);
    let needed_bytes = growth_bytes.saturating_add(observation.work.next_step_bytes);
    let fits = spare_bytes.is_none_or(|spare| needed_bytes <= spare);
    (limit_bytes > cache.limit_bytes && fits).then_some(Action::RestoreCache { limit_bytes })
}
