//! Where rows come from.

use serde_json::Value;

use crate::data::{Row, SkippedShards, TrainingRows, ValidationRows};
use crate::error::TrainError;

/// Endless rows whose order can be taken up again.
pub trait RowSource {
    /// The next row, waited for unless `wants_stop`.
    ///
    /// # Errors
    /// [`TrainError::Stopped`], or when there is none to be had.
    fn next_row(&mut self, wants_stop: &dyn Fn() -> bool) -> Result<Row, TrainError>;

    /// Where the next row begins, as checkpoints keep it.
    fn cursor(&self) -> Value;

    /// What could not be read and was left out.
    fn skipped(&self) -> SkippedShards;
}

impl RowSource for TrainingRows {
    fn next_row(&mut self, wants_stop: &dyn Fn() -> bool) -> Result<Row, TrainError> {
        Ok(self.next_row_unless(wants_stop)?)
    }

    fn cursor(&self) -> Value {
        // A cursor is numbers and strings, which JSON always takes.
        serde_json::to_value(Self::cursor(self)).unwrap_or_default()
    }

    fn skipped(&self) -> SkippedShards {
        Self::skipped(self)
    }
}

/// What is predicted and never trained on.
pub(crate) type HeldOut = ValidationRows;
