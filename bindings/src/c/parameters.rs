//! How to generate, as C fills it in.

mod constraint;
mod token_bias;

use std::ffi::c_char;
use std::mem::offset_of;

use headroom_engine::{GenerateParameters, Governing};

use crate::c::error::{hr_error, report};
use crate::c::output::null;
use crate::c::structs::{AnyBytes, SizeFirst, StructOutput, read_struct};
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};
use crate::kv_options::KvOptions;

pub use constraint::{HR_CONSTRAINT_JSON_SCHEMA, HR_CONSTRAINT_NONE, HR_CONSTRAINT_REGEX};
pub use token_bias::hr_token_bias;

/// What a host may choose for one generation. Set `size`, call `hr_generate_parameters_init`, then
/// change what should differ.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_generate_parameters {
    /// `sizeof(hr_generate_parameters)`, set by the host.
    pub size: usize,
    /// The most tokens to generate; at least 1.
    pub max_tokens: u32,
    /// 0 takes the likeliest token; higher values draw more freely.
    pub temperature: f32,
    /// Draw from the smallest set of tokens that together have this probability; 1 means all.
    pub top_p: f32,
    /// Draw from this many of the likeliest tokens; 0 means all.
    pub top_k: u32,
    /// Draw from tokens at least this share as likely as the likeliest; 0 means all.
    pub min_p: f32,
    /// Above 1, tokens among the last `repetition_context` become less likely.
    pub repetition_penalty: f32,
    /// How many of the last tokens the repetition penalty looks at; at least 1.
    pub repetition_context: u32,
    /// Prompt tokens computed at once: fewer take less memory. At least 1.
    pub prefill_step: u32,
    /// Same seed, same prompt, same tokens. Used when `has_seed` is 1.
    pub seed: u64,
    /// 1 to use `seed`, 0 to take a new one each time.
    pub has_seed: u64,
    /// Texts that end the generation and are no part of the answer, `stop_count` pointers; NULL
    /// for none.
    pub stop: *const *const c_char,
    /// The length of each of them in bytes.
    pub stop_lengths: *const usize,
    /// How many there are.
    pub stop_count: usize,
    /// The most tokens whose keys and values are kept, the first few among them; at least 8, and 0
    /// keeps all.
    pub max_kv_size: u32,
    /// Bits of keys and values: 2, 3, 4, 6, 8 or 16; 0 keeps them as they were computed.
    pub kv_bits: u32,
    /// Consecutive values that share a scale and a bias: 32, 64 or 128. Used when `kv_bits` is not
    /// 0.
    pub kv_group_size: u32,
    /// From how many tokens on keys and values are quantised.
    pub quantized_kv_start: u32,
    /// Gives an `HR_EVENT_MEMORY` every so many tokens; 0 never does.
    pub monitor_interval: u32,
    /// 1 to act when memory gets tight, before the system does; 0 to leave it to the system, which
    /// may end the process.
    pub is_governed: u32,
    /// Taken once from the logits of tokens among the last `presence_context`; from -100 to 100.
    pub presence_penalty: f32,
    /// How many of the last tokens the presence penalty looks at; at least 1.
    pub presence_context: u32,
    /// Taken from a token's logit for every time that it is among the last `frequency_context`; from
    /// -100 to 100.
    pub frequency_penalty: f32,
    /// How many of the last tokens the frequency penalty looks at; at least 1.
    pub frequency_context: u32,
    /// What is added to the logits of single tokens, `logit_bias_count` of them; NULL for none. Of
    /// several for one token the last counts.
    pub logit_bias: *const hr_token_bias,
    /// How many there are.
    pub logit_bias_count: usize,
    /// How many of the likeliest tokens `hr_generation_get_logprobs` tells for each generated one; at
    /// most 20. Used when `has_logprobs` is 1.
    pub top_logprobs: u32,
    /// 1 to keep log-probabilities, 0 not to.
    pub has_logprobs: u32,
    /// The answer may end no earlier than after this many tokens; at most `max_tokens`.
    pub min_tokens: u32,
    /// What `constraint` is: `HR_CONSTRAINT_NONE`, `HR_CONSTRAINT_JSON_SCHEMA` or
    /// `HR_CONSTRAINT_REGEX`.
    pub constraint_kind: u32,
    /// What the answer must look like, in UTF-8. An answer that is cut short is the beginning of such
    /// a text.
    pub constraint: *const c_char,
    /// Its length in bytes.
    pub constraint_length: usize,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_generate_parameters {
    const NAME: &'static str = "hr_generate_parameters";
    const FIRST_SIZE: usize = offset_of!(Self, stop_count) + size_of::<usize>();
}

// SAFETY: integers, floating-point numbers and raw pointers alone.
unsafe impl AnyBytes for hr_generate_parameters {}

impl Default for hr_generate_parameters {
    fn default() -> Self {
        Self::without_pointers(&GenerateParameters::default())
    }
}

impl hr_generate_parameters {
    /// As C sees them. Stop texts, biases and constraint are the host's, and are left out.
    pub(super) fn without_pointers(parameters: &GenerateParameters) -> Self {
        let kv = KvOptions::new(parameters.max_kv_size, parameters.kv_quantization);
        Self {
            size: size_of::<Self>(),
            max_tokens: parameters.max_tokens,
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            top_k: parameters.top_k,
            min_p: parameters.min_p,
            repetition_penalty: parameters.repetition_penalty,
            repetition_context: parameters.repetition_context,
            prefill_step: parameters.prefill_step,
            seed: parameters.seed.unwrap_or(0),
            has_seed: parameters.seed.is_some().into(),
            stop: std::ptr::null(),
            stop_lengths: std::ptr::null(),
            stop_count: 0,
            max_kv_size: kv.max_kv_size,
            kv_bits: kv.kv_bits,
            kv_group_size: kv.kv_group_size,
            quantized_kv_start: parameters.quantized_kv_start,
            monitor_interval: parameters.monitor_interval.unwrap_or(0),
            is_governed: match parameters.governing {
                Governing::On => 1,
                Governing::Off => 0,
            },
            presence_penalty: parameters.presence_penalty,
            presence_context: parameters.presence_context,
            frequency_penalty: parameters.frequency_penalty,
            frequency_context: parameters.frequency_context,
            logit_bias: std::ptr::null(),
            logit_bias_count: 0,
            top_logprobs: parameters.top_logprobs.unwrap_or(0),
            has_logprobs: parameters.top_logprobs.is_some().into(),
            min_tokens: parameters.min_tokens,
            constraint_kind: HR_CONSTRAINT_NONE,
            constraint: std::ptr::null(),
            constraint_length: 0,
        }
    }
}

/// More stop texts than anyone means: a `stop_count` beyond it was never set.
const MOST_STOP_TEXTS: usize = 1024;

impl hr_generate_parameters {
    /// As owned values of the engine, which checks their ranges.
    ///
    /// # Safety
    /// `stop` and `stop_lengths` are NULL or have `stop_count` entries, each pointer with as many
    /// readable bytes as its length says. `logit_bias` is NULL or has `logit_bias_count` entries, and
    /// `constraint` is NULL or has `constraint_length` readable bytes.
    unsafe fn into_owned(self) -> Result<GenerateParameters, Fault> {
        let has_seed = is_set("has_seed", self.has_seed)?;
        let has_logprobs = is_set("has_logprobs", self.has_logprobs.into())?;
        let kv = self.kv_options();
        Ok(GenerateParameters {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            repetition_context: self.repetition_context,
            seed: has_seed.then_some(self.seed),
            // SAFETY: the caller's own promise.
            stop: unsafe { self.stop_texts() }?,
            prefill_step: self.prefill_step,
            max_kv_size: kv.max_size(),
            kv_quantization: kv.quantization(),
            quantized_kv_start: self.quantized_kv_start,
            monitor_interval: Some(self.monitor_interval).filter(|&tokens| tokens > 0),
            governing: match is_set("is_governed", self.is_governed.into())? {
                true => Governing::On,
                false => Governing::Off,
            },
            presence_penalty: self.presence_penalty,
            presence_context: self.presence_context,
            frequency_penalty: self.frequency_penalty,
            frequency_context: self.frequency_context,
            // SAFETY: the caller's own promise.
            logit_bias: unsafe { self.biases() }?,
            top_logprobs: has_logprobs.then_some(self.top_logprobs),
            min_tokens: self.min_tokens,
            // SAFETY: the caller's own promise.
            constraint: unsafe { self.output_constraint() }?,
        })
    }

    fn kv_options(&self) -> KvOptions {
        KvOptions {
            max_kv_size: self.max_kv_size,
            kv_bits: self.kv_bits,
            kv_group_size: self.kv_group_size,
        }
    }

    /// # Safety
    /// That of [`Self::into_owned`].
    unsafe fn stop_texts(&self) -> Result<Vec<String>, Fault> {
        if self.stop_count == 0 {
            return Ok(Vec::new());
        }
        at_most("stop_count", self.stop_count, MOST_STOP_TEXTS)?;
        if self.stop.is_null() || self.stop_lengths.is_null() {
            return Err(null("stop or stop_lengths"));
        }
        let texts = (0..self.stop_count).map(|index| {
            // SAFETY: `index` is below `stop_count`, and each text is as the caller promised.
            unsafe {
                let pointer = self.stop.add(index).read_unaligned();
                let length = self.stop_lengths.add(index).read_unaligned();
                text_in(pointer, length, "a stop text")
            }
        });
        texts.collect()
    }
}

fn at_most(name: &str, count: usize, most: usize) -> Result<(), Fault> {
    match count > most {
        false => Ok(()),
        true => Err(invalid(format!(
            "{name} is {count}, but must be at most {most}"
        ))),
    }
}

fn is_set(name: &str, value: u64) -> Result<bool, Fault> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(invalid(format!("{name} is {other}, but must be 0 or 1"))),
    }
}

fn invalid(message: String) -> Fault {
    Fault::new(FaultKind::InvalidParameter, message)
}

/// The parameters that C passed; NULL stands for the defaults.
///
/// # Errors
/// A size that cannot be right, and what cannot be turned into owned values.
///
/// # Safety
/// `pointer` is NULL or has as many bytes as its `size` says, and what it points to is as
/// [`hr_generate_parameters`] describes it.
pub(super) unsafe fn parameters_in(
    pointer: *const hr_generate_parameters,
) -> Result<GenerateParameters, Fault> {
    if pointer.is_null() {
        return Ok(GenerateParameters::default());
    }
    // SAFETY: the caller's own promise, for both.
    unsafe { read_struct(pointer, hr_generate_parameters::default())?.into_owned() }
}

/// Fills in the defaults. `size` must be set before.
///
/// # Safety
/// `parameters` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate_parameters_init(
    parameters: *mut hr_generate_parameters,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(parameters) }?;
        output.write(hr_generate_parameters::default());
        Ok(())
    })
}

#[cfg(test)]
mod tests;
