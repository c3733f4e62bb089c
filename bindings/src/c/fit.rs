//! Whether a model fits, answered before anything of it is loaded.

use std::ffi::c_char;
use std::mem::offset_of;
use std::path::Path;

use headroom_engine::{FitReport, GenerateParameters, check_fit};
use headroom_memory::{Fit, GenerationPlan, Prediction};

use crate::c::error::{hr_error, report};
use crate::c::string::{hr_string, string_out};
use crate::c::structs::{AnyBytes, SizeFirst, StructOutput, read_struct};
use crate::c::text::text_in;
use crate::c::version::HR_UNKNOWN;
use crate::fault::{Fault, FaultKind};
use crate::kv_options::KvOptions;

/// The settings of a generation that decide how much memory it takes. Set `size`, call
/// `hr_generation_plan_init`, then change what should differ.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_generation_plan {
    /// `sizeof(hr_generation_plan)`, set by the host.
    pub size: usize,
    /// Prompt and answer together, in tokens; at least 1.
    pub context_tokens: u32,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Prompt tokens computed at once; at least 1.
    pub prefill_step: u32,
    /// The most tokens whose keys and values are kept; 0 keeps all.
    pub max_kv_size: u32,
    /// Bits of keys and values; 0 keeps them as they are computed.
    pub kv_bits: u32,
    /// Consecutive values that share a scale and a bias. Used when `kv_bits` is not 0.
    pub kv_group_size: u32,
    /// From how many tokens on keys and values are quantised.
    pub quantized_kv_start: u32,
    /// Always 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_generation_plan {
    const NAME: &'static str = "hr_generation_plan";
    const FIRST_SIZE: usize = offset_of!(Self, reserved) + size_of::<u32>();
}

// SAFETY: integers alone.
unsafe impl AnyBytes for hr_generation_plan {}

impl From<&GenerationPlan> for hr_generation_plan {
    fn from(plan: &GenerationPlan) -> Self {
        let kv = KvOptions::new(plan.max_kv_size, plan.kv_quantization);
        Self {
            size: size_of::<Self>(),
            context_tokens: plan.context_tokens,
            prompt_tokens: plan.prompt_tokens,
            prefill_step: plan.prefill_step,
            max_kv_size: kv.max_kv_size,
            kv_bits: kv.kv_bits,
            kv_group_size: kv.kv_group_size,
            quantized_kv_start: plan.quantized_kv_start,
            reserved: 0,
        }
    }
}

impl hr_generation_plan {
    fn into_owned(self) -> Result<GenerationPlan, Fault> {
        if self.context_tokens == 0 {
            let message = "context_tokens is 0, but must be at least 1";
            return Err(Fault::new(FaultKind::InvalidParameter, message));
        }
        let kv = KvOptions {
            max_kv_size: self.max_kv_size,
            kv_bits: self.kv_bits,
            kv_group_size: self.kv_group_size,
        };
        // What no generation could be set to has no prediction either.
        let parameters = GenerateParameters {
            prefill_step: self.prefill_step,
            max_kv_size: kv.max_size(),
            kv_quantization: kv.quantization(),
            ..GenerateParameters::default()
        };
        parameters.validate()?;
        Ok(GenerationPlan {
            context_tokens: self.context_tokens,
            prompt_tokens: self.prompt_tokens,
            prefill_step: self.prefill_step,
            max_kv_size: kv.max_size(),
            kv_quantization: kv.quantization(),
            quantized_kv_start: self.quantized_kv_start,
        })
    }
}

/// Whether a model fits.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_fit_answer {
    /// As asked.
    HR_FIT_FITS = 0,
    /// With another plan: a smaller step first, then fewer bits for keys and values, then a shorter
    /// context.
    HR_FIT_FITS_IF = 1,
    /// With none.
    HR_FIT_DOES_NOT_FIT = 2,
}

/// What a model takes, held against what there is.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_fit_report {
    /// `sizeof(hr_fit_report)`, set by the host.
    pub size: usize,
    /// The answer.
    pub answer: hr_fit_answer,
    /// Always 0.
    pub reserved: u32,
    /// What it takes at its peak; where it does not fit, with the smallest plan.
    pub needed_bytes: u64,
    /// What may be taken, a reserve left out; `HR_UNKNOWN` where the system does not tell, and the
    /// answer is not bounded by it.
    pub available_bytes: u64,
    /// Of the peak: the weights. `HR_UNKNOWN` where it does not fit, here and below.
    pub weights_bytes: u64,
    /// Of the peak: keys and values.
    pub kv_cache_bytes: u64,
    /// Of the peak: what the largest step computes with.
    pub workspace_bytes: u64,
    /// Of the peak: the logits of the last token.
    pub logits_bytes: u64,
    /// Where it does not fit: the name of the best model of the registry that does. Else, and where
    /// none does, 0. The host frees the string.
    pub alternative: hr_string,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_fit_report {
    const NAME: &'static str = "hr_fit_report";
    const FIRST_SIZE: usize = offset_of!(Self, alternative) + size_of::<hr_string>();
}

/// A report without its alternative, and the plan that fits.
fn report_out(
    found: &FitReport,
    asked: &GenerationPlan,
) -> (hr_fit_report, Option<GenerationPlan>) {
    let answered = |answer, prediction: &Prediction| hr_fit_report {
        size: size_of::<hr_fit_report>(),
        answer,
        reserved: 0,
        needed_bytes: prediction.peak_bytes(),
        available_bytes: found.available_bytes.unwrap_or(HR_UNKNOWN),
        weights_bytes: prediction.weights_bytes,
        kv_cache_bytes: prediction.kv_cache_bytes,
        workspace_bytes: prediction.workspace_bytes,
        logits_bytes: prediction.logits_bytes,
        alternative: 0,
    };
    match &found.fit {
        Fit::Fits { prediction } => (
            answered(hr_fit_answer::HR_FIT_FITS, prediction),
            Some(*asked),
        ),
        Fit::FitsIf { plan, prediction } => {
            let answer = hr_fit_answer::HR_FIT_FITS_IF;
            (answered(answer, prediction), Some(*plan))
        }
        Fit::DoesNotFit { needed_bytes, .. } => {
            let unknown = Prediction {
                weights_bytes: HR_UNKNOWN,
                kv_cache_bytes: HR_UNKNOWN,
                workspace_bytes: HR_UNKNOWN,
                logits_bytes: HR_UNKNOWN,
            };
            let refused = hr_fit_report {
                needed_bytes: *needed_bytes,
                ..answered(hr_fit_answer::HR_FIT_DOES_NOT_FIT, &unknown)
            };
            (refused, None)
        }
    }
}

/// Fills in a context of `context_tokens` that may be all prompt, with nothing given up to save
/// memory. `size` must be set before.
///
/// # Safety
/// `plan` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_plan_init(
    context_tokens: u32,
    plan: *mut hr_generation_plan,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(plan) }?;
        output.write((&GenerationPlan::of_context(context_tokens)).into());
        Ok(())
    })
}

/// Predicts what a generation with the model in a directory takes, from its headers and
/// configuration alone, and holds it against what this process may still take. One that does not
/// fit is an answer and no error.
///
/// `fitting` may be NULL; where the model fits, it becomes the plan with which it does.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8. `plan` and `found` are NULL, which
/// is an error, or have as many bytes as their `size` says, and so has `fitting`, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_model_check_fit(
    path: *const c_char,
    path_length: usize,
    plan: *const hr_generation_plan,
    found: *mut hr_fit_report,
    fitting: *mut hr_generation_plan,
) -> *mut hr_error {
    report(|| {
        let no_plan = hr_generation_plan::from(&GenerationPlan::of_context(0));
        // SAFETY: all as promised by the host.
        let (path, plan, output) = unsafe {
            (
                text_in(path, path_length, "path")?,
                read_struct(plan, no_plan)?.into_owned()?,
                StructOutput::new(found)?,
            )
        };
        let fitting = match fitting.is_null() {
            true => None,
            // SAFETY: as promised by the host.
            false => Some(unsafe { StructOutput::new(fitting) }?),
        };
        let checked = check_fit(Path::new(&path), &plan)?;
        let (mut answer, plan) = report_out(&checked, &plan);
        answer.alternative = checked.alternative.map_or(Ok(0), string_out)?;
        output.write(answer);
        if let Some((fitting, plan)) = fitting.zip(plan) {
            fitting.write((&plan).into());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
