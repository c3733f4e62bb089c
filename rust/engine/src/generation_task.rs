//! One generation as work for MLX's thread: tokens become text, text meets stop strings, and what
//! happens becomes events and, at the end, figures.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headroom_memory::peak_footprint_bytes;
use headroom_mlx::allocator;

use crate::detokenizer::Detokenizer;
use crate::error::EngineError;
use crate::events::{Event, EventSender, GenerationSummary, StopReason};
use crate::mlx_thread::{ModelId, ModelStore, Task};
use crate::parameters::GenerateParameters;
use crate::stop_strings::{Passed, StopStrings};
use crate::text_codec::TextCodec;
use crate::token_generator::{Advance, LookAhead, TokenGenerator};

/// Everything a generation needs, made on the host's thread.
pub(crate) struct GenerationRequest {
    pub(crate) model: ModelId,
    pub(crate) codec: Arc<TextCodec>,
    pub(crate) prompt: Vec<u32>,
    /// The most tokens to generate, the context's end considered.
    pub(crate) token_limit: usize,
    pub(crate) parameters: GenerateParameters,
    pub(crate) load_time: Duration,
    pub(crate) asked_at: Instant,
    pub(crate) events: EventSender,
}

pub(crate) struct GenerationTask {
    request: GenerationRequest,
    /// Made at the first step, when the model is at hand.
    generator: Option<TokenGenerator>,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    answer: Answer,
    clock: Clock,
}

/// What has been generated so far.
#[derive(Default)]
struct Answer {
    text: String,
    tokens: Vec<u32>,
}

/// When things happened.
#[derive(Default)]
struct Clock {
    started: Option<Instant>,
    first_token: Option<Instant>,
    last_token: Option<Instant>,
}

impl GenerationTask {
    pub(crate) fn new(request: GenerationRequest) -> Self {
        Self {
            generator: None,
            detokenizer: Detokenizer::default(),
            stop_strings: StopStrings::new(request.parameters.stop.clone()),
            answer: Answer::default(),
            clock: Clock::default(),
            request,
        }
    }

    /// One chunk or one token; the reason when it was the last.
    fn advance(&mut self, store: &ModelStore) -> Result<Option<StopReason>, EngineError> {
        if self.request.events.canceller.is_cancelled() {
            return Ok(Some(StopReason::Cancelled));
        }
        let model = store.get(self.request.model)?;
        let look_ahead = match self.answer.tokens.len() + 1 < self.request.token_limit {
            true => LookAhead::Yes,
            false => LookAhead::No,
        };
        let generator = match &mut self.generator {
            Some(generator) => generator,
            none => {
                self.clock.started = Some(Instant::now());
                let prompt = self.request.prompt.clone();
                none.insert(TokenGenerator::new(
                    model,
                    prompt,
                    &self.request.parameters,
                )?)
            }
        };
        match generator.advance(model, look_ahead)? {
            Advance::Prefilled(done_tokens) => {
                let total_tokens = self.request.prompt.len();
                self.request.events.send(Ok(Event::Prefill {
                    done_tokens,
                    total_tokens,
                }));
                Ok(None)
            }
            Advance::Token(token) => self.take(token),
        }
    }

    fn take(&mut self, token: u32) -> Result<Option<StopReason>, EngineError> {
        let now = Instant::now();
        self.clock.first_token.get_or_insert(now);
        self.clock.last_token = Some(now);
        self.answer.tokens.push(token);
        if self.request.codec.ends_answer(token) {
            return Ok(Some(StopReason::Stop));
        }
        let codec = Arc::clone(&self.request.codec);
        let piece = self.detokenizer.push(&codec.tokenizer, token);
        if let Some(piece) = piece.map_err(|error| codec.failed(&*error))?
            && self.pass(&piece).is_break()
        {
            return Ok(Some(StopReason::Stop));
        }
        Ok((self.answer.tokens.len() >= self.request.token_limit).then_some(StopReason::Length))
    }

    /// Gives what a piece of text makes sure; breaks at a stop string.
    fn pass(&mut self, piece: &str) -> ControlFlow<()> {
        match self.stop_strings.push(piece) {
            Passed::Text(text) => {
                self.give(text);
                ControlFlow::Continue(())
            }
            Passed::Stopped(text) => {
                self.give(text);
                self.stop_strings = StopStrings::new(Vec::new());
                self.detokenizer = Detokenizer::default();
                ControlFlow::Break(())
            }
        }
    }

    /// Gives the whole characters that were held back; a stop string may end among them.
    fn give_rest(&mut self) -> Result<(), EngineError> {
        let codec = Arc::clone(&self.request.codec);
        let rest = self.detokenizer.finish(&codec.tokenizer);
        if self
            .pass(&rest.map_err(|error| codec.failed(&*error))?)
            .is_continue()
        {
            let held = self.stop_strings.flush();
            self.give(held);
        }
        Ok(())
    }

    fn give(&mut self, text: String) {
        if !text.is_empty() {
            self.answer.text.push_str(&text);
            self.request.events.send(Ok(Event::Text(text)));
        }
    }

    fn end(&mut self, stop_reason: StopReason) -> Result<GenerationSummary, EngineError> {
        self.give_rest()?;
        let answer = std::mem::take(&mut self.answer);
        let prompt_tokens = self.request.prompt.len();
        let decoded = answer.tokens.len().saturating_sub(1);
        Ok(GenerationSummary {
            prompt_tokens,
            cached_prompt_tokens: 0,
            generated_tokens: answer.tokens.len(),
            stop_reason,
            load_seconds: self.request.load_time.as_secs_f64(),
            time_to_first_token_seconds: seconds(
                Some(self.request.asked_at),
                self.clock.first_token,
            ),
            prompt_tokens_per_second: rate(
                prompt_tokens,
                seconds(self.clock.started, self.clock.first_token),
            ),
            generation_tokens_per_second: rate(
                decoded,
                seconds(self.clock.first_token, self.clock.last_token),
            ),
            peak_mlx_bytes: allocator::read()?.peak_bytes,
            peak_footprint_bytes: peak_footprint_bytes(),
            kv_cache_bytes: self
                .generator
                .as_ref()
                .map_or(0, TokenGenerator::cache_bytes),
            text: answer.text,
            tokens: answer.tokens,
        })
    }
}

impl Task for GenerationTask {
    fn step(&mut self, store: &ModelStore) -> ControlFlow<()> {
        let last = match self.advance(store) {
            Ok(None) => return ControlFlow::Continue(()),
            Ok(Some(reason)) => self.end(reason).map(Event::End),
            Err(error) => Err(error),
        };
        // Whoever hears of the end finds the KV cache gone.
        self.generator = None;
        self.request.events.send(last);
        ControlFlow::Break(())
    }
}

fn seconds(from: Option<Instant>, to: Option<Instant>) -> Option<f64> {
    Some(to?.duration_since(from?).as_secs_f64())
}

fn rate(count: usize, seconds: Option<f64>) -> Option<f64> {
    let seconds = seconds.filter(|&seconds| seconds > 0.0 && count > 0)?;
    Some(count as f64 / seconds)
}
