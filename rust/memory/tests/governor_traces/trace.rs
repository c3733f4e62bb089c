//! The format of the traces; `tests/traces/README.md` explains it.

use std::collections::BTreeMap;
use std::path::Path;

use headroom_memory::Pressure;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A file of `tests/traces`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) purpose: String,
    start: Map<String, Value>,
    #[serde(default)]
    pub(crate) returns_percent: BTreeMap<String, u64>,
    frames: Vec<Map<String, Value>>,
    pub(crate) expected: Vec<Value>,
}

/// One moment. Sizes are in MiB.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    pub(crate) at: f64,
    pub(crate) budget: Option<u64>,
    pub(crate) used: Option<u64>,
    #[serde(default)]
    pub(crate) available: Option<u64>,
    #[serde(default)]
    pub(crate) signal: Option<Pressure>,
    pub(crate) cache: u64,
    #[serde(default)]
    pub(crate) phase: TracePhase,
    #[serde(default)]
    pub(crate) next_step: u64,
    #[serde(default)]
    pub(crate) kv: TraceKv,
    #[serde(default)]
    pub(crate) idle_prompt_caches: u64,
    #[serde(default)]
    pub(crate) idle_models: u64,
}

/// Where the generation stands.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TracePhase {
    Prefill {
        step: u32,
        remaining_tokens: u32,
    },
    #[default]
    Decode,
}

/// Keys and values as they would be had nothing been done to them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceKv {
    pub(crate) size: u64,
    pub(crate) tokens: u32,
    #[serde(default)]
    pub(crate) rewrite: u64,
    pub(crate) group_size: Option<u32>,
    #[serde(default)]
    pub(crate) can_be_bounded: bool,
}

impl Trace {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every frame in full: what it does not say stays as it was.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let mut figures = self.start.clone();
        self.frames
            .iter()
            .map(|changes| {
                figures.extend(changes.clone());
                serde_json::from_value(Value::Object(figures.clone()))
                    .unwrap_or_else(|error| panic!("{}: {changes:?}: {error}", self.name))
            })
            .collect()
    }
}
