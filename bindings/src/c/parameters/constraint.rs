//! What an answer must look like, as C says it.

use headroom_engine::OutputConstraint;

use super::{hr_generate_parameters, invalid};
use crate::c::text::text_in;
use crate::fault::Fault;

/// The answer may be any text.
pub const HR_CONSTRAINT_NONE: u32 = 0;

/// The answer is JSON that the schema in `constraint` accepts.
pub const HR_CONSTRAINT_JSON_SCHEMA: u32 = 1;

/// The answer matches the regular expression in `constraint` from its beginning to its end.
pub const HR_CONSTRAINT_REGEX: u32 = 2;

impl hr_generate_parameters {
    /// # Safety
    /// `constraint` is NULL or has `constraint_length` readable bytes.
    pub(super) unsafe fn output_constraint(&self) -> Result<Option<OutputConstraint>, Fault> {
        if self.constraint_kind == HR_CONSTRAINT_NONE {
            return Ok(None);
        }
        // SAFETY: the caller's own promise.
        let text = unsafe { text_in(self.constraint, self.constraint_length, "constraint") }?;
        match self.constraint_kind {
            HR_CONSTRAINT_JSON_SCHEMA => Ok(Some(OutputConstraint::JsonSchema(text))),
            HR_CONSTRAINT_REGEX => Ok(Some(OutputConstraint::Regex(text))),
            other => Err(invalid(format!(
                "constraint_kind is {other}, but must be one of HR_CONSTRAINT_NONE, \
                 HR_CONSTRAINT_JSON_SCHEMA and HR_CONSTRAINT_REGEX"
            ))),
        }
    }
}
