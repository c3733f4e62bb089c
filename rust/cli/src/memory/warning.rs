//! What to do when the budget runs out, said in time.

use std::fmt;

use headroom_memory::MemoryState;

use super::share::{SharesOfBudget, percent};

/// A sentence for the person who watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Warning {
    pub(super) urgency: Urgency,
    cause: Cause,
    share: f64,
}

/// How soon something must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Past 80 % of the budget: before more is started.
    Soon,
    /// Past 90 %: now.
    Now,
}

/// Who holds the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    ThisProcess,
    AllPrograms,
}

impl Warning {
    /// The most urgent warning that a state deserves. Where this process alone deserves it, others
    /// are not blamed.
    pub(crate) fn of(state: &MemoryState) -> Option<Self> {
        let shares = SharesOfBudget::of(state);
        let own = Self::new(Cause::ThisProcess, shares.used);
        let all = Self::new(Cause::AllPrograms, shares.taken);
        let urgency = |warning: Option<Self>| warning.map(|warning| warning.urgency);
        match urgency(all) > urgency(own) {
            true => all,
            false => own,
        }
    }

    fn new(cause: Cause, share: Option<f64>) -> Option<Self> {
        let share = share?;
        let urgency = match share {
            _ if share > 0.9 => Urgency::Now,
            _ if share > 0.8 => Urgency::Soon,
            _ => return None,
        };
        Some(Self {
            urgency,
            cause,
            share,
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = percent(Some(self.share));
        match (self.cause, self.urgency) {
            (Cause::ThisProcess, Urgency::Soon) => write!(
                formatter,
                "{share} of the budget is used: choose a shorter context or a smaller model \
                 before you load more."
            ),
            (Cause::ThisProcess, Urgency::Now) => write!(
                formatter,
                "{share} of the budget is used: end a generation or unload a model now, or the \
                 system may end this process."
            ),
            (Cause::AllPrograms, Urgency::Soon) => write!(
                formatter,
                "{share} of the budget is taken, other programs included: close some of them \
                 before you load a model."
            ),
            (Cause::AllPrograms, Urgency::Now) => write!(
                formatter,
                "{share} of the budget is taken, other programs included: close some of them now, \
                 or the system may end what runs."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::watch_model::examples::{state, unknown};

    fn sentence(used_percent: u64, available_percent: u64) -> String {
        let warning = Warning::of(&state(used_percent, available_percent));
        warning.map_or_else(String::new, |warning| warning.to_string())
    }

    #[test]
    fn nothing_is_said_up_to_80_percent() {
        assert_eq!(Warning::of(&state(80, 21)), None);
        assert_eq!(Warning::of(&unknown()), None);
    }

    #[test]
    fn past_80_percent_it_says_what_to_do_before_more_is_loaded() {
        assert_eq!(
            sentence(81, 19),
            "81 % of the budget is used: choose a shorter context or a smaller model before you \
             load more."
        );
    }

    #[test]
    fn past_90_percent_it_says_what_to_do_now() {
        assert_eq!(
            sentence(91, 9),
            "91 % of the budget is used: end a generation or unload a model now, or the system \
             may end this process."
        );
    }

    #[test]
    fn others_are_blamed_only_when_they_make_it_worse() {
        assert!(sentence(10, 15).starts_with("85 % of the budget is taken, other programs"));
        assert!(sentence(85, 5).contains("close some of them now"));
        assert!(sentence(85, 15).starts_with("85 % of the budget is used"));
    }
}
