//! How to generate: what a flag says holds; the rest comes from the strategy, if there is one.

use headroom_engine::GenerateParameters;

use crate::arguments::{KvCacheArguments, MemoryUseArguments};
use crate::error::CliError;
use crate::memory_use;

/// `chosen`, with what the other flags say of memory.
pub(crate) fn parameters(
    memory: &MemoryUseArguments,
    kv_cache: &KvCacheArguments,
    prefill_step: Option<u32>,
    chosen: GenerateParameters,
) -> Result<GenerateParameters, CliError> {
    let mut parameters = memory_use::parameters(memory, chosen)?;
    if let Some(prefill_step) = prefill_step {
        parameters.prefill_step = prefill_step;
    }
    if kv_cache.max_kv_size.is_some() {
        parameters.max_kv_size = kv_cache.max_kv_size;
    }
    if let Some(quantization) = kv_cache.quantization() {
        parameters.kv_quantization = Some(quantization);
    }
    parameters.quantized_kv_start = kv_cache.quantized_kv_start;
    Ok(parameters)
}
