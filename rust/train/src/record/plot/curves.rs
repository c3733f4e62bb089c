//! The curves of a run, taken from its log line by line.

use std::path::Path;

use crate::record::error::RecordError;
use crate::record::log_lines::read_log;
use crate::record::step_record::{EvaluationRecord, Record, StepRecord};
use crate::record::thinned::ThinnedCurve;

/// Stretches of a curve: about one for each pixel, or two.
const STRETCHES: usize = 800;

/// Every curve that is plotted, over the steps.
pub(super) struct RunCurves {
    pub(super) training_loss: ThinnedCurve,
    pub(super) validation_loss: ThinnedCurve,
    pub(super) bits_per_byte: ThinnedCurve,
    pub(super) learning_rate: ThinnedCurve,
    pub(super) footprint: ThinnedCurve,
    pub(super) active: ThinnedCurve,
    pub(super) cache: ThinnedCurve,
    pub(super) peak: ThinnedCurve,
    pub(super) budget: ThinnedCurve,
    pub(super) last_step: u64,
    pub(super) not_numbers: NotNumbers,
    pub(super) unreadable_lines: u64,
}

/// Steps whose loss was no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NotNumbers {
    pub(super) count: u64,
    pub(super) first_step: Option<u64>,
}

impl RunCurves {
    /// # Errors
    /// When the log cannot be read or has no step.
    pub(super) fn read(log: &Path) -> Result<Self, RecordError> {
        let mut curves = Self::new();
        let mut steps = 0u64;
        curves.unreadable_lines = read_log(log, |record| match record {
            Record::Step(record) => {
                steps += 1;
                curves.add_step(&record);
            }
            Record::Evaluation(record) => curves.add_evaluation(&record),
        })?;
        match steps {
            0 => Err(RecordError::NoSteps {
                path: log.to_owned(),
            }),
            _ => Ok(curves),
        }
    }

    fn new() -> Self {
        let curve = || ThinnedCurve::new(STRETCHES);
        Self {
            training_loss: curve(),
            validation_loss: curve(),
            bits_per_byte: curve(),
            learning_rate: curve(),
            footprint: curve(),
            active: curve(),
            cache: curve(),
            peak: curve(),
            budget: curve(),
            last_step: 0,
            not_numbers: NotNumbers::default(),
            unreadable_lines: 0,
        }
    }

    fn add_step(&mut self, record: &StepRecord) {
        let x = record.step as f64;
        self.last_step = self.last_step.max(record.step);
        if !record.loss.is_finite() {
            self.not_numbers.count += 1;
            self.not_numbers.first_step.get_or_insert(record.step);
        }
        self.training_loss.push(x, record.loss);
        self.learning_rate.push(x, record.learning_rate);
        self.active.push(x, record.active_bytes as f64);
        self.cache.push(x, record.cache_bytes as f64);
        self.peak.push(x, record.peak_bytes as f64);
        if let Some(bytes) = record.footprint_bytes {
            self.footprint.push(x, bytes as f64);
        }
        if let Some(bytes) = record.budget_bytes {
            self.budget.push(x, bytes as f64);
        }
    }

    fn add_evaluation(&mut self, record: &EvaluationRecord) {
        let x = record.step as f64;
        self.validation_loss.push(x, record.loss);
        self.bits_per_byte.push(x, record.bits_per_byte);
    }
}
