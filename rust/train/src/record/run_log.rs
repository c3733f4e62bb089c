//! The log of a run, a record a line, written as the run goes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::log_lines::{Lines, not_read};
use super::step_record::{EvaluationRecord, Record, StepRecord};

/// A log that is being written. Every line is in the file when its call returns.
#[derive(Debug)]
pub struct RunLog {
    path: PathBuf,
    file: File,
    length_bytes: u64,
}

impl RunLog {
    /// Begins a log at `path`.
    ///
    /// # Errors
    /// When one lies there, or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => RecordError::LogExists {
                path: path.to_owned(),
            },
            _ => not_written(path, error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length_bytes: 0,
        })
    }

    /// Goes on with the log at `path` after that step: what came later, and a torn last line, is
    /// dropped. Where there is none, one begins.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn resume_at(path: &Path, step: u64) -> Result<Self, RecordError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options
            .open(path)
            .map_err(|error| not_written(path, error))?;
        let length_bytes = length_until(&file, step).map_err(not_read(path))?;
        cut(&mut file, length_bytes).map_err(|error| not_written(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length_bytes,
        })
    }

    /// Writes down a step.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it stays then.
    pub fn append_step(&mut self, record: &StepRecord) -> Result<(), RecordError> {
        self.append(&Record::Step(record.clone()))
    }

    /// Writes down an evaluation.
    ///
    /// # Errors
    /// As [`Self::append_step`].
    pub fn append_evaluation(&mut self, record: &EvaluationRecord) -> Result<(), RecordError> {
        self.append(&Record::Evaluation(*record))
    }

    /// Sees to it that all lines outlast a power cut; for the moment before a checkpoint.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), RecordError> {
        let synced = self.file.sync_data();
        synced.map_err(|error| not_written(&self.path, error))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, record: &Record) -> Result<(), RecordError> {
        let written = serde_json::to_string(record).map_err(io::Error::from);
        let written = written.map(|line| line + "\n").and_then(|line| {
            self.file.write_all(line.as_bytes())?;
            Ok(line.len() as u64)
        });
        match written {
            Ok(bytes) => {
                self.length_bytes = self.length_bytes.saturating_add(bytes);
                Ok(())
            }
            Err(error) => {
                // Half a line would spoil the next one.
                drop(cut(&mut self.file, self.length_bytes));
                Err(not_written(&self.path, error))
            }
        }
    }
}

/// Where the last whole line ends that is of that step or an earlier one.
fn length_until(file: &File, step: u64) -> io::Result<u64> {
    let mut end = 0;
    for line in Lines::new(BufReader::new(file)) {
        let line = line?;
        let is_later = line.record.is_some_and(|record| record.step() > step);
        if is_later || !line.is_whole {
            break;
        }
        end = line.end;
    }
    Ok(end)
}

fn cut(file: &mut File, length_bytes: u64) -> io::Result<()> {
    file.set_len(length_bytes)?;
    file.seek(SeekFrom::Start(length_bytes))?;
    Ok(())
}

fn not_written(path: &Path, source: io::Error) -> RecordError {
    RecordError::Io {
        action: "write",
        path: path.to_owned(),
        source,
        advice: "free some space, or give an output that this user may write",
    }
}

#[cfg(test)]
mod tests;
