//! How well a model in training predicts what it is not trained on.

use std::time::Instant;

use crate::data::{Row, ValidationRow};
use crate::error::TrainError;
use crate::model::Watch;
use crate::record::EvaluationRecord;
use crate::run::source::HeldOut;
use crate::run::training::Training;

/// Sums over rows.
#[derive(Default)]
struct Sums {
    nats: f64,
    tokens: u64,
    bytes: u64,
}

impl Training {
    /// Predicts all held-out rows.
    ///
    /// # Errors
    /// When rows cannot be read, MLX fails, or `watch` ends it.
    pub(crate) fn evaluate(
        &self,
        held_out: &HeldOut,
        watch: &mut dyn Watch,
    ) -> Result<EvaluationRecord, TrainError> {
        let begun = Instant::now();
        let weights = self.seen()?;
        let mut sums = Sums::default();
        let mut add = |rows| sums.add(rows, |rows| self.nats(&weights, rows, watch));
        let mut waiting = Vec::with_capacity(self.plan().rows);
        for row in held_out.rows() {
            waiting.push(row?);
            if waiting.len() == self.plan().rows {
                add(std::mem::take(&mut waiting))?;
            }
        }
        if !waiting.is_empty() {
            add(waiting)?;
        }
        Ok(EvaluationRecord {
            step: self.optimizer.step,
            bits_per_byte: sums.nats / std::f64::consts::LN_2 / sums.bytes as f64,
            loss: sums.nats / sums.tokens as f64,
            tokens: sums.tokens,
            bytes: sums.bytes,
            seconds: begun.elapsed().as_secs_f64(),
            peak_bytes: None,
        })
    }
}

impl Sums {
    fn add(
        &mut self,
        rows: Vec<ValidationRow>,
        nats: impl FnOnce(Vec<Row>) -> Result<Vec<f32>, TrainError>,
    ) -> Result<(), TrainError> {
        self.bytes += rows.iter().map(|row| row.bytes).sum::<u64>();
        let rows: Vec<_> = rows.into_iter().map(|row| row.row).collect();
        let counted = rows.iter().flat_map(|row| &row.counted);
        self.tokens += counted.filter(|&&counts| counts).count() as u64;
        self.nats += nats(rows)?.into_iter().map(f64::from).sum::<f64>();
        Ok(())
    }
}
