//! The models that are known by name, and the best of them for what there is.

use std::ffi::{CString, c_char};
use std::mem::offset_of;
use std::sync::LazyLock;

use headroom_engine::select_model;
use headroom_hub::{RegistryModel, registry};

use crate::c::error::{hr_error, report};
use crate::c::output::Output;
use crate::c::string::{hr_string, hr_string_free, string_out};
use crate::c::structs::{SizeFirst, StructOutput};
use crate::c::version::HR_UNKNOWN;
use crate::fault::{Fault, FaultKind};

/// A model that can be asked for by name. Its texts are UTF-8, end with a zero byte, belong to the
/// library and stay as long as the process.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_registry_model {
    /// `sizeof(hr_registry_model)`, set by the host.
    pub size: usize,
    /// `owner/name` on the hub.
    pub id: *const c_char,
    /// What people call it, such as `Qwen3-1.7B`.
    pub name: *const c_char,
    /// `model_type` of its configuration.
    pub family: *const c_char,
    /// Values in its weights, each counted once.
    pub parameters: u64,
    /// Bytes of all weights.
    pub weights_bytes: u64,
    /// Bytes that a token adds to the KV cache in 16 bits.
    pub kv_bytes_per_token: u64,
    /// The longest sequence it was made for; `HR_UNKNOWN` where its configuration does not say.
    pub context_length: u64,
    /// Decoder blocks.
    pub layers: u64,
    /// Bits of its weights; 16 for one that is not quantised.
    pub weight_bits: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_registry_model {
    const NAME: &'static str = "hr_registry_model";
    const FIRST_SIZE: usize = offset_of!(Self, weight_bits) + size_of::<u64>();
}

/// The texts of a row, as C wants them.
struct RowTexts {
    id: CString,
    name: CString,
    family: CString,
}

impl From<&RegistryModel> for RowTexts {
    fn from(model: &RegistryModel) -> Self {
        // The rows are compiled in, and a test sees that none holds a zero.
        let text = |text: &str| CString::new(text).unwrap_or_default();
        Self {
            id: text(&model.id),
            name: text(&model.name),
            family: text(&model.family),
        }
    }
}

/// One for each row, made once and never freed, so that hosts may keep pointers to them.
static TEXTS: LazyLock<Vec<RowTexts>> =
    LazyLock::new(|| registry().iter().map(RowTexts::from).collect());

fn row(index: usize) -> Result<hr_registry_model, Fault> {
    let (model, texts) = registry().get(index).zip(TEXTS.get(index)).ok_or_else(|| {
        let count = registry().len();
        let message = format!("index is {index}, but the registry has {count} models");
        Fault::new(FaultKind::InvalidParameter, message)
    })?;
    let quantization = model.quantization;
    Ok(hr_registry_model {
        size: size_of::<hr_registry_model>(),
        id: texts.id.as_ptr(),
        name: texts.name.as_ptr(),
        family: texts.family.as_ptr(),
        parameters: model.parameters,
        weights_bytes: model.weights_bytes,
        kv_bytes_per_token: model.kv_bytes_per_token(),
        context_length: model.geometry.context_length.map_or(HR_UNKNOWN, u64::from),
        layers: model.geometry.layers.len() as u64,
        weight_bits: quantization.map_or(16, |one| one.bits.into()),
    })
}

/// Tells how many models are known by name.
///
/// # Safety
/// `count` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_registry_count_models(count: *mut usize) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(count, "count") }?;
        output.write(registry().len());
        Ok(())
    })
}

/// Gives one of the models known by name, the smallest at index 0.
///
/// # Safety
/// `model` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_registry_get_model(
    index: usize,
    model: *mut hr_registry_model,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(model) }?;
        output.write(row(index)?);
        Ok(())
    })
}

/// Chooses the best model of the registry that fits into `available_bytes` with its KV cache for
/// `context_tokens`, prompt and answer together, and that this version runs.
///
/// `*id` becomes what `hr_model_load_by_name` takes, or 0 when no model fits; `*explanation` says
/// why. The host frees both strings.
///
/// # Safety
/// `id` and `explanation` are NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_registry_select_model(
    available_bytes: u64,
    context_tokens: u32,
    id: *mut hr_string,
    explanation: *mut hr_string,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (id, explanation) = unsafe {
            (
                Output::new(id, "id")?,
                Output::new(explanation, "explanation")?,
            )
        };
        let selection = select_model(available_bytes, context_tokens);
        let reason = string_out(selection.explanation())?;
        let picked = selection.pick.map(|model| string_out(model.id.clone()));
        match picked.transpose() {
            Ok(picked) => id.write(picked.unwrap_or(0)),
            Err(fault) => {
                crate::c::error::hr_error_free(hr_string_free(reason));
                return Err(fault);
            }
        }
        explanation.write(reason);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn every_row_is_the_registrys() {
        for (index, model) in registry().iter().enumerate() {
            let row = row(index).unwrap();
            // SAFETY: the texts end with a zero byte and are never freed.
            let texts = [row.id, row.name, row.family].map(|text| unsafe { CStr::from_ptr(text) });
            let texts = texts.map(|text| text.to_str().unwrap());
            assert_eq!(texts, [&model.id, &model.name, &model.family]);
            assert_eq!(row.weights_bytes, model.weights_bytes);
        }
    }

    #[test]
    fn there_is_no_row_past_the_last() {
        let fault = row(registry().len()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::InvalidParameter);
    }
}
