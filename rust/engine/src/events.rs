//! What a generation tells its host, in order, and the handle that the host holds.

use std::sync::mpsc::{Receiver, Sender};

use headroom_memory::{ActionReport, MemoryState};

use crate::controls::{Canceller, Pauser};
use crate::error::EngineError;
use crate::sampler::TokenLogprobs;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A chunk of the prompt has been computed.
    Prefill {
        /// Prompt tokens computed so far.
        done_tokens: usize,
        /// Prompt tokens there are.
        total_tokens: usize,
    },
    /// More of the answer; whole characters only.
    Text(String),
    /// Memory as it is now, as often as the host asked for it.
    Memory(Box<MemoryState>),
    /// The governor did something to save memory, or took it back.
    Action(ActionReport),
    /// The last event.
    End(GenerationSummary),
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StopReason {
    /// The model ended its answer, or a stop string came.
    Stop,
    /// `max_tokens` or the end of the context was reached.
    Length,
    /// The host cancelled.
    Cancelled,
    /// Memory ran short and nothing was left to give up.
    Memory,
}

impl StopReason {
    /// The name that every boundary shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Cancelled => "cancelled",
            Self::Memory => "memory",
        }
    }
}

/// A generation's answer and figures, all measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct GenerationSummary {
    /// The whole answer.
    pub text: String,
    /// The ids that were generated, the one that ended the answer included.
    pub tokens: Vec<u32>,
    /// How likely each of them was; empty unless the host asked for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenLogprobs>,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// How many of them were taken from a cache instead of being computed.
    pub cached_prompt_tokens: usize,
    /// How many tokens were generated.
    pub generated_tokens: usize,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// How long loading the model took.
    pub load_seconds: f64,
    /// From the request to the first token; `None` when none came.
    pub time_to_first_token_seconds: Option<f64>,
    /// Prefill speed; `None` when it did not finish.
    pub prompt_tokens_per_second: Option<f64>,
    /// Decode speed, from the first token to the last; `None` for fewer than two tokens.
    pub generation_tokens_per_second: Option<f64>,
    /// How much of the time the governor took, looks at memory and actions together.
    pub governing_seconds: f64,
    /// The most that MLX's arrays took at once in this process.
    pub peak_mlx_bytes: u64,
    /// The most that this process took at once; `None` where the system does not tell.
    pub peak_footprint_bytes: Option<u64>,
    /// The peak of MLX's arrays that was predicted for this generation alone.
    pub predicted_peak_mlx_bytes: u64,
    /// What the KV cache took at the end.
    pub kv_cache_bytes: u64,
    /// What was done to save memory, in order.
    pub actions: Vec<ActionReport>,
}

/// A generation under way: an iterator over its events. Dropping it cancels it.
#[derive(Debug)]
pub struct Generation {
    events: Receiver<Result<Event, EngineError>>,
    canceller: Canceller,
    pauser: Pauser,
    has_ended: bool,
}

/// The other end of a [`Generation`].
pub(crate) struct EventSender {
    events: Sender<Result<Event, EngineError>>,
    pub(crate) canceller: Canceller,
    pub(crate) pauser: Pauser,
}

impl Drop for EventSender {
    /// Whoever waits for the generation to rest has waited long enough.
    fn drop(&mut self) {
        self.pauser.end();
    }
}

impl EventSender {
    /// Sends; a host that no longer listens cancels.
    pub(crate) fn send(&self, event: Result<Event, EngineError>) {
        if self.events.send(event).is_err() {
            self.canceller.cancel();
        }
    }
}

impl Generation {
    pub(crate) fn channel() -> (EventSender, Self) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (canceller, pauser) = (Canceller::default(), Pauser::default());
        let generation = Self {
            events: receiver,
            canceller: canceller.clone(),
            pauser: pauser.clone(),
            has_ended: false,
        };
        (
            EventSender {
                events: sender,
                canceller,
                pauser,
            },
            generation,
        )
    }

    /// A handle that ends this generation.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// A handle that pauses this generation and lets it go on.
    pub fn pauser(&self) -> Pauser {
        self.pauser.clone()
    }

    /// Waits for the end and returns answer and figures.
    ///
    /// # Errors
    /// What ended the generation early.
    pub fn finish(self) -> Result<GenerationSummary, EngineError> {
        for event in self {
            if let Event::End(summary) = event? {
                return Ok(summary);
            }
        }
        Err(EngineError::Interrupted(
            "the generation ended without a summary".to_owned(),
        ))
    }
}

impl Iterator for Generation {
    type Item = Result<Event, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let event = self.events.recv().unwrap_or_else(|_| {
            Err(EngineError::Interrupted(
                "the generation was dropped".to_owned(),
            ))
        });
        self.has_ended = matches!(event, Ok(Event::End(_)) | Err(_));
        Some(event)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.canceller.cancel();
    }
}
