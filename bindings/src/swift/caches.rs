//! Caches behind Swift's handles, and what a generation may use of them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use headroom_engine::{
    CacheMemoryMonitor, CacheSettings, CacheState, DraftModel, GenerationAids, PromptCache,
    create_adaptive_cache, create_optimized_cache, set_prompt_cache_limit,
};

use super::bridge::ffi::{
    BridgedCacheReport, BridgedCacheSettings, BridgedCacheState, BridgedParameters,
};
use super::error::{BridgedError, bridged};
use super::handles::BridgedModel;
use crate::c::cache::{kind_in, kind_out};
use crate::fault::Fault;
use crate::kv_options::KvOptions;

/// What a model has seen.
pub(crate) struct BridgedCache(PromptCache);

impl From<PromptCache> for BridgedCache {
    fn from(cache: PromptCache) -> Self {
        Self(cache)
    }
}

pub(crate) fn bridged_cache(
    model: &BridgedModel,
    settings: BridgedCacheSettings,
) -> Result<BridgedCache, BridgedError> {
    bridged(|| Ok(PromptCache::new(model.model(), settings_in(settings)?)?.into()))
}

pub(crate) fn bridged_optimized_cache(
    model: &BridgedModel,
    parameters: BridgedParameters,
) -> Result<BridgedCache, BridgedError> {
    bridged(|| Ok(create_optimized_cache(model.model(), &parameters.into())?.into()))
}

pub(crate) fn bridged_adaptive_cache(
    model: &BridgedModel,
    parameters: BridgedParameters,
) -> Result<BridgedCache, BridgedError> {
    bridged(|| Ok(create_adaptive_cache(model.model(), &parameters.into())?.into()))
}

pub(crate) fn bridged_load_cache(
    model: &BridgedModel,
    path: String,
) -> Result<BridgedCache, BridgedError> {
    bridged(|| Ok(PromptCache::load(model.model(), Path::new(&path))?.into()))
}

pub(crate) fn bridged_set_prompt_cache_limit(bytes: Option<u64>) -> Result<(), BridgedError> {
    bridged(|| Ok(set_prompt_cache_limit(bytes)?))
}

impl BridgedCache {
    pub(super) fn cache(&self) -> &PromptCache {
        &self.0
    }

    pub(crate) fn state(&self) -> Result<BridgedCacheState, BridgedError> {
        bridged(|| Ok(self.0.state()?.into()))
    }

    /// Forgets the last tokens, and tells what is left.
    pub(crate) fn trim(&self, tokens: u32) -> Result<BridgedCacheState, BridgedError> {
        bridged(|| {
            self.0.trim(tokens)?;
            Ok(self.0.state()?.into())
        })
    }

    pub(crate) fn copy(&self) -> Result<BridgedCache, BridgedError> {
        bridged(|| Ok(self.0.copy()?.into()))
    }

    pub(crate) fn save(&self, path: String) -> Result<(), BridgedError> {
        bridged(|| Ok(self.0.save(Path::new(&path))?))
    }
}

/// Looks at caches between generations.
pub(crate) struct BridgedCacheMonitor(CacheMemoryMonitor);

pub(crate) fn bridged_cache_monitor() -> BridgedCacheMonitor {
    BridgedCacheMonitor(CacheMemoryMonitor::new())
}

impl BridgedCacheMonitor {
    pub(crate) fn optimize(
        &self,
        cache: &BridgedCache,
    ) -> Result<BridgedCacheReport, BridgedError> {
        bridged(|| {
            let report = self.0.monitor_and_optimize(&cache.0)?;
            Ok(BridgedCacheReport {
                pressure: report.pressure.into(),
                before: report.before.into(),
                after: report.after.into(),
                actions: report.actions.len() as u32,
            })
        })
    }
}

/// What one generation may use beside its model; filled in before it starts.
pub(crate) struct BridgedAids(Mutex<GenerationAids>);

pub(crate) fn bridged_aids() -> BridgedAids {
    BridgedAids(Mutex::default())
}

impl BridgedAids {
    pub(crate) fn use_cache(&self, cache: &BridgedCache) {
        self.change(|aids| aids.cache = Some(cache.0.clone()));
    }

    pub(crate) fn use_draft(
        &self,
        target: &BridgedModel,
        draft: &BridgedModel,
        tokens: u32,
    ) -> Result<(), BridgedError> {
        bridged(|| {
            let draft = DraftModel::new(target.model(), draft.model(), tokens)?;
            self.change(|aids| aids.draft = Some(draft));
            Ok(())
        })
    }

    pub(super) fn aids(&self) -> GenerationAids {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut GenerationAids)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn settings_in(settings: BridgedCacheSettings) -> Result<CacheSettings, Fault> {
    let options = KvOptions {
        max_kv_size: 0,
        kv_bits: settings.kv_bits,
        kv_group_size: settings.kv_group_size,
    };
    Ok(CacheSettings {
        kind: kind_in(settings.kind, settings.tokens_kept)?,
        quantization: options.quantization(),
        quantized_start: settings.quantized_start,
        adapts: false,
    })
}

impl From<CacheState> for BridgedCacheState {
    fn from(state: CacheState) -> Self {
        let options = KvOptions::new(None, state.quantization);
        let (kind, tokens_kept) = kind_out(state.kind);
        Self {
            tokens: state.tokens,
            bytes: state.bytes,
            kind: kind as i32,
            tokens_kept,
            kv_bits: options.kv_bits,
            kv_group_size: options.kv_group_size,
        }
    }
}
