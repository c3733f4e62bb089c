//! What the governor asks for, why, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::byte_size::ByteSize;
use crate::fit::KvQuantization;
use crate::pressure::Pressure;

/// One thing to do between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Lower the limit of the allocator's cache and give back what lies above it.
    ShrinkCache {
        /// The most that it may keep from now on.
        limit_bytes: u64,
    },
    /// Compute fewer prompt tokens at once.
    ReducePrefillStep {
        /// Tokens of each step from now on.
        tokens: u32,
    },
    /// Quantise the keys and values that are there and those to come.
    QuantizeKv(KvQuantization),
    /// Free every prompt cache that no generation uses.
    DropIdlePromptCaches,
    /// Keep only the latest tokens' keys and values.
    BoundKv {
        /// The most tokens to keep from now on.
        max_size: u32,
    },
    /// Free every model that no generation uses.
    UnloadIdleModels,
    /// End the generation with reason `memory` and the text so far.
    Stop,
    /// Let the allocator's cache grow again.
    RestoreCache {
        /// The most that it may keep from now on.
        limit_bytes: u64,
    },
    /// Compute more prompt tokens at once again.
    RestorePrefillStep {
        /// Tokens of each step from now on.
        tokens: u32,
    },
}

impl Action {
    /// Whether this gives memory back to the work, rather than taking it away.
    pub fn is_restoring(&self) -> bool {
        matches!(
            self,
            Self::RestoreCache { .. } | Self::RestorePrefillStep { .. }
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: &u64| ByteSize::from_bytes(*bytes);
        match self {
            Self::ShrinkCache { limit_bytes } => {
                write!(formatter, "shrink the cache to {}", size(limit_bytes))
            }
            Self::ReducePrefillStep { tokens } => {
                write!(formatter, "reduce the prefill step to {tokens} tokens")
            }
            Self::QuantizeKv(to) => write!(formatter, "quantise the KV cache to {} bits", to.bits),
            Self::DropIdlePromptCaches => formatter.write_str("drop idle prompt caches"),
            Self::BoundKv { max_size } => {
                write!(formatter, "bound the KV cache to {max_size} tokens")
            }
            Self::UnloadIdleModels => formatter.write_str("unload idle models"),
            Self::Stop => formatter.write_str("stop"),
            Self::RestoreCache { limit_bytes } => {
                write!(formatter, "restore the cache to {}", size(limit_bytes))
            }
            Self::RestorePrefillStep { tokens } => {
                write!(formatter, "restore the prefill step to {tokens} tokens")
            }
        }
    }
}

/// Why an action is asked for. Serialised as its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The next step does not fit into what is available less the reserve.
    StepDoesNotFit {
        /// What the step is predicted to take.
        needed_bytes: u64,
        /// What it may take.
        spare_bytes: u64,
    },
    /// More is used than the budget allows.
    OverBudget {
        /// By how much.
        excess_bytes: u64,
    },
    /// The level of pressure calls for it.
    Pressure(Pressure),
    /// The system kept saying critical after all had been given up.
    CriticalSignalLasts,
    /// The cache, grown as far as it is planned ahead, would take more than its share.
    CacheOutgrows {
        /// What it would take.
        needed_bytes: u64,
        /// Its share of what is available.
        room_bytes: u64,
    },
    /// Memory has been plentiful for a while.
    Calm,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: &u64| ByteSize::from_bytes(*bytes);
        match self {
            Self::StepDoesNotFit {
                needed_bytes,
                spare_bytes,
            } => write!(
                formatter,
                "the next step needs {} of {} to spare",
                size(needed_bytes),
                size(spare_bytes)
            ),
            Self::CacheOutgrows {
                needed_bytes,
                room_bytes,
            } => write!(
                formatter,
                "the KV cache would take {} of {} that it may",
                size(needed_bytes),
                size(room_bytes)
            ),
            Self::OverBudget { excess_bytes } => {
                write!(formatter, "over budget by {}", size(excess_bytes))
            }
            Self::Pressure(level) => write!(formatter, "pressure {level}"),
            Self::CriticalSignalLasts => {
                formatter.write_str("the system stays critical with nothing left to give up")
            }
            Self::Calm => formatter.write_str("calm"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An action, why it is asked for, and the pressure under which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// How tight memory is.
    pub pressure: Pressure,
}

impl Decision {
    /// What to report once the action is done. `freed_bytes` is what it freed
    /// by the measure of whoever did it; `None` if that is not known.
    pub fn done(self, freed_bytes: Option<u64>) -> ActionReport {
        ActionReport {
            decision: self,
            freed_bytes,
        }
    }
}

/// An action that was done: one event, one flat object in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ActionReport {
    /// What was asked for.
    #[serde(flatten)]
    pub decision: Decision,
    /// What it freed; `None` if that is not known.
    pub freed_bytes: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decision(action: Action, reason: Reason) -> Decision {
        Decision {
            action,
            reason,
            pressure: Pressure::High,
        }
    }

    #[test]
    fn a_report_is_one_flat_object() {
        let quantize = Action::QuantizeKv(KvQuantization::EIGHT_BITS);
        let report = decision(quantize, Reason::Pressure(Pressure::High)).done(Some(7));
        assert_eq!(
            serde_json::to_value(report).unwrap(),
            json!({
                "action": "quantize_kv", "bits": 8, "group_size": 64,
                "reason": "pressure high", "pressure": "high", "freed_bytes": 7,
            })
        );
    }

    #[test]
    fn what_was_freed_may_be_unknown() {
        let report = decision(Action::DropIdlePromptCaches, Reason::Calm).done(None);
        assert!(serde_json::to_value(report).unwrap()["freed_bytes"].is_null());
    }

    #[test]
    fn every_action_is_read_as_it_is_written() {
        for action in [
            Action::ShrinkCache { limit_bytes: 1 },
            Action::ReducePrefillStep { tokens: 64 },
            Action::QuantizeKv(KvQuantization::FOUR_BITS),
            Action::DropIdlePromptCaches,
            Action::BoundKv { max_size: 512 },
            Action::UnloadIdleModels,
            Action::Stop,
            Action::RestoreCache { limit_bytes: 2 },
            Action::RestorePrefillStep { tokens: 128 },
        ] {
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action);
        }
    }

    #[test]
    fn a_reason_is_a_sentence_with_its_figures() {
        let reason = Reason::StepDoesNotFit {
            needed_bytes: 12 << 20,
            spare_bytes: 8 << 20,
        };
        assert_eq!(
            serde_json::to_value(reason).unwrap(),
            "the next step needs 12.0 MiB of 8.0 MiB to spare"
        );
    }
}
