//! The loop.

use std::path::{Path, PathBuf};
use std::time::Instant;

use headroom_memory::peak_footprint_bytes;
use headroom_mlx::allocator;
use serde_json::Value;

use crate::checkpoint::{CheckpointStore, publish};
use crate::data::{Row, SkippedShards};
use crate::error::TrainError;
use crate::record::{EvaluationRecord, GrowthDetector, RunLog, StepRecord, plot};
use crate::run::config::RunConfig;
use crate::run::events::{Observer, Outcome, TrainingEvent};
use crate::run::guard::Guard;
use crate::run::memory_use::used_bytes;
use crate::run::saving::Surroundings;
use crate::run::source::{HeldOut, RowSource};
use crate::run::training::Training;

/// What a loop is told.
pub(crate) struct RunSettings {
    /// Rows of a step.
    pub(crate) rows_per_step: usize,
    /// Steps of the whole run.
    pub(crate) steps: u64,
    pub(crate) config: RunConfig,
    /// All settings, also those of the kind of run, flat, as checkpoints keep them.
    pub(crate) configuration: Value,
    pub(crate) tokenizer: PathBuf,
}

/// Steps in which buffers find their sizes.
const WARM_UP_STEPS: u64 = 20;

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) training: Training,
    pub(crate) rows: Box<dyn RowSource>,
    pub(crate) held_out: Option<HeldOut>,
    pub(crate) store: CheckpointStore,
    pub(crate) log: RunLog,
    pub(crate) settings: RunSettings,
    pub(crate) observer: &'a mut dyn Observer,
}

/// What the loop remembers from step to step.
struct Progress {
    growth: GrowthDetector,
    skipped: SkippedShards,
    loss: Option<f64>,
    evaluation: Option<EvaluationRecord>,
    /// Steps that the newest checkpoint has behind it.
    saved_step: Option<u64>,
    /// Where the next step's rows begin.
    cursor: Value,
}

impl Run<'_> {
    /// Trains to the end, or until it is to stop; either way what is finished has been saved.
    ///
    /// # Errors
    /// Whatever ends the run early. Then, too, the last checkpoint stands.
    pub(crate) fn run(mut self, resumed_at: Option<u64>) -> Result<Outcome, TrainError> {
        let mut progress = Progress {
            growth: GrowthDetector::new(WARM_UP_STEPS),
            skipped: SkippedShards::default(),
            loss: None,
            evaluation: None,
            saved_step: resumed_at,
            cursor: self.rows.cursor(),
        };
        let is_through = match self.steps(&mut progress) {
            Ok(()) => true,
            Err(TrainError::Stopped) => false,
            Err(error) => {
                self.save_what_is_whole(&mut progress);
                return Err(error);
            }
        };
        let saved = self.save(&mut progress)?;
        self.log.sync()?;
        self.draw();
        if let Some(growth) = progress.growth.report() {
            self.note(growth.to_string());
        }
        let model = is_through
            .then(|| self.publish(saved))
            .transpose()?
            .flatten();
        Ok(Outcome {
            steps: self.training.optimizer.step,
            all_steps: self.settings.steps,
            tokens: self.training.tokens,
            loss: progress.loss,
            evaluation: progress.evaluation,
            peak_footprint_bytes: peak_footprint_bytes(),
            model,
        })
    }

    fn steps(&mut self, progress: &mut Progress) -> Result<(), TrainError> {
        let done = |run: &Self| run.training.optimizer.step;
        while done(self) < self.settings.steps {
            self.step(progress)?;
            let step = done(self);
            let is_last = step == self.settings.steps;
            let is_due = |every: u64| every > 0 && (is_last || step.is_multiple_of(every));
            if is_due(self.settings.config.eval_every) {
                self.evaluate(progress)?;
            }
            if is_due(self.settings.config.save_every) || is_last {
                self.save(progress)?;
            }
            self.tell_skipped(progress);
        }
        Ok(())
    }

    fn step(&mut self, progress: &mut Progress) -> Result<(), TrainError> {
        let begun = Instant::now();
        let wants_stop = || self.observer.wants_stop();
        let rows = (0..self.settings.rows_per_step).map(|_| self.rows.next_row(&wants_stop));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let waited = begun.elapsed().as_secs_f64();
        let record = self.in_pieces_that_fit(|run| run.step_over(&rows, begun, waited))?;
        self.took(record, progress)
    }

    /// Does `work`, and does it again in smaller pieces as long as memory runs short and there are any.
    fn in_pieces_that_fit<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        loop {
            allocator::reset_peak()?;
            match work(self) {
                Err(error @ TrainError::OverBudget { .. }) => self.cut_smaller(error)?,
                done => return done,
            }
        }
    }

    /// Goes on with a smaller plan, or ends with the error that asked for one.
    fn cut_smaller(&mut self, error: TrainError) -> Result<(), TrainError> {
        let TrainError::OverBudget {
            used_bytes,
            limit_bytes,
            ..
        } = error
        else {
            return Err(error);
        };
        if !self.training.shrink() {
            return Err(error);
        }
        self.note(format!(
            "memory ran short: {used_bytes} were used and {limit_bytes} may be; the work is done again in smaller pieces"
        ));
        self.observer
            .happened(TrainingEvent::Planned(self.training.plan()));
        Ok(())
    }

    /// `waited` is the part of the time since `begun` that went by until there were `rows`.
    fn step_over(
        &mut self,
        rows: &[Row],
        begun: Instant,
        waited: f64,
    ) -> Result<StepRecord, TrainError> {
        let Self {
            training, observer, ..
        } = self;
        let memory = training.memory();
        let mut guard = Guard::new(&**observer, memory);
        guard.waited(waited);
        let (sums, loss) = training.accumulate(rows, &mut guard)?;
        let Some(mean) = loss.mean() else {
            return Err(TrainError::NothingCounts {
                step: training.optimizer.step,
            });
        };
        let update = training.update(sums, loss.tokens, &mut || guard.during_update())?;
        let tokens = rows.iter().map(|row| row.inputs.len() as u64).sum::<u64>();
        training.tokens += tokens;
        let seconds = begun.elapsed().as_secs_f64();
        let found = memory.look()?;
        let figures = allocator::read()?;
        Ok(StepRecord {
            step: training.optimizer.step,
            tokens: training.tokens,
            loss: mean,
            bits_per_byte: None,
            learning_rate: update.rate_share,
            gradient_norm: update.gradient_norm,
            seconds,
            tokens_per_second: tokens as f64 / seconds,
            footprint_bytes: used_bytes(),
            budget_bytes: found.map(|found| found.limit_bytes),
            phases: guard.phases(),
            active_bytes: figures.active_bytes,
            cache_bytes: figures.cache_bytes,
            peak_bytes: figures.peak_bytes,
        })
    }

    fn took(&mut self, record: StepRecord, progress: &mut Progress) -> Result<(), TrainError> {
        progress.cursor = self.rows.cursor();
        progress.loss = Some(record.loss);
        let figures = (
            record.active_bytes,
            record.cache_bytes,
            record.footprint_bytes,
        );
        progress
            .growth
            .observe(record.step, figures.0, figures.1, figures.2);
        self.log.append_step(&record)?;
        self.observer.happened(TrainingEvent::Step(&record));
        Ok(())
    }

    fn evaluate(&mut self, progress: &mut Progress) -> Result<(), TrainError> {
        let record = self.in_pieces_that_fit(|run| {
            let Some(held_out) = &run.held_out else {
                return Ok(None);
            };
            held_out.make_ready(&|| run.observer.wants_stop())?;
            let mut guard = Guard::new(&*run.observer, run.training.memory());
            run.training.evaluate(held_out, &mut guard).map(Some)
        })?;
        let Some(record) = record else {
            return Ok(());
        };
        self.log.append_evaluation(&record)?;
        self.observer.happened(TrainingEvent::Evaluated(&record));
        progress.evaluation = Some(record);
        Ok(())
    }

    /// Saves, unless this very step is saved; where the newest checkpoint lies.
    fn save(&mut self, progress: &mut Progress) -> Result<Option<PathBuf>, TrainError> {
        let step = self.training.optimizer.step;
        if progress.saved_step == Some(step) || step == 0 {
            return Ok(None);
        }
        self.log.sync()?;
        let saved = self.training.save(
            &mut self.store,
            &Surroundings {
                cursor: progress.cursor.clone(),
                configuration: &self.settings.configuration,
                tokenizer: &self.settings.tokenizer,
                seed: self.settings.config.seed,
            },
        )?;
        progress.saved_step = Some(step);
        self.observer.happened(TrainingEvent::Saved(&saved));
        Ok(Some(saved))
    }

    /// Saves the steps before whatever ended the run. If that fails too, the error before it is told.
    fn save_what_is_whole(&mut self, progress: &mut Progress) {
        if self.training.is_whole {
            drop(self.save(progress));
        }
    }

    /// Makes the output a model's directory.
    fn publish(&mut self, saved: Option<PathBuf>) -> Result<Option<PathBuf>, TrainError> {
        let newest = match saved {
            Some(saved) => Some(saved),
            None => self
                .store
                .latest()?
                .checkpoint
                .map(|found| found.directory().to_owned()),
        };
        let output: &Path = &self.settings.config.output;
        if let Some(newest) = &newest {
            publish(newest, output)?;
        }
        Ok(newest.map(|_| output.to_owned()))
    }

    fn tell_skipped(&mut self, progress: &mut Progress) {
        let skipped = self.rows.skipped();
        if skipped == progress.skipped {
            return;
        }
        self.observer.happened(TrainingEvent::Skipped(&skipped));
        progress.skipped = skipped;
    }

    /// Plots beside the log. A run without them is no worse, so that a failure is only told.
    fn draw(&mut self) {
        if let Err(error) = plot(self.log.path(), &self.settings.config.output) {
            self.note(error.to_string());
        }
    }

    fn note(&mut self, sentence: String) {
        self.observer.happened(TrainingEvent::Note(sentence));
    }
}
