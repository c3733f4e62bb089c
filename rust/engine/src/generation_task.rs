//! One generation as work for MLX's thread: tokens become text, text meets stop strings, and what
//! happens becomes events and, at the end, figures.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headroom_memory::{ActionReport, peak_footprint_bytes};
use headroom_mlx::allocator;

use crate::decoding::NewToken;
use crate::detokenizer::Detokenizer;
use crate::error::EngineError;
use crate::events::{Event, GenerationSummary, StopReason};
use crate::generation_request::GenerationRequest;
use crate::generation_work::Work;
use crate::memory::memory_state;
use crate::mlx_thread::{Progress, Task};
use crate::model_store::ModelStore;
use crate::sampler::TokenLogprobs;
use crate::stop_strings::{Passed, StopStrings};

pub(crate) struct GenerationTask {
    request: GenerationRequest,
    /// Made at the first step, when the model is at hand.
    work: Option<Work>,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    answer: Answer,
    clock: Clock,
}

/// What became of a step.
enum Turn {
    /// The host has paused the generation.
    Rested,
    Advanced,
    Ended(StopReason),
}

/// What has been generated so far.
#[derive(Default)]
struct Answer {
    text: String,
    tokens: Vec<u32>,
    logprobs: Vec<TokenLogprobs>,
    actions: Vec<ActionReport>,
}

/// When things happened.
#[derive(Default)]
struct Clock {
    started: Option<Instant>,
    first_token: Option<Instant>,
    last_token: Option<Instant>,
    /// Spent looking at memory and acting on it.
    governing: Duration,
}

impl GenerationTask {
    pub(crate) fn new(request: GenerationRequest) -> Self {
        Self {
            work: None,
            detokenizer: Detokenizer::default(),
            stop_strings: StopStrings::new(request.parameters.stop.clone()),
            answer: Answer::default(),
            clock: Clock::default(),
            request,
        }
    }

    fn turn(&mut self, store: &mut ModelStore) -> Result<Turn, EngineError> {
        if self.request.events.canceller.is_cancelled() {
            return Ok(Turn::Ended(StopReason::Cancelled));
        }
        if self.rest()? {
            return Ok(Turn::Rested);
        }
        let mut work = match self.work.take() {
            Some(work) => work,
            None => {
                self.clock.started = Some(Instant::now());
                Work::begin(&self.request, store)?
            }
        };
        let turn = self.advance(&mut work, store);
        self.work = Some(work);
        turn
    }

    /// One chunk or one token.
    fn advance(&mut self, work: &mut Work, store: &mut ModelStore) -> Result<Turn, EngineError> {
        if self.save_memory(work, store)? {
            return Ok(Turn::Ended(StopReason::Memory));
        }
        if work.generator.borrow().remaining_prompt_tokens() == 0 {
            let token = store.next_token(&work.generator)?;
            let reason = self.take(token)?;
            return Ok(reason.map_or(Turn::Advanced, Turn::Ended));
        }
        let model = store.get(self.request.model)?;
        let done_tokens = work.generator.borrow_mut().prefill(model)?;
        let total_tokens = self.request.prompt.len();
        self.request.events.send(Ok(Event::Prefill {
            done_tokens,
            total_tokens,
        }));
        Ok(Turn::Advanced)
    }

    /// Rests while the host wants it; true if there is nothing to do.
    fn rest(&mut self) -> Result<bool, EngineError> {
        let pauser = &self.request.events.pauser;
        let asked = pauser.asked();
        if let Some(work) = &mut self.work {
            work.rest(asked)?;
        }
        if asked.is_some() {
            pauser.rest();
        }
        Ok(asked.is_some())
    }

    /// Lets the cache adapt and the governor look where they are due; true when nothing is left but to
    /// stop.
    fn save_memory(
        &mut self,
        work: &mut Work,
        store: &mut ModelStore,
    ) -> Result<bool, EngineError> {
        let began = Instant::now();
        let adapted = work.adapt(&self.request.predictor)?;
        let look = work.govern(store)?;
        self.clock.governing += began.elapsed();
        for report in adapted.into_iter().chain(look.reports) {
            self.answer.actions.push(report);
            self.request.events.send(Ok(Event::Action(report)));
        }
        Ok(look.must_stop)
    }

    /// Tells about memory where the host asked for it.
    fn monitor(&self) -> Result<(), EngineError> {
        let tokens = self.answer.tokens.len() as u32;
        let interval = self.request.parameters.monitor_interval;
        if interval.is_some_and(|interval| tokens.is_multiple_of(interval)) {
            let state = Box::new(memory_state()?);
            self.request.events.send(Ok(Event::Memory(state)));
        }
        Ok(())
    }

    fn take(&mut self, new: NewToken) -> Result<Option<StopReason>, EngineError> {
        let (now, token) = (Instant::now(), new.id);
        self.clock.first_token.get_or_insert(now);
        self.clock.last_token = Some(now);
        self.answer.tokens.push(token);
        self.answer.logprobs.extend(new.logprobs);
        self.monitor()?;
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
        if new.is_complete {
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
        let cached_prompt_tokens = self.work.as_ref().map_or(0, |work| work.cached_tokens);
        Ok(GenerationSummary {
            prompt_tokens,
            cached_prompt_tokens,
            generated_tokens: answer.tokens.len(),
            stop_reason,
            load_seconds: self.request.load_time.as_secs_f64(),
            time_to_first_token_seconds: seconds(
                Some(self.request.asked_at),
                self.clock.first_token,
            ),
            prompt_tokens_per_second: rate(
                prompt_tokens - cached_prompt_tokens,
                seconds(self.clock.started, self.clock.first_token),
            ),
            generation_tokens_per_second: rate(
                decoded,
                seconds(self.clock.first_token, self.clock.last_token),
            ),
            governing_seconds: self.clock.governing.as_secs_f64(),
            peak_mlx_bytes: allocator::read()?.peak_bytes,
            peak_footprint_bytes: peak_footprint_bytes(),
            predicted_peak_mlx_bytes: self.request.predictor.peak_bytes(
                prompt_tokens,
                self.request.token_limit,
                &self.request.parameters,
            ),
            kv_cache_bytes: self
                .work
                .as_ref()
                .map_or(0, |work| work.generator.borrow().cache_bytes()),
            actions: answer.actions,
            text: answer.text,
            tokens: answer.tokens,
            logprobs: answer.logprobs,
        })
    }
}

impl GenerationTask {
    /// Gives the KV cache back to the prompt cache that it came from; after an error it is not to be
    /// trusted.
    fn leave_cache(&mut self, store: &mut ModelStore, is_sound: bool) {
        let work = self.work.take().filter(|_| is_sound);
        let seen = work.and_then(Work::into_seen);
        if let (Some(cache), Some(seen)) = (self.request.cache, seen) {
            store.put_prompt_cache_back(cache.id, seen);
        }
    }
}

impl Task for GenerationTask {
    fn step(&mut self, store: &mut ModelStore) -> Progress {
        let last = match self.turn(store) {
            Ok(Turn::Rested) => return Progress::Resting,
            Ok(Turn::Advanced) => return Progress::More,
            Ok(Turn::Ended(reason)) => self.end(reason).map(Event::End),
            Err(error) => Err(error),
        };
        // Whoever hears of the end finds the KV cache gone, or where it is kept.
        self.leave_cache(store, last.is_ok());
        self.request.events.send(last);
        Progress::Done
    }
}

fn seconds(from: Option<Instant>, to: Option<Instant>) -> Option<f64> {
    Some(to?.duration_since(from?).as_secs_f64())
}

fn rate(count: usize, seconds: Option<f64>) -> Option<f64> {
    let seconds = seconds.filter(|&seconds| seconds > 0.0 && count > 0)?;
    Some(count as f64 / seconds)
}
