//! What a person at the terminal sees of a run, and how they end it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_train::run::{Observer, TrainingEvent};

use crate::{figures, interrupt};

/// Shows events, and passes on an interrupt.
pub(crate) struct Watching {
    is_stopped: Arc<AtomicBool>,
}

impl Watching {
    pub(crate) fn new(_profile: bool, _monitor: bool) -> Self {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopped);
        interrupt::call_on_interrupt(move || stop.store(true, Ordering::Relaxed));
        Self { is_stopped }
    }

    pub(crate) fn finish(self) {}
}

impl Observer for Watching {
    fn happened(&mut self, event: TrainingEvent<'_>) {
        let line = match event {
            TrainingEvent::Planned(plan) => format!("plan: {plan}"),
            TrainingEvent::Tried {
                peak_footprint_bytes,
            } => format!(
                "tried: peak footprint {}",
                peak_footprint_bytes.map_or("unknown".to_owned(), figures::size)
            ),
            TrainingEvent::Resumed { step } => format!("going on behind step {step}"),
            TrainingEvent::Note(sentence) => sentence,
            TrainingEvent::Step(record) => format!(
                "step {} loss {:.4} {:.0} tokens/s",
                record.step, record.loss, record.tokens_per_second
            ),
            TrainingEvent::Evaluated(record) => {
                format!("held out: {:.4} bits per byte", record.bits_per_byte)
            }
            TrainingEvent::Saved(path) => format!("saved {}", path.display()),
        };
        drop(writeln!(io::stderr(), "{line}"));
    }

    fn wants_stop(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}
