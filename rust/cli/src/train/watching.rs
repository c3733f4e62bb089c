//! What a person at the terminal sees of a run, and how they end it.

use std::io::{self, Write};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_engine::memory_state;
use headroom_train::record::{Profile, StepRecord};
use headroom_train::run::{Observer, TrainingEvent};

use crate::memory::Warning;
use crate::train::profile;
use crate::train::progress::TrainingProgress;
use crate::{figures, interrupt};

/// Steps from one line to the next where nobody sits at a terminal.
const LINE_EVERY: NonZero<u64> = NonZero::new(10).unwrap();

/// Shows events, and passes on an interrupt.
pub(crate) struct Watching {
    is_stopped: Arc<AtomicBool>,
    progress: Option<TrainingProgress>,
    /// For `--profile`.
    profile: Option<Profile>,
    monitor: Option<Monitor>,
}

/// For `--monitor`: a warning is said when it changes.
#[derive(Default)]
struct Monitor {
    said: Option<String>,
}

impl Watching {
    pub(crate) fn new(profile: bool, monitor: bool) -> Self {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopped);
        interrupt::call_on_interrupt(move || stop.store(true, Ordering::Relaxed));
        Self {
            is_stopped,
            progress: None,
            profile: profile.then(Profile::default),
            monitor: monitor.then(Monitor::default),
        }
    }

    /// Ends the live view, and prints what was to come last.
    pub(crate) fn finish(self) {
        drop(self.progress);
        if let Some(measured) = self.profile {
            drop(write!(io::stderr(), "{}", profile::table(&measured)));
        }
    }

    fn line(&mut self, line: &str) {
        match &mut self.progress {
            Some(progress) => progress.note(line),
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    }

    fn step(&mut self, record: &StepRecord) {
        if let Some(progress) = &mut self.progress {
            progress.step(record);
        }
        if let Some(profile) = &mut self.profile {
            profile.observe_step(record);
        }
        if let Some(warning) = self.monitor.as_mut().and_then(Monitor::news) {
            self.line(&warning);
        }
    }
}

impl Monitor {
    /// The warning that memory deserves, if it is another than the last.
    fn news(&mut self) -> Option<String> {
        let state = memory_state().ok()?;
        let warning = Warning::of(&state).map(|warning| warning.to_string());
        let is_new = warning != self.said;
        self.said.clone_from(&warning);
        warning.filter(|_| is_new)
    }
}

impl Observer for Watching {
    fn happened(&mut self, event: TrainingEvent<'_>) {
        match event {
            TrainingEvent::Planned(plan) => self.line(&format!("plan: {plan}")),
            TrainingEvent::Tried {
                peak_footprint_bytes: Some(bytes),
            } => self.line(&format!(
                "tried: the process took {} at its peak",
                figures::size(bytes)
            )),
            TrainingEvent::Tried { .. } => {}
            TrainingEvent::Begun { step, all_steps } => {
                if step > 0 {
                    self.line(&format!("going on behind step {step} of {all_steps}"));
                }
                self.progress = Some(TrainingProgress::new(all_steps, step, LINE_EVERY));
            }
            TrainingEvent::Note(sentence) => self.line(&sentence),
            TrainingEvent::Skipped(skipped) => {
                if let Some(sentence) = skipped.sentence() {
                    self.line(&format!("warning: {sentence}"));
                }
            }
            TrainingEvent::Step(record) => self.step(record),
            TrainingEvent::Evaluated(record) => {
                if let Some(progress) = &mut self.progress {
                    progress.evaluation(record);
                }
                if let Some(profile) = &mut self.profile {
                    profile.observe_evaluation(record);
                }
            }
            TrainingEvent::Saved(path) => self.line(&format!("saved {}", path.display())),
        }
    }

    fn wants_stop(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}
