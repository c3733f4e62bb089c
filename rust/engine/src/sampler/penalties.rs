//! What a request adds to the logits and takes from them: a bias for chosen tokens, and penalties for
//! tokens seen lately.
//!
//! Meaning and order are those of `make_logits_processors` in `mlx_lm/sample_utils.py`, version
//! 0.32.2: bias, repetition, presence, frequency, each on what the one before it left.

use std::collections::BTreeMap;

use headroom_mlx::ops::indexing::{
    TryIndexOp, put_along_axis, scatter_add_single, take_along_axis,
};
use headroom_mlx::ops::{add, concatenate, divide, full, lt, multiply, select, subtract};
use headroom_mlx::{Array, Result};

use crate::parameters::GenerateParameters;

/// Changes to logits `(1, vocabulary)`, and the tokens that they depend on.
#[derive(Debug, Clone)]
pub(super) struct Penalties {
    bias: Option<Bias>,
    penalties: Vec<Penalty>,
    /// The last tokens, `(1, n)` uint32, prompt included; as many as the longest context.
    recent: Array,
}

/// Token ids and what is added to their logits, both `(1, n)`.
#[derive(Debug, Clone)]
struct Bias {
    ids: Array,
    values: Array,
}

#[derive(Debug, Clone, Copy)]
struct Penalty {
    kind: PenaltyKind,
    amount: f32,
    /// How many of the last tokens it looks at.
    context: i32,
}

#[derive(Debug, Clone, Copy)]
enum PenaltyKind {
    /// Keskar et al., 2019: divides positive logits by the penalty and multiplies negative ones.
    Repetition,
    /// Subtracts the penalty once from every token that was seen.
    Presence,
    /// Subtracts the penalty for every time that a token was seen.
    Frequency,
}

impl Penalties {
    pub(super) fn new(parameters: &GenerateParameters, prompt: &[u32]) -> Self {
        let penalties = Penalty::all(parameters);
        let context = longest_context(&penalties).unsigned_abs() as usize;
        let last = &prompt[prompt.len().saturating_sub(context)..];
        Self {
            bias: Bias::new(&parameters.logit_bias),
            penalties,
            recent: Array::from_slice(last, &[1, last.len() as i32]),
        }
    }

    pub(super) fn apply(&self, logits: Array) -> Result<Array> {
        let mut logits = match &self.bias {
            Some(bias) => bias.add_to(&logits)?,
            None => logits,
        };
        if self.recent.size() == 0 {
            return Ok(logits);
        }
        for penalty in &self.penalties {
            logits = penalty.apply(&logits, &last(&self.recent, penalty.context)?)?;
        }
        Ok(logits)
    }

    /// Adds a token, `(1, 1)`, to those seen lately.
    pub(super) fn remember(&mut self, token: &Array) -> Result<()> {
        if !self.penalties.is_empty() {
            let all = concatenate(&[&self.recent, token], -1)?;
            self.recent = last(&all, longest_context(&self.penalties))?;
        }
        Ok(())
    }
}

impl Bias {
    fn new(logit_bias: &BTreeMap<u32, f32>) -> Option<Self> {
        let shape = [1, logit_bias.len() as i32];
        let ids: Vec<u32> = logit_bias.keys().copied().collect();
        let values: Vec<f32> = logit_bias.values().copied().collect();
        (!ids.is_empty()).then(|| Self {
            ids: Array::from_slice(&ids, &shape),
            values: Array::from_slice(&values, &shape),
        })
    }

    fn add_to(&self, logits: &Array) -> Result<Array> {
        let biased = add(take_along_axis(logits, &self.ids, -1)?, &self.values)?;
        put_along_axis(logits, &self.ids, biased, -1)
    }
}

impl Penalty {
    /// Those that do something, in order.
    fn all(parameters: &GenerateParameters) -> Vec<Self> {
        let penalty = |kind, amount, context: u32| Self {
            kind,
            amount,
            context: i32::try_from(context).unwrap_or(i32::MAX),
        };
        let mut all = Vec::new();
        let p = parameters;
        if p.repetition_penalty != 1.0 {
            let (amount, context) = (p.repetition_penalty, p.repetition_context);
            all.push(penalty(PenaltyKind::Repetition, amount, context));
        }
        if p.presence_penalty != 0.0 {
            let (amount, context) = (p.presence_penalty, p.presence_context);
            all.push(penalty(PenaltyKind::Presence, amount, context));
        }
        if p.frequency_penalty != 0.0 {
            let (amount, context) = (p.frequency_penalty, p.frequency_context);
            all.push(penalty(PenaltyKind::Frequency, amount, context));
        }
        all
    }

    fn apply(self, logits: &Array, seen: &Array) -> Result<Array> {
        let amount = Array::from_f32(self.amount);
        match self.kind {
            PenaltyKind::Repetition => {
                let found = take_along_axis(logits, seen, -1)?;
                let is_negative = lt(&found, Array::from_f32(0.0))?;
                let (more, less) = (multiply(&found, &amount)?, divide(&found, &amount)?);
                put_along_axis(logits, seen, select(&is_negative, more, less)?, -1)
            }
            PenaltyKind::Presence => {
                let found = take_along_axis(logits, seen, -1)?;
                put_along_axis(logits, seen, subtract(found, amount)?, -1)
            }
            PenaltyKind::Frequency => {
                let each = full::<f32>(&[seen.dim(-1), 1], Array::from_f32(-self.amount))?;
                let row = logits.reshape(&[-1])?;
                let penalised = scatter_add_single(row, seen.reshape(&[-1])?, each, 0)?;
                penalised.reshape(&[1, -1])
            }
        }
    }
}

fn longest_context(penalties: &[Penalty]) -> i32 {
    let contexts = penalties.iter().map(|penalty| penalty.context);
    contexts.max().unwrap_or(0)
}

fn last(tokens: &Array, count: i32) -> Result<Array> {
    let first = (tokens.dim(-1) - count).max(0);
    tokens.try_index((.., first..))
}
