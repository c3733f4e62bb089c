//! The registry, the choice from it, and the prediction whether a model fits.

use std::path::Path;

use headroom_engine::{GenerateParameters, check_fit, select_model};
use headroom_hub::{RegistryModel, registry};
use headroom_memory::GenerationPlan;

use super::bridge::ffi::{BridgedFit, BridgedParameters, BridgedRegistryModel, BridgedSelection};
use super::error::{BridgedError, bridged};
use crate::guard::guarded_or;

pub(crate) fn bridged_registry_count() -> u32 {
    guarded_or(0, || registry().len() as u32)
}

/// `None` past the last.
pub(crate) fn bridged_registry_model(index: u32) -> Option<BridgedRegistryModel> {
    guarded_or(None, || registry().get(index as usize).map(Into::into))
}

pub(crate) fn bridged_select_model(available_bytes: u64, context_tokens: u32) -> BridgedSelection {
    let none = || BridgedSelection {
        index: None,
        explanation: String::new(),
    };
    guarded_or(none(), || {
        let selection = select_model(available_bytes, context_tokens);
        BridgedSelection {
            index: selection.pick.and_then(index_of),
            explanation: selection.explanation(),
        }
    })
}

fn index_of(model: &RegistryModel) -> Option<u32> {
    let index = registry().iter().position(|row| row == model)?;
    u32::try_from(index).ok()
}

pub(crate) fn bridged_check_fit(
    directory: String,
    context_tokens: u32,
    parameters: BridgedParameters,
) -> Result<BridgedFit, BridgedError> {
    bridged(|| {
        let parameters = GenerateParameters::from(parameters);
        parameters.validate()?;
        let plan = GenerationPlan {
            prefill_step: parameters.prefill_step,
            max_kv_size: parameters.max_kv_size,
            kv_quantization: parameters.kv_quantization,
            quantized_kv_start: parameters.quantized_kv_start,
            ..GenerationPlan::of_context(context_tokens)
        };
        Ok((check_fit(Path::new(&directory), &plan)?, plan).into())
    })
}

impl From<&RegistryModel> for BridgedRegistryModel {
    fn from(model: &RegistryModel) -> Self {
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            family: model.family.clone(),
            parameters: model.parameters,
            weights_bytes: model.weights_bytes,
            kv_bytes_per_token: model.kv_bytes_per_token(),
            context_length: model.geometry.context_length,
        }
    }
}
