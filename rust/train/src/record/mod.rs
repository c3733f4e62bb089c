//! What a run did: its log, its plots, and whether its memory grows.
//!
//! Plain values and files: nothing here knows MLX.

mod error;
mod growth;
mod log_lines;
pub mod plot;
mod profile;
mod run_log;
mod running;
mod step_record;
mod thinned;

pub use error::RecordError;
pub use growth::{FigureGrowth, GrowthDetector, GrowthReport, MemoryFigure, Trend};
pub use log_lines::{LastRecords, last_records, read_log};
pub use plot::plot;
pub use profile::{PhaseProfile, Profile};
pub use run_log::RunLog;
pub use running::{RunningMarker, RunningRun, running_run};
pub use step_record::{EvaluationRecord, Phase, PhaseCost, Record, StepRecord};

/// The file of a run's output that has a record on each line.
pub const LOG_FILE: &str = "log.jsonl";
