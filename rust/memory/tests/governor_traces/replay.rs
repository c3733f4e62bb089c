//! A process that lives through a trace and does what the governor asks.

use std::collections::BTreeMap;
use std::time::Duration;

use headroom_memory::{
    Action, AllocatorCache, Decision, Governor, KvQuantization, KvSituation, Observation, Phase,
    Work,
};
use serde_json::{Value, json};

use crate::trace::{Frame, Trace, TracePhase};

const MIB: u64 = 1 << 20;

/// No pause of an honest process takes more: the ladder has six rungs, and the
/// longest, a step of 4096 tokens halved down to 16, has eight steps.
const MOST_ACTIONS_PER_FRAME: usize = 24;

/// Every decision of a trace, with its time, as the trace writes them.
pub(crate) fn replay(trace: &Trace) -> Vec<Value> {
    let mut governor = Governor::default();
    let mut process = Process::new(&trace.returns_percent);
    let mut log = Vec::new();
    for frame in trace.frames() {
        let mut asked = 0;
        while let Some(decision) = governor.next_action(&process.observe(&frame)) {
            asked += 1;
            assert!(asked <= MOST_ACTIONS_PER_FRAME, "{}: {log:?}", trace.name);
            log.push(entry(&frame, decision));
            if decision.action == Action::Stop {
                return log;
            }
            process.perform(decision.action, &frame);
        }
    }
    log
}

fn entry(frame: &Frame, decision: Decision) -> Value {
    let mut entry = json!({"at": frame.at});
    if let (Some(entry), Value::Object(decision)) = (entry.as_object_mut(), json!(decision)) {
        entry.extend(decision);
    }
    entry
}

/// What was done so far, and what came back by it.
struct Process<'trace> {
    returns_percent: &'trace BTreeMap<String, u64>,
    /// By name of the rung.
    freed_bytes: BTreeMap<&'static str, u64>,
    cache_limit_bytes: Option<u64>,
    step: Option<u32>,
    quantization: Option<KvQuantization>,
    max_size: Option<u32>,
    has_dropped_prompt_caches: bool,
    has_unloaded_models: bool,
}

impl<'trace> Process<'trace> {
    fn new(returns_percent: &'trace BTreeMap<String, u64>) -> Self {
        Self {
            returns_percent,
            freed_bytes: BTreeMap::new(),
            cache_limit_bytes: None,
            step: None,
            quantization: None,
            max_size: None,
            has_dropped_prompt_caches: false,
            has_unloaded_models: false,
        }
    }

    fn observe(&self, frame: &Frame) -> Observation {
        let freed: u64 = self.freed_bytes.values().sum();
        let budget_bytes = frame.budget.map(|mib| mib * MIB);
        let used_bytes = frame.used.map(|mib| (mib * MIB).saturating_sub(freed));
        let left = || Some(budget_bytes?.saturating_sub(used_bytes?));
        Observation {
            at: Duration::from_secs_f64(frame.at),
            budget_bytes,
            used_bytes,
            available_bytes: match frame.available {
                Some(mib) => Some(mib * MIB + freed),
                None => left(),
            },
            system_signal: frame.signal,
            cache: Some(self.cache(frame)),
            work: self.work(frame),
        }
    }

    fn cache(&self, frame: &Frame) -> AllocatorCache {
        let usual_limit_bytes = 16 * MIB;
        let limit_bytes = self.cache_limit_bytes.unwrap_or(usual_limit_bytes);
        AllocatorCache {
            bytes: (frame.cache * MIB).min(limit_bytes),
            limit_bytes,
            usual_limit_bytes,
        }
    }

    fn work(&self, frame: &Frame) -> Work {
        let full_step_bytes = frame.next_step * MIB;
        let (phase, next_step_bytes) = match frame.phase {
            TracePhase::Decode => (Phase::Decode, full_step_bytes),
            TracePhase::Prefill {
                step: usual_step,
                remaining_tokens,
            } => {
                let step = self.step.unwrap_or(usual_step);
                let phase = Phase::Prefill {
                    step,
                    usual_step,
                    remaining_tokens,
                };
                let share = u64::from(step) * full_step_bytes / u64::from(usual_step);
                (phase, share)
            }
        };
        let unless = |gone: bool, mib: u64| if gone { 0 } else { mib * MIB };
        Work {
            phase,
            next_step_bytes,
            kv: self.kv(frame),
            idle_prompt_cache_bytes: unless(
                self.has_dropped_prompt_caches,
                frame.idle_prompt_caches,
            ),
            idle_model_bytes: unless(self.has_unloaded_models, frame.idle_models),
        }
    }

    fn kv(&self, frame: &Frame) -> KvSituation {
        let bits = self.quantization.map_or(16, |kv| u64::from(kv.bits));
        let tokens = frame.kv.tokens.max(1);
        let kept = tokens.min(self.max_size.unwrap_or(u32::MAX));
        KvSituation {
            bytes: frame.kv.size * MIB * bits / 16 * u64::from(kept) / u64::from(tokens),
            tokens: frame.kv.tokens,
            quantization: self.quantization,
            quantizable_group_size: frame.kv.group_size,
            max_size: self.max_size,
            can_be_bounded: frame.kv.can_be_bounded,
            rewrite_bytes: frame.kv.rewrite * MIB,
        }
    }

    /// Does it, and frees what the trace's allocator returns of it.
    fn perform(&mut self, action: Action, frame: &Frame) {
        let held_before = self.held_bytes(frame);
        match action {
            Action::ShrinkCache { limit_bytes } | Action::RestoreCache { limit_bytes } => {
                self.cache_limit_bytes = Some(limit_bytes);
            }
            Action::ReducePrefillStep { tokens } | Action::RestorePrefillStep { tokens } => {
                self.step = Some(tokens);
            }
            Action::QuantizeKv(to) => self.quantization = Some(to),
            Action::DropIdlePromptCaches => self.has_dropped_prompt_caches = true,
            Action::BoundKv { max_size } => self.max_size = Some(max_size),
            Action::UnloadIdleModels => self.has_unloaded_models = true,
            Action::Stop => {}
        }
        let name = name(action);
        if action.is_restoring() {
            self.freed_bytes.remove(name);
            return;
        }
        let given_up = held_before.saturating_sub(self.held_bytes(frame));
        let percent = self.returns_percent.get(name).copied().unwrap_or(100);
        *self.freed_bytes.entry(name).or_default() += given_up * percent / 100;
    }

    fn held_bytes(&self, frame: &Frame) -> u64 {
        let work = self.work(frame);
        self.cache(frame).bytes
            + work.kv.bytes
            + work.idle_prompt_cache_bytes
            + work.idle_model_bytes
    }
}

/// The rung of an action: a restored cache takes back what shrinking it freed.
fn name(action: Action) -> &'static str {
    match action {
        Action::ShrinkCache { .. } | Action::RestoreCache { .. } => "shrink_cache",
        Action::ReducePrefillStep { .. } | Action::RestorePrefillStep { .. } => {
            "reduce_prefill_step"
        }
        Action::QuantizeKv(_) => "quantize_kv",
        Action::DropIdlePromptCaches => "drop_idle_prompt_caches",
        Action::BoundKv { .. } => "bound_kv",
        Action::UnloadIdleModels => "unload_idle_models",
        Action::Stop => "stop",
    }
}
