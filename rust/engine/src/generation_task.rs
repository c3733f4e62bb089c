//! One generation as work for MLX's thread: tokens become text, text meets stop strings, and what
//! happens becomes events and, at the end, figures.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headroom_memory::{ActionReport, peak_footprint_bytes};
use headroom_mlx::allocator;

use crate::controls::Spill;
use crate::detokenizer::Detokenizer;
use crate::error::EngineError;
use crate::events::{Event, EventSender, GenerationSummary, StopReason};
use crate::fit::Predictor;
use crate::governing::Governing;
use crate::memory::memory_state;
use crate::mlx_thread::{InUse, ModelId, ModelStore, Progress, Task};
use crate::parameters::{GenerateParameters, Governing as GoverningMode};
use crate::sampler::{SamplingPlan, TokenLogprobs};
use crate::spill::SpilledCache;
use crate::stop_strings::{Passed, StopStrings};
use crate::text_codec::TextCodec;
use crate::token_generator::{Advance, LookAhead, TokenGenerator};

/// Everything a generation needs, made on the host's thread.
pub(crate) struct GenerationRequest {
    pub(crate) model: ModelId,
    pub(crate) predictor: Predictor,
    pub(crate) codec: Arc<TextCodec>,
    pub(crate) prompt: Vec<u32>,
    /// The most tokens to generate, the context's end considered.
    pub(crate) token_limit: usize,
    pub(crate) parameters: GenerateParameters,
    pub(crate) sampling: SamplingPlan,
    pub(crate) load_time: Duration,
    pub(crate) asked_at: Instant,
    pub(crate) events: EventSender,
}

pub(crate) struct GenerationTask {
    request: GenerationRequest,
    /// Made at the first step, when the model is at hand.
    work: Option<Work>,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    answer: Answer,
    clock: Clock,
}

/// A generation under way.
struct Work {
    generator: TokenGenerator,
    governing: Option<Governing>,
    rest: Rest,
    _in_use: InUse,
}

/// What became of a step.
enum Turn {
    /// The host has paused the generation.
    Rested,
    Advanced,
    Ended(StopReason),
}

/// Whether the host has paused the generation.
enum Rest {
    None,
    InMemory,
    OnDisk(SpilledCache),
}

impl Work {
    fn rest(&mut self, asked: Option<Spill>) -> Result<(), EngineError> {
        match (asked, std::mem::replace(&mut self.rest, Rest::None)) {
            (None, Rest::OnDisk(spilled)) => self.generator.bring_back(spilled)?,
            (None, Rest::None | Rest::InMemory) => {}
            (Some(Spill::Keep), Rest::None) => self.rest = Rest::InMemory,
            (Some(Spill::ToDisk), Rest::None) => {
                // A disk that is full is no reason to lose the generation.
                self.rest = self.generator.spill().map_or(Rest::InMemory, Rest::OnDisk);
            }
            (Some(_), resting) => self.rest = resting,
        }
        Ok(())
    }
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
            None => self.begin(store)?,
        };
        let turn = self.advance(&mut work, store);
        self.work = Some(work);
        turn
    }

    /// One chunk or one token.
    fn advance(&mut self, work: &mut Work, store: &mut ModelStore) -> Result<Turn, EngineError> {
        if self.govern(work, store)? {
            return Ok(Turn::Ended(StopReason::Memory));
        }
        let model = store.get(self.request.model)?;
        match work.generator.advance(model, self.look_ahead())? {
            Advance::Prefilled(done_tokens) => {
                let total_tokens = self.request.prompt.len();
                self.request.events.send(Ok(Event::Prefill {
                    done_tokens,
                    total_tokens,
                }));
                Ok(Turn::Advanced)
            }
            Advance::Token(token, logprobs) => {
                self.answer.logprobs.extend(logprobs);
                let ended = self.take(token)?;
                let is_complete = work.generator.is_complete();
                let reason = is_complete.then_some(StopReason::Stop).or(ended);
                Ok(reason.map_or(Turn::Advanced, Turn::Ended))
            }
        }
    }

    fn begin(&mut self, store: &ModelStore) -> Result<Work, EngineError> {
        self.clock.started = Some(Instant::now());
        let GenerationRequest {
            model,
            ref predictor,
            ref parameters,
            ref prompt,
            ref sampling,
            ..
        } = self.request;
        let governing = match parameters.governing {
            GoverningMode::Off => None,
            GoverningMode::On => {
                let step = parameters.prefill_step;
                Some(Governing::new(predictor.clone(), model, step))
            }
        };
        let (prompt, sampling) = (prompt.clone(), sampling.clone());
        Ok(Work {
            generator: TokenGenerator::new(store.get(model)?, prompt, parameters, sampling)?,
            governing,
            rest: Rest::None,
            _in_use: store.in_use(model)?,
        })
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

    /// Lets the governor look where it is due; true when nothing is left but to stop.
    fn govern(&mut self, work: &mut Work, store: &mut ModelStore) -> Result<bool, EngineError> {
        let generator = &mut work.generator;
        let due = work.governing.as_mut().filter(|one| one.is_due(generator));
        let Some(governing) = due else {
            return Ok(false);
        };
        let began = Instant::now();
        let look = governing.look(generator, store)?;
        self.clock.governing += began.elapsed();
        for report in look.reports {
            self.answer.actions.push(report);
            self.request.events.send(Ok(Event::Action(report)));
        }
        Ok(look.must_stop)
    }

    fn look_ahead(&self) -> LookAhead {
        match self.answer.tokens.len() + 1 < self.request.token_limit {
            true => LookAhead::Yes,
            false => LookAhead::No,
        }
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

    fn take(&mut self, token: u32) -> Result<Option<StopReason>, EngineError> {
        let now = Instant::now();
        self.clock.first_token.get_or_insert(now);
        self.clock.last_token = Some(now);
        self.answer.tokens.push(token);
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
                .map_or(0, |work| work.generator.cache_bytes()),
            actions: answer.actions,
            text: answer.text,
            tokens: answer.tokens,
            logprobs: answer.logprobs,
        })
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
        // Whoever hears of the end finds the KV cache gone.
        self.work = None;
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
