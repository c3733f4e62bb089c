//! How to generate, as C fills it in.

use std::ffi::c_char;
use std::mem::offset_of;

use headroom_engine::GenerateParameters;

use crate::c::error::{hr_error, report};
use crate::c::output::null;
use crate::c::structs::{AnyBytes, SizeFirst, StructOutput, read_struct};
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};

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
        let defaults = GenerateParameters::default();
        Self {
            size: size_of::<Self>(),
            max_tokens: defaults.max_tokens,
            temperature: defaults.temperature,
            top_p: defaults.top_p,
            top_k: defaults.top_k,
            min_p: defaults.min_p,
            repetition_penalty: defaults.repetition_penalty,
            repetition_context: defaults.repetition_context,
            prefill_step: defaults.prefill_step,
            seed: 0,
            has_seed: 0,
            stop: std::ptr::null(),
            stop_lengths: std::ptr::null(),
            stop_count: 0,
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
    /// readable bytes as its length says.
    unsafe fn into_owned(self) -> Result<GenerateParameters, Fault> {
        let seed = match self.has_seed {
            0 => None,
            1 => Some(self.seed),
            other => return Err(invalid(format!("has_seed is {other}, but must be 0 or 1"))),
        };
        Ok(GenerateParameters {
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            repetition_context: self.repetition_context,
            seed,
            // SAFETY: the caller's own promise.
            stop: unsafe { self.stop_texts() }?,
            prefill_step: self.prefill_step,
        })
    }

    /// # Safety
    /// That of [`Self::into_owned`].
    unsafe fn stop_texts(&self) -> Result<Vec<String>, Fault> {
        if self.stop_count == 0 {
            return Ok(Vec::new());
        }
        if self.stop_count > MOST_STOP_TEXTS {
            let count = self.stop_count;
            return Err(invalid(format!(
                "stop_count is {count}, but must be at most {MOST_STOP_TEXTS}"
            )));
        }
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

fn invalid(message: String) -> Fault {
    Fault::new(FaultKind::InvalidParameter, message)
}

/// The parameters that C passed; NULL stands for the defaults.
///
/// # Errors
/// A size that cannot be right, and what cannot be turned into owned values.
///
/// # Safety
/// `pointer` is NULL or has as many bytes as its `size` says, and its stop texts are as
/// [`hr_generate_parameters`] describes them.
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
mod tests {
    use super::*;

    fn owned(given: hr_generate_parameters) -> Result<GenerateParameters, FaultKind> {
        // SAFETY: the struct is whole, and the tests below point only to what they hold.
        unsafe { parameters_in(&given) }.map_err(|fault| fault.kind)
    }

    #[test]
    fn defaults_are_those_of_the_engine_with_and_without_a_struct() {
        assert_eq!(
            owned(hr_generate_parameters::default()).unwrap(),
            GenerateParameters::default()
        );
        // SAFETY: NULL is allowed.
        let absent = unsafe { parameters_in(std::ptr::null()) };
        assert_eq!(absent.unwrap(), GenerateParameters::default());
    }

    #[test]
    fn every_choice_arrives() {
        let (texts, lengths) = ([c"END".as_ptr(), c"\n\n".as_ptr()], [3, 2]);
        let given = hr_generate_parameters {
            size: size_of::<hr_generate_parameters>(),
            max_tokens: 1,
            temperature: 0.2,
            top_p: 0.3,
            top_k: 4,
            min_p: 0.5,
            repetition_penalty: 1.6,
            repetition_context: 7,
            prefill_step: 8,
            seed: 9,
            has_seed: 1,
            stop: texts.as_ptr(),
            stop_lengths: lengths.as_ptr(),
            stop_count: 2,
        };
        let expected = GenerateParameters {
            max_tokens: 1,
            temperature: 0.2,
            top_p: 0.3,
            top_k: 4,
            min_p: 0.5,
            repetition_penalty: 1.6,
            repetition_context: 7,
            prefill_step: 8,
            seed: Some(9),
            stop: vec!["END".to_owned(), "\n\n".to_owned()],
        };
        assert_eq!(owned(given).unwrap(), expected);
    }

    #[test]
    fn what_was_never_set_is_refused_before_it_is_read() {
        let given = hr_generate_parameters::default();
        let refused = |given| owned(given).unwrap_err();
        let cases = [
            (
                hr_generate_parameters {
                    has_seed: 2,
                    ..given
                },
                FaultKind::InvalidParameter,
            ),
            (
                hr_generate_parameters {
                    stop_count: usize::MAX,
                    ..given
                },
                FaultKind::InvalidParameter,
            ),
            (
                hr_generate_parameters {
                    stop_count: 1,
                    ..given
                },
                FaultKind::NullPointer,
            ),
            (
                hr_generate_parameters { size: 8, ..given },
                FaultKind::InvalidStructSize,
            ),
        ];
        for (given, kind) in cases {
            assert_eq!(refused(given), kind);
        }
    }
}
