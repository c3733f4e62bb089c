//! The probe that asks the kernel and applies the rules.

use super::{Circumstances, Figures, system_calls};
use crate::error::ProbeError;
use crate::reading::Reading;

/// Reads this process and this machine.
///
/// What the system needs is measured once, when the probe is built, which
/// should be before a model is loaded: later, wired and compressed pages of
/// this process cannot be told from those of others, and the budget would
/// swing with every evaluation on the GPU. What others take afterwards lowers
/// the available bytes, which follow the free pages of the moment.
///
/// The kernel's pressure level is asked for at each look rather than awaited:
/// the governor looks before each step, and a dispatch source would need a
/// queue of its own to say the same. Warnings that only the app receives come
/// in through [`SignalledProbe`](crate::SignalledProbe).
#[derive(Debug)]
pub(crate) struct AppleProbe {
    circumstances: Circumstances,
}

impl AppleProbe {
    pub(crate) fn new() -> Self {
        let needed = system_calls::host()
            .zip(system_calls::process().ok())
            .map(|(host, process)| host.needed_by_others_bytes(&process));
        Self {
            circumstances: Circumstances {
                recommended_working_set_bytes: None,
                reserved_for_system_bytes: needed,
            },
        }
    }

    pub(crate) fn set_recommended_working_set(&mut self, bytes: u64) {
        self.circumstances.recommended_working_set_bytes = Some(bytes);
    }

    pub(crate) fn peak_footprint_bytes(&self) -> Option<u64> {
        system_calls::process().ok()?.peak_footprint_bytes
    }

    pub(crate) fn read(&self) -> Result<Reading, ProbeError> {
        let figures = Figures {
            process: system_calls::process()?,
            app_headroom_bytes: system_calls::app_headroom_bytes(),
            physical_bytes: system_calls::physical_bytes(),
            host: system_calls::host(),
            swap: system_calls::swap(),
            pressure_level_code: system_calls::pressure_level_code(),
        };
        Ok(figures.reading(&self.circumstances))
    }
}
