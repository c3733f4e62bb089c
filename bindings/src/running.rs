//! Models, sessions, caches and generations as handles hold them: usable from any thread at once.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use headroom_engine::{
    Canceller, ChatSession, EngineError, Event, Generation, GenerationSummary, Model, Pauser,
    PromptCache, Reply, Spill,
};

use crate::handles::{Held, Kind};

impl Held for Model {
    const KIND: Kind = Kind::Model;
}

impl Held for ChatSession {
    const KIND: Kind = Kind::Session;
}

impl Held for PromptCache {
    const KIND: Kind = Kind::Cache;
}

impl Held for RunningGeneration {
    const KIND: Kind = Kind::Generation;
}

type Events = dyn Iterator<Item = Result<Event, EngineError>> + Send;

/// A generation that several threads may hold: one pulls, another cancels. Threads that pull at
/// once each get some of the events.
pub(crate) struct RunningGeneration {
    canceller: Canceller,
    pauser: Pauser,
    events: Mutex<Box<Events>>,
    summary: OnceLock<GenerationSummary>,
}

impl From<Generation> for RunningGeneration {
    fn from(generation: Generation) -> Self {
        Self::new(
            (generation.canceller(), generation.pauser()),
            Box::new(generation),
        )
    }
}

impl From<Reply> for RunningGeneration {
    fn from(reply: Reply) -> Self {
        Self::new((reply.canceller(), reply.pauser()), Box::new(reply))
    }
}

impl RunningGeneration {
    fn new((canceller, pauser): (Canceller, Pauser), events: Box<Events>) -> Self {
        Self {
            canceller,
            pauser,
            events: Mutex::new(events),
            summary: OnceLock::new(),
        }
    }

    /// Waits for the next event; `None` after the last one.
    pub(crate) fn next(&self) -> Result<Option<Event>, EngineError> {
        // An iterator that a panic left behind has a sender that is gone, and says so.
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let event = events.next().transpose()?;
        if let Some(Event::End(summary)) = &event {
            self.summary.get_or_init(|| summary.clone());
        }
        Ok(event)
    }

    /// Ends the generation before its next step. Never waits.
    pub(crate) fn cancel(&self) {
        self.canceller.cancel();
    }

    /// Pauses the generation, and waits until it computes nothing any more, but no longer than
    /// `patience`; false where it still does.
    pub(crate) fn pause(&self, spill: Spill, patience: Duration) -> bool {
        self.pauser.pause(spill, patience)
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.pauser.resume();
    }

    /// Answer and figures, once the last event was pulled.
    pub(crate) fn summary(&self) -> Option<&GenerationSummary> {
        self.summary.get()
    }
}
