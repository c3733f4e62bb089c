//! From logits to the next token, as part of MLX's graph, so that the next step can start before
//! this one's token is known to the host.
//!
//! Order and meaning of the filters are those of `mlx_lm/sample_utils.py`, version 0.32.2:
//! repetition penalty, top-p, min-p, top-k on the untempered distribution, then temperature.

use headroom_mlx::ops::indexing::{TryIndexOp, argmax_axis, put_along_axis, take_along_axis};
use headroom_mlx::ops::{
    arange, argpartition_axis, argsort_axis, concatenate, cumsum, full, logsumexp_axis, max_axis,
    zeros_dtype,
};
use headroom_mlx::ops::{divide, exp, ge, gt, lt, multiply, random, select, subtract};
use headroom_mlx::{Array, Dtype, Result};

use crate::parameters::GenerateParameters;

/// Below this, dividing by the temperature leaves no finite number; the likeliest token is the limit.
const COLDEST: f32 = 1e-6;

/// Draws tokens for one generation.
#[derive(Debug)]
pub(crate) struct Sampler {
    parameters: GenerateParameters,
    key: Array,
    /// The last tokens, `(1, n)` uint32, prompt included.
    recent: Array,
}

impl Sampler {
    pub(crate) fn new(parameters: GenerateParameters, prompt: &[u32]) -> Result<Self> {
        let seed = parameters.seed.unwrap_or_else(rand_seed);
        let context = (parameters.repetition_context as usize).min(prompt.len());
        let last = &prompt[prompt.len() - context..];
        Ok(Self {
            key: random::key(seed)?,
            recent: Array::from_slice(last, &[1, last.len() as i32]),
            parameters,
        })
    }

    /// The next token, `(1, 1)` uint32, from the last row of `logits (1, rows, vocabulary)`.
    pub(crate) fn sample(&mut self, logits: &Array) -> Result<Array> {
        let logits = logits.try_index((.., -1, ..))?.as_dtype(Dtype::Float32)?;
        let logits = self.penalise_repetition(logits)?;
        let token = match self.parameters.temperature {
            ..=COLDEST => argmax_axis(&logits, -1, true)?,
            temperature => self.draw(&logits, temperature)?,
        };
        self.remember(&token)?;
        Ok(token)
    }

    fn draw(&mut self, logits: &Array, temperature: f32) -> Result<Array> {
        let mut logprobs = subtract(logits, logsumexp_axis(logits, -1, true)?)?;
        let GenerateParameters {
            top_p,
            min_p,
            top_k,
            ..
        } = self.parameters;
        if top_p < 1.0 {
            logprobs = keep_top_p(&logprobs, top_p)?;
        }
        if min_p > 0.0 {
            logprobs = keep_min_p(&logprobs, min_p)?;
        }
        if top_k > 0 {
            logprobs = keep_top_k(&logprobs, top_k)?;
        }
        let (next, own) = random::split(&self.key, 2)?;
        self.key = next;
        let token = random::categorical(
            divide(logprobs, Array::from_f32(temperature))?,
            -1,
            None,
            &own,
        )?;
        token.reshape(&[1, 1])
    }

    /// Keskar et al., 2019: logits of tokens seen lately are divided by the penalty if positive and
    /// multiplied by it if negative.
    fn penalise_repetition(&self, logits: Array) -> Result<Array> {
        let penalty = self.parameters.repetition_penalty;
        if penalty == 1.0 || self.recent.size() == 0 {
            return Ok(logits);
        }
        let penalty = Array::from_f32(penalty);
        let seen = take_along_axis(&logits, &self.recent, -1)?;
        let is_negative = lt(&seen, Array::from_f32(0.0))?;
        let penalised = select(
            &is_negative,
            multiply(&seen, &penalty)?,
            divide(&seen, &penalty)?,
        )?;
        put_along_axis(&logits, &self.recent, penalised, -1)
    }

    fn remember(&mut self, token: &Array) -> Result<()> {
        if self.parameters.repetition_penalty == 1.0 {
            return Ok(());
        }
        let all = concatenate(&[&self.recent, token], -1)?;
        let context = i32::try_from(self.parameters.repetition_context).unwrap_or(i32::MAX);
        let first = (all.dim(-1) - context).max(0);
        self.recent = all.try_index((.., first..))?;
        Ok(())
    }
}

/// A seed that differs from call to call, from the standard library's source of randomness.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::time::SystemTime::now())
}

/// Keeps the likeliest tokens whose probabilities reach `top_p` together (Holtzman et al., 2020). The
/// likeliest stays whatever rounding makes of the sum.
fn keep_top_p(logprobs: &Array, top_p: f32) -> Result<Array> {
    let order = argsort_axis(logprobs, -1)?;
    let sorted = exp(take_along_axis(logprobs, &order, -1)?)?;
    let reached = cumsum(&sorted, -1, None, None)?;
    let vocabulary = logprobs.dim(-1);
    let ranks = arange::<i32, u32>(None, vocabulary, None)?.reshape(&[1, vocabulary])?;
    let inverse = put_along_axis(
        zeros_dtype(&[1, vocabulary], Dtype::Uint32)?,
        &order,
        ranks,
        -1,
    )?;
    let reached = take_along_axis(&reached, &inverse, -1)?;
    let is_likeliest = ge(logprobs, max_axis(logprobs, -1, true)?)?;
    let keep = gt(&reached, Array::from_f32(1.0 - top_p))?.logical_or(is_likeliest)?;
    select(&keep, logprobs, impossible())
}

/// Keeps tokens at least `min_p` times as likely as the likeliest (Nguyen et al., 2024).
fn keep_min_p(logprobs: &Array, min_p: f32) -> Result<Array> {
    let likeliest = max_axis(logprobs, -1, true)?;
    let threshold = subtract(likeliest, Array::from_f32(-min_p.ln()))?;
    select(lt(logprobs, threshold)?, impossible(), logprobs)
}

/// Keeps the `top_k` likeliest tokens.
fn keep_top_k(logprobs: &Array, top_k: u32) -> Result<Array> {
    let vocabulary = logprobs.dim(-1);
    let Some(top_k) = i32::try_from(top_k)
        .ok()
        .filter(|&count| count < vocabulary)
    else {
        return Ok(logprobs.clone());
    };
    let order = argpartition_axis(logprobs, vocabulary - top_k, -1)?;
    let others = order.try_index((.., ..vocabulary - top_k))?;
    let nothing = full::<f32>(&[1, vocabulary - top_k], impossible())?;
    put_along_axis(logprobs, others, nothing, -1)
}

fn impossible() -> Array {
    Array::from_f32(f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 6] = [1.0, 3.0, -2.0, 2.5, 0.0, 2.9];

    fn logprobs() -> (Array, Vec<f32>) {
        let total = LOGITS.iter().map(|logit| logit.exp()).sum::<f32>().ln();
        let values: Vec<f32> = LOGITS.iter().map(|logit| logit - total).collect();
        (Array::from_slice(&values, &[1, 6]), values)
    }

    fn kept(array: &Array) -> Vec<usize> {
        let values = array.to_vec_exact::<f32>().unwrap();
        (0..values.len())
            .filter(|&index| values[index].is_finite())
            .collect()
    }

    fn sampler(change: impl FnOnce(&mut GenerateParameters)) -> Sampler {
        let mut parameters = GenerateParameters {
            seed: Some(7),
            ..Default::default()
        };
        change(&mut parameters);
        Sampler::new(parameters, &[1, 2]).unwrap()
    }

    fn row() -> Array {
        Array::from_slice(&LOGITS, &[1, 1, 6])
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_reaches_it() {
        let (array, values) = logprobs();
        for top_p in [0.05, 0.3, 0.5, 0.7, 0.9, 0.99] {
            let mut order: Vec<usize> = (0..6).collect();
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            let mut reached = 0.0;
            let mut expected: Vec<usize> = order
                .into_iter()
                .take_while(|&index| {
                    let is_needed = reached < top_p;
                    reached += values[index].exp();
                    is_needed
                })
                .collect();
            expected.sort_unstable();
            assert_eq!(
                kept(&keep_top_p(&array, top_p).unwrap()),
                expected,
                "top_p {top_p}"
            );
        }
    }

    #[test]
    fn the_smallest_top_p_and_temperature_mean_the_likeliest() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_top_p(&array, f32::MIN_POSITIVE).unwrap()), [1]);
        let mut cold = sampler(|parameters| parameters.temperature = f32::from_bits(1));
        assert_eq!(cold.sample(&row()).unwrap().item_exact::<u32>(), 1);
    }

    #[test]
    fn a_repetition_context_beyond_every_index_sees_everything() {
        let mut penalised = sampler(|parameters| {
            parameters.repetition_penalty = 2.0;
            parameters.repetition_context = 1 << 31;
        });
        for expected in [5, 3, 1] {
            assert_eq!(
                penalised.sample(&row()).unwrap().item_exact::<u32>(),
                expected
            );
        }
    }

    #[test]
    fn min_p_keeps_what_is_likely_enough_beside_the_likeliest() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_min_p(&array, 0.95).unwrap()), [1]);
        assert_eq!(kept(&keep_min_p(&array, 0.5).unwrap()), [1, 3, 5]);
        assert_eq!(kept(&keep_min_p(&array, 0.01).unwrap()), [0, 1, 3, 4, 5]);
    }

    #[test]
    fn top_k_keeps_that_many() {
        let (array, _) = logprobs();
        assert_eq!(kept(&keep_top_k(&array, 1).unwrap()), [1]);
        assert_eq!(kept(&keep_top_k(&array, 3).unwrap()), [1, 3, 5]);
        assert_eq!(kept(&keep_top_k(&array, 6).unwrap()).len(), 6);
        assert_eq!(kept(&keep_top_k(&array, u32::MAX).unwrap()).len(), 6);
    }

    #[test]
    fn greedy_takes_the_likeliest_and_a_penalty_can_change_which_that_is() {
        assert_eq!(
            sampler(|_| ()).sample(&row()).unwrap().item_exact::<u32>(),
            1
        );
        let mut penalised = sampler(|parameters| parameters.repetition_penalty = 2.0);
        assert_eq!(penalised.sample(&row()).unwrap().item_exact::<u32>(), 5);
        assert_eq!(penalised.sample(&row()).unwrap().item_exact::<u32>(), 3);
    }

    #[test]
    fn same_seed_same_tokens() {
        let draw = || {
            let mut sampler = sampler(|parameters| parameters.temperature = 1.0);
            (0..20)
                .map(|_| sampler.sample(&row()).unwrap().item_exact::<u32>())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn draws_follow_the_distribution() {
        let mut sampler = sampler(|parameters| parameters.temperature = 1.0);
        let mut counts = [0u32; 6];
        for _ in 0..3000 {
            counts[sampler.sample(&row()).unwrap().item_exact::<u32>() as usize] += 1;
        }
        let (_, values) = logprobs();
        for (count, value) in counts.iter().zip(values) {
            let expected = 3000.0 * value.exp();
            let spread = 5.0 * (expected + 1.0).sqrt();
            assert!(
                (*count as f32 - expected).abs() < spread,
                "{count} for {expected}"
            );
        }
    }
}
