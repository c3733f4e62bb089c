//! Which tokens may not come at all: an end that is too early, and what a constraint does not allow.

use headroom_mlx::ops::select;
use headroom_mlx::{Array, ops::indexing::put_along_axis};

use super::filters::impossible;
use super::plan::SamplingPlan;
use crate::constraint::Constraint;
use crate::error::EngineError;

/// What one answer may consist of.
#[derive(Clone)]
pub(super) struct Limits {
    pub(super) constraint: Option<Constraint>,
    end_tokens: Vec<u32>,
    /// Tokens to come before the answer may end.
    min_tokens: u32,
}

impl Limits {
    pub(super) fn new(plan: &SamplingPlan) -> Self {
        Self {
            constraint: plan.constraint.clone(),
            end_tokens: plan.end_tokens.clone(),
            min_tokens: plan.parameters.min_tokens,
        }
    }

    /// `logits (1, vocabulary)` with what may not come as good as impossible.
    pub(super) fn apply(&mut self, logits: Array) -> Result<Array, EngineError> {
        let Some(constraint) = &mut self.constraint else {
            return self.forbid_early_end(logits);
        };
        let mut allowed = constraint.allowed()?;
        if self.min_tokens > 0 {
            keep_going(&mut allowed, &self.end_tokens);
        }
        let allowed = Array::from_slice(&allowed, &[1, allowed.len() as i32]);
        Ok(select(&allowed, logits, impossible())?)
    }

    /// Takes note of one more token.
    pub(super) fn count(&mut self) {
        self.min_tokens = self.min_tokens.saturating_sub(1);
    }

    fn forbid_early_end(&self, logits: Array) -> Result<Array, EngineError> {
        if self.min_tokens == 0 || self.end_tokens.is_empty() {
            return Ok(logits);
        }
        let shape = [1, self.end_tokens.len() as i32];
        let ends = Array::from_slice(&self.end_tokens, &shape);
        let nothing = Array::from_slice(&vec![f32::NEG_INFINITY; self.end_tokens.len()], &shape);
        Ok(put_along_axis(&logits, &ends, nothing, -1)?)
    }
}

/// Takes the end tokens out unless nothing else is left.
fn keep_going(allowed: &mut [bool], end_tokens: &[u32]) {
    let mut going = allowed.to_vec();
    for &token in end_tokens {
        going[token as usize] = false;
    }
    if going.contains(&true) {
        allowed.copy_from_slice(&going);
    }
}
