//! Biases for single tokens, as C lists them.

use std::collections::BTreeMap;

use super::{at_most, hr_generate_parameters};
use crate::c::output::null;
use crate::fault::Fault;

/// What is added to the logit of one token. It never changes its size, for hosts hold arrays of it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_token_bias {
    /// The token's id, below the model's `vocabulary_size`.
    pub token: u32,
    /// From -100 to 100.
    pub bias: f32,
}

/// More biases than any vocabulary has tokens: a `logit_bias_count` beyond it was never set.
const MOST_BIASES: usize = 1 << 20;

impl hr_generate_parameters {
    /// # Safety
    /// `logit_bias` is NULL or has `logit_bias_count` entries.
    pub(super) unsafe fn biases(&self) -> Result<BTreeMap<u32, f32>, Fault> {
        if self.logit_bias_count == 0 {
            return Ok(BTreeMap::new());
        }
        at_most("logit_bias_count", self.logit_bias_count, MOST_BIASES)?;
        if self.logit_bias.is_null() {
            return Err(null("logit_bias"));
        }
        let biases = (0..self.logit_bias_count).map(|index| {
            // SAFETY: `index` is below the count that the caller promised.
            let one = unsafe { self.logit_bias.add(index).read_unaligned() };
            (one.token, one.bias)
        });
        Ok(biases.collect())
    }
}
