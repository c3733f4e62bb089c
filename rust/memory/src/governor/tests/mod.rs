//! Each rule of the governor, one observation after the other.

mod ladder;
mod properties;
mod undoing;

use super::*;

const MIB: u64 = 1 << 20;

/// A prompt half done in a budget of 1000 MiB, with something on every rung.
fn observation(used_mib: u64) -> Observation {
    Observation {
        budget_bytes: Some(1000 * MIB),
        used_bytes: Some(used_mib * MIB),
        available_bytes: Some(1000_u64.saturating_sub(used_mib) * MIB),
        cache: Some(AllocatorCache {
            bytes: 16 * MIB,
            limit_bytes: 16 * MIB,
            usual_limit_bytes: 16 * MIB,
        }),
        work: Work {
            phase: Phase::Prefill {
                step: 512,
                usual_step: 512,
                remaining_tokens: 4000,
            },
            next_step_bytes: MIB,
            kv: KvSituation {
                bytes: 100 * MIB,
                tokens: 4000,
                quantizable_group_size: Some(64),
                can_be_bounded: true,
                ..KvSituation::default()
            },
            idle_prompt_cache_bytes: MIB,
            idle_model_bytes: MIB,
        },
        ..Observation::default()
    }
}

/// Does what is asked: the figures of the work follow, memory does not.
fn perform(observation: &mut Observation, action: Action) {
    let work = &mut observation.work;
    match action {
        Action::ShrinkCache { limit_bytes: limit }
        | Action::RestoreCache { limit_bytes: limit } => {
            if let Some(cache) = &mut observation.cache {
                cache.limit_bytes = limit;
                cache.bytes = cache.bytes.min(limit);
            }
        }
        Action::ReducePrefillStep { tokens } | Action::RestorePrefillStep { tokens } => {
            if let Phase::Prefill { step, .. } = &mut work.phase {
                *step = tokens;
            }
        }
        Action::QuantizeKv(to) => work.kv.quantization = Some(to),
        Action::DropIdlePromptCaches => work.idle_prompt_cache_bytes = 0,
        Action::BoundKv { max_size } => work.kv.max_size = Some(max_size),
        Action::UnloadIdleModels => work.idle_model_bytes = 0,
        Action::Stop => {}
    }
}

/// All that is asked for in one pause, each done at once.
fn pause(governor: &mut Governor, observation: &mut Observation) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some(decision) = governor.next_action(observation) {
        actions.push(decision.action);
        perform(observation, decision.action);
        if decision.action == Action::Stop {
            break;
        }
    }
    actions
}

/// All that is asked for while the same figures hold, looked at each 100 ms.
fn actions_over(
    governor: &mut Governor,
    observation: &mut Observation,
    seconds: u64,
) -> Vec<Action> {
    let mut actions = Vec::new();
    for _ in 0..seconds * 10 {
        actions.extend(pause(governor, observation));
        observation.at += Duration::from_millis(100);
    }
    actions
}
