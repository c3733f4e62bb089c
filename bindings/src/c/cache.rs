//! Prompt caches: made, looked at, copied, freed.

use std::mem::offset_of;

use headroom_engine::{
    CacheKind, CacheSettings, CacheState, EngineError, GenerateParameters, Model, PromptCache,
    create_adaptive_cache, create_optimized_cache, drop_idle_prompt_caches, set_prompt_cache_limit,
};

use crate::c::error::{hr_error, report};
use crate::c::limits::not_one_of;
use crate::c::model::hr_model;
use crate::c::output::Output;
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::structs::{AnyBytes, SizeFirst, StructOutput, read_struct};
use crate::c::version::HR_UNKNOWN;
use crate::fault::Fault;
use crate::handles::handles;
use crate::kv_options::KvOptions;

/// Handle of what a model has seen of a prompt: a prompt that begins with the same tokens starts from
/// there, and only the rest is computed. When memory gets tight it may be emptied, and the next
/// generation computes all of its prompt.
pub type hr_cache = u64;

/// Which tokens a cache keeps.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_cache_kind {
    /// All of them.
    HR_CACHE_KIND_SIMPLE = 0,
    /// The first few and the last ones, `tokens_kept` together.
    HR_CACHE_KIND_ROTATING = 1,
    /// Those of the current chunk of `tokens_kept`, for models whose attention ends at a chunk's
    /// border.
    HR_CACHE_KIND_CHUNKED = 2,
}

/// What a cache is asked to be.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_cache_settings {
    /// `sizeof(hr_cache_settings)`, set by the host.
    pub size: usize,
    /// One of `hr_cache_kind`.
    pub kind: i32,
    /// What rotating (at least 8) and chunked (at least 1) caches keep; not looked at for others.
    pub tokens_kept: u32,
    /// Bits of keys and values: 2, 3, 4, 6, 8 or 16; 0 keeps them as they were computed.
    pub kv_bits: u32,
    /// Consecutive values that share a scale and a bias: 32, 64 or 128. Used when `kv_bits` is not 0.
    pub kv_group_size: u32,
    /// From how many tokens on keys and values are quantised.
    pub quantized_start: u32,
    /// 1 to choose again, in fewer bits or bounded, whenever the cache grows; else 0.
    pub adapts: u32,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_cache_settings {
    const NAME: &'static str = "hr_cache_settings";
    const FIRST_SIZE: usize = offset_of!(Self, adapts) + size_of::<u32>();
}

// SAFETY: integers alone.
unsafe impl AnyBytes for hr_cache_settings {}

impl hr_cache_settings {
    const SIMPLE: Self = Self {
        size: size_of::<Self>(),
        kind: 0,
        tokens_kept: 0,
        kv_bits: 0,
        kv_group_size: 64,
        quantized_start: 0,
        adapts: 0,
    };

    fn into_owned(self) -> Result<CacheSettings, Fault> {
        let options = KvOptions {
            max_kv_size: 0,
            kv_bits: self.kv_bits,
            kv_group_size: self.kv_group_size,
        };
        Ok(CacheSettings {
            kind: kind_in(self.kind, self.tokens_kept)?,
            quantization: options.quantization(),
            quantized_start: self.quantized_start,
            adapts: self.adapts != 0,
        })
    }
}

pub(crate) fn kind_in(kind: i32, tokens_kept: u32) -> Result<CacheKind, Fault> {
    match kind {
        0 => Ok(CacheKind::Simple),
        1 => Ok(CacheKind::Rotating {
            max_size: tokens_kept,
        }),
        2 => Ok(CacheKind::Chunked {
            chunk_size: tokens_kept,
        }),
        other => Err(not_one_of("kind", other, "hr_cache_kind")),
    }
}

/// The kind as a host reads it, and what it keeps.
pub(crate) fn kind_out(kind: CacheKind) -> (hr_cache_kind, u32) {
    match kind {
        CacheKind::Simple => (hr_cache_kind::HR_CACHE_KIND_SIMPLE, 0),
        CacheKind::Rotating { max_size } => (hr_cache_kind::HR_CACHE_KIND_ROTATING, max_size),
        CacheKind::Chunked { chunk_size } => (hr_cache_kind::HR_CACHE_KIND_CHUNKED, chunk_size),
    }
}

/// What a cache is now.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_cache_state {
    /// `sizeof(hr_cache_state)`, set by the host.
    pub size: usize,
    /// Tokens that it has seen; 0 while a generation works with it, and after it had to go.
    pub tokens: u64,
    /// What it takes, spare positions included.
    pub bytes: u64,
    /// One of `hr_cache_kind`.
    pub kind: i32,
    /// What rotating and chunked caches keep; 0 for others.
    pub tokens_kept: u32,
    /// Bits of keys and values; 0 as they were computed.
    pub kv_bits: u32,
    /// Consecutive values that share a scale and a bias.
    pub kv_group_size: u32,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_cache_state {
    const NAME: &'static str = "hr_cache_state";
    const FIRST_SIZE: usize = offset_of!(Self, kv_group_size) + size_of::<u32>();
}

impl From<CacheState> for hr_cache_state {
    fn from(state: CacheState) -> Self {
        let options = KvOptions::new(None, state.quantization);
        let (kind, tokens_kept) = kind_out(state.kind);
        Self {
            size: size_of::<Self>(),
            tokens: state.tokens.into(),
            bytes: state.bytes,
            kind: kind as i32,
            tokens_kept,
            kv_bits: options.kv_bits,
            kv_group_size: options.kv_group_size,
        }
    }
}

/// Makes an empty cache for a model. `settings` may be NULL for one that keeps everything.
///
/// # Safety
/// `settings` is NULL or has as many bytes as its `size` says. `cache` is NULL, which is an error, or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_create(
    model: hr_model,
    settings: *const hr_cache_settings,
    cache: *mut hr_cache,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (settings, output) = unsafe {
            let settings = match settings.is_null() {
                true => hr_cache_settings::SIMPLE,
                false => read_struct(settings, hr_cache_settings::SIMPLE)?,
            };
            (settings.into_owned()?, Output::new(cache, "cache")?)
        };
        let model = handles().get::<Model>(model)?;
        output.write(handles().insert(PromptCache::new(&model, settings)?)?);
        Ok(())
    })
}

/// Makes a cache as `parameters` ask for it; where they leave that open, as the balanced strategy keeps
/// keys and values under the pressure there is now. `parameters` may be NULL.
///
/// # Safety
/// `parameters` is NULL or has as many bytes as its `size` says. `cache` is NULL, which is an error, or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_create_optimized(
    model: hr_model,
    parameters: *const hr_generate_parameters,
    cache: *mut hr_cache,
) -> *mut hr_error {
    // SAFETY: the host's own promises.
    unsafe { create_by(create_optimized_cache, model, parameters, cache) }
}

/// Makes a cache that keeps keys and values as exactly as there is room for, in fewer bits and at last
/// bounded as it grows. `parameters` may be NULL; their `max_tokens` tells how far it is planned ahead.
///
/// # Safety
/// As for `hr_cache_create_optimized`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_create_adaptive(
    model: hr_model,
    parameters: *const hr_generate_parameters,
    cache: *mut hr_cache,
) -> *mut hr_error {
    // SAFETY: the host's own promises.
    unsafe { create_by(create_adaptive_cache, model, parameters, cache) }
}

type Factory = fn(&Model, &GenerateParameters) -> Result<PromptCache, EngineError>;

/// # Safety
/// As for `hr_cache_create_optimized`.
unsafe fn create_by(
    create: Factory,
    model: hr_model,
    parameters: *const hr_generate_parameters,
    cache: *mut hr_cache,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the caller.
        let (parameters, output) =
            unsafe { (parameters_in(parameters)?, Output::new(cache, "cache")?) };
        let model = handles().get::<Model>(model)?;
        output.write(handles().insert(create(&model, &parameters)?)?);
        Ok(())
    })
}

/// Tells what a cache is now.
///
/// # Safety
/// `state` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_get_state(
    cache: hr_cache,
    state: *mut hr_cache_state,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(state) }?;
        output.write(handles().get::<PromptCache>(cache)?.state()?.into());
        Ok(())
    })
}

/// Forgets the last `tokens` tokens, or all where the cache cannot forget some, and tells how many are
/// left.
///
/// # Safety
/// `left` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_trim(
    cache: hr_cache,
    tokens: u32,
    left: *mut u32,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(left, "left") }?;
        output.write(handles().get::<PromptCache>(cache)?.trim(tokens)?);
        Ok(())
    })
}

/// Makes a cache of its own that has seen the same.
///
/// # Safety
/// `copy` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_copy(cache: hr_cache, copy: *mut hr_cache) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(copy, "copy") }?;
        let copied = handles().get::<PromptCache>(cache)?.copy()?;
        output.write(handles().insert(copied)?);
        Ok(())
    })
}

/// Frees a cache. Sessions and generations that use it go on; what it has seen serves other prompts
/// that begin alike, as long as there is room.
#[unsafe(no_mangle)]
pub extern "C" fn hr_cache_free(cache: hr_cache) -> *mut hr_error {
    report(|| {
        drop(handles().remove::<PromptCache>(cache)?);
        Ok(())
    })
}

/// Sets what caches that no generation works with may take together, the least recently used going
/// first. `HR_UNKNOWN` means a quarter of what is available.
#[unsafe(no_mangle)]
pub extern "C" fn hr_cache_set_limit(limit_bytes: u64) -> *mut hr_error {
    report(|| {
        let limit = Some(limit_bytes).filter(|&bytes| bytes != HR_UNKNOWN);
        Ok(set_prompt_cache_limit(limit)?)
    })
}

/// Empties every cache that no generation works with; who needs one computes it again.
#[unsafe(no_mangle)]
pub extern "C" fn hr_cache_drop_idle() -> *mut hr_error {
    report(|| Ok(drop_idle_prompt_caches()?))
}
