use std::collections::BTreeMap;

use super::*;

const LOGITS: [f32; 6] = [1.0, 3.0, -2.0, 2.5, 0.0, 2.9];

/// A sampler after the prompt `[1, 2]`, for answers that end with the tokens given.
fn sampler_until(end_tokens: &[u32], change: impl FnOnce(&mut GenerateParameters)) -> Sampler {
    let mut parameters = GenerateParameters {
        seed: Some(7),
        ..Default::default()
    };
    change(&mut parameters);
    let plan = SamplingPlan {
        parameters,
        end_tokens: end_tokens.to_vec(),
        constraint: None,
    };
    Sampler::new(plan, &[1, 2]).unwrap()
}

fn sampler(change: impl FnOnce(&mut GenerateParameters)) -> Sampler {
    sampler_until(&[], change)
}

fn row() -> Array {
    Array::from_slice(&LOGITS, &[1, 1, 6])
}

fn tokens(sampler: &mut Sampler, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| sampler.sample(&row()).unwrap().token.item_exact())
        .collect()
}

fn logprobs() -> Vec<f32> {
    let total = LOGITS.iter().map(|logit| logit.exp()).sum::<f32>().ln();
    LOGITS.iter().map(|logit| logit - total).collect()
}

#[test]
fn the_smallest_temperature_means_the_likeliest() {
    let mut cold = sampler(|p| p.temperature = f32::from_bits(1));
    assert_eq!(tokens(&mut cold, 1), [1]);
}

#[test]
fn greedy_takes_the_likeliest_and_a_penalty_can_change_which_that_is() {
    assert_eq!(tokens(&mut sampler(|_| ()), 1), [1]);
    let mut penalised = sampler(|p| p.repetition_penalty = 2.0);
    assert_eq!(tokens(&mut penalised, 2), [5, 3]);
}

#[test]
fn a_context_beyond_every_index_sees_everything() {
    let mut penalised = sampler(|p| {
        p.repetition_penalty = 2.0;
        p.repetition_context = 1 << 31;
    });
    assert_eq!(tokens(&mut penalised, 3), [5, 3, 1]);
}

#[test]
fn a_presence_penalty_is_taken_once_and_a_frequency_penalty_each_time() {
    // Token 1 is in the prompt; 5 and 3 follow it closely.
    let mut present = sampler(|p| p.presence_penalty = 0.3);
    assert_eq!(tokens(&mut present, 4), [5, 1, 1, 1]);
    let mut frequent = sampler(|p| p.frequency_penalty = 0.3);
    assert_eq!(tokens(&mut frequent, 4), [5, 1, 5, 3]);
}

#[test]
fn a_bias_moves_only_the_tokens_it_names() {
    let mut biased = sampler(|p| p.logit_bias = BTreeMap::from([(1, -100.0), (4, 2.95)]));
    assert_eq!(tokens(&mut biased, 1), [4]);
    let mut banned = sampler(|p| p.logit_bias = BTreeMap::from([(1, -100.0)]));
    assert_eq!(tokens(&mut banned, 1), [5]);
}

#[test]
fn no_end_token_comes_before_the_fewest_tokens() {
    let mut sampler = sampler_until(&[1, 5], |p| p.min_tokens = 3);
    assert_eq!(tokens(&mut sampler, 5), [3, 3, 3, 1, 1]);
}

#[test]
fn log_probabilities_are_the_models_own_whatever_else_changes_the_draw() {
    let mut sampler = sampler(|p| {
        p.logit_bias = BTreeMap::from([(1, -100.0)]);
        p.presence_penalty = 1.0;
        p.temperature = 0.3;
        p.top_k = 1;
        p.top_logprobs = Some(3);
    });
    let sampled = sampler.sample(&row()).unwrap();
    let token = sampled.token.item_exact();
    let found = sampled.logprobs.unwrap().read(token).unwrap();
    let expected = logprobs();
    assert_eq!(found.token, 5);
    assert!((found.logprob - expected[5]).abs() < 1e-5);
    let ids: Vec<u32> = found.top.iter().map(|top| top.token).collect();
    assert_eq!(ids, [1, 5, 3]);
    for top in found.top {
        assert!((top.logprob - expected[top.token as usize]).abs() < 1e-5);
    }
}

#[test]
fn as_many_likeliest_tokens_as_asked_for_and_there_are() {
    for (asked, given) in [(0, 0), (1, 1), (6, 6), (20, 6)] {
        let sampled = sampler(|p| p.top_logprobs = Some(asked)).sample(&row());
        let found = sampled.unwrap().logprobs.unwrap().read(1).unwrap();
        assert_eq!(found.top.len(), given, "{asked} asked for");
    }
    assert!(sampler(|_| ()).sample(&row()).unwrap().logprobs.is_none());
}

#[test]
fn same_seed_same_tokens() {
    let draw = || tokens(&mut sampler(|p| p.temperature = 1.0), 20);
    assert_eq!(draw(), draw());
}

#[test]
fn a_clone_goes_on_independently_from_the_same_place() {
    let mut sampler = sampler_until(&[1], |p| {
        (p.temperature, p.frequency_penalty, p.min_tokens) = (1.0, 0.5, 8);
    });
    tokens(&mut sampler, 5);
    let mut snapshot = sampler.clone();
    let ahead = tokens(&mut sampler, 20);
    assert_eq!(tokens(&mut snapshot, 20), ahead);
}

#[test]
fn draws_follow_the_distribution() {
    let mut counts = [0u32; 6];
    for token in tokens(&mut sampler(|p| p.temperature = 1.0), 3000) {
        counts[token as usize] += 1;
    }
    for (count, value) in counts.iter().zip(logprobs()) {
        let expected = 3000.0 * value.exp();
        let spread = 5.0 * (expected + 1.0).sqrt();
        assert!(
            (*count as f32 - expected).abs() < spread,
            "{count} for {expected}"
        );
    }
}
