//! Generations that decode together: whoever asks for its next token first has the next step of all
//! of them computed as one, which costs little more than one of them alone.

use std::cell::{RefCell, RefMut};
use std::rc::{Rc, Weak};

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::transforms::async_eval;
use headroom_mlx::{Array, Result as MlxResult};
use headroom_models::{LanguageModel, LogitRows, ModelCache};

use crate::error::EngineError;
use crate::sampler::Sampled;
pub(crate) use crate::token_generator::NewToken;
use crate::token_generator::TokenGenerator;

/// A generator that its task and its group both reach; gone when the task is.
pub(crate) type SharedGenerator = Rc<RefCell<TokenGenerator>>;

/// The generations with one model whose prompts are computed.
#[derive(Default)]
pub(crate) struct DecodeGroup {
    members: Vec<Weak<RefCell<TokenGenerator>>>,
}

impl DecodeGroup {
    /// Takes in a generation, before its first token.
    pub(crate) fn join(&mut self, generator: &SharedGenerator) {
        self.members.push(Rc::downgrade(generator));
    }

    /// The next token of `generator`.
    pub(crate) fn next_token(
        &mut self,
        model: &dyn LanguageModel,
        generator: &SharedGenerator,
    ) -> Result<NewToken, EngineError> {
        if let Some(token) = generator.borrow_mut().take_ready()? {
            return Ok(token);
        }
        let members = self.waiting();
        let mut waiting: Vec<_> = members.iter().map(|member| member.borrow_mut()).collect();
        if let Err(error) = advance(model, &mut waiting) {
            // What has been computed of this step is unknown, for all who took part.
            waiting.iter_mut().for_each(|member| member.fail());
            return Err(error);
        }
        drop(waiting);
        let token = generator.borrow_mut().take_ready()?;
        token.ok_or_else(|| EngineError::Interrupted("a step brought no token".to_owned()))
    }

    /// The others that the next step of `generator` computes, too.
    pub(crate) fn companions_of(&mut self, generator: &SharedGenerator) -> Vec<SharedGenerator> {
        let mut others = self.waiting();
        others.retain(|other| !Rc::ptr_eq(other, generator));
        others
    }

    /// Those whose next token is not known yet.
    fn waiting(&mut self) -> Vec<SharedGenerator> {
        self.members.retain(|member| member.strong_count() > 0);
        let members = self.members.iter().filter_map(Weak::upgrade);
        members
            .filter(|member| member.borrow().is_waiting())
            .collect()
    }
}

/// Starts the step after the tokens that are being computed, then waits for those tokens.
fn advance(
    model: &dyn LanguageModel,
    waiting: &mut [RefMut<'_, TokenGenerator>],
) -> Result<(), EngineError> {
    for member in waiting.iter_mut() {
        member.prepare_step()?;
    }
    let mut going: Vec<_> = waiting
        .iter_mut()
        .filter(|member| member.goes_on())
        .map(|member| &mut **member)
        .collect();
    let earlier = start_step(model, &mut going)?;
    for (member, sampled) in going.into_iter().zip(earlier) {
        member.deliver(sampled)?;
    }
    let mut ending = waiting.iter_mut().filter(|member| member.is_waiting());
    ending.try_for_each(|member| member.deliver_last())
}

/// Computes one more token of each, and returns those before.
fn start_step(
    model: &dyn LanguageModel,
    going: &mut [&mut TokenGenerator],
) -> Result<Vec<Sampled>, EngineError> {
    if going.is_empty() {
        return Ok(Vec::new());
    }
    let tokens = stack(going)?;
    let logits = {
        let mut caches: Vec<&mut ModelCache> = going
            .iter_mut()
            .map(|member| &mut member.cache.model_cache)
            .collect();
        model.forward(&tokens, &mut caches, LogitRows::Last)?
    };
    let mut earlier = Vec::with_capacity(going.len());
    for (row, member) in (0..).zip(going.iter_mut()) {
        earlier.push(member.sample_next(&row_of(&logits, row)?)?);
    }
    async_eval(going.iter().flat_map(|member| member.pending_arrays()))?;
    Ok(earlier)
}

/// The pending tokens, `(sequences, 1)`.
fn stack(going: &[&mut TokenGenerator]) -> MlxResult<Array> {
    let tokens: Vec<&Array> = going.iter().filter_map(|one| one.pending_token()).collect();
    match tokens.as_slice() {
        [token] => Ok((*token).clone()),
        tokens => concatenate(tokens, 0),
    }
}

/// One sequence's logits, `(1, rows, vocabulary)`.
fn row_of(logits: &Array, row: i32) -> MlxResult<Array> {
    match logits.dim(0) {
        1 => Ok(logits.clone()),
        _ => logits.try_index((row..row + 1, .., ..)),
    }
}
