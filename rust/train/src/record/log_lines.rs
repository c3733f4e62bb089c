//! Reading a log line by line: bounded, and never put off by a line that was torn.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::RecordError;
use super::step_record::{EvaluationRecord, Record, StepRecord};

/// Longer lines are none of ours.
const LINE_LIMIT_BYTES: u64 = 1 << 16;

/// A line of a log, and where in the file it ends.
pub(super) struct Line {
    /// `None` where it cannot be read.
    pub(super) record: Option<Record>,
    pub(super) end: u64,
    /// Whether a line feed ends it; without, it is torn.
    pub(super) is_whole: bool,
}

/// The lines of a log in their order.
pub(super) struct Lines<R> {
    reader: R,
    offset: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_LIMIT_BYTES);
        let mut length = limited.read_until(b'\n', &mut text)? as u64;
        if length == 0 {
            return Ok(None);
        }
        let mut is_whole = text.ends_with(b"\n");
        if !is_whole && length == LINE_LIMIT_BYTES {
            text.clear();
            length += self.skip_line(&mut is_whole)?;
        }
        self.offset = self.offset.saturating_add(length);
        Ok(Some(Line {
            record: serde_json::from_slice(&text).ok(),
            end: self.offset,
            is_whole,
        }))
    }

    /// Passes over the rest of a line and gives its length.
    fn skip_line(&mut self, is_whole: &mut bool) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let there = self.reader.fill_buf()?;
            let feed = there.iter().position(|&byte| byte == b'\n');
            let length = feed.map_or(there.len(), |at| at + 1);
            *is_whole = feed.is_some();
            let is_over = feed.is_some() || there.is_empty();
            self.reader.consume(length);
            skipped += length as u64;
            if is_over {
                return Ok(skipped);
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        self.read().transpose()
    }
}

/// Hands every record of a log to `take`, in order, one at a time. Lines that cannot be read, such as a
/// torn last one, are passed over; their number is given.
///
/// # Errors
/// When there is no log or it cannot be read.
pub fn read_log(path: &Path, mut take: impl FnMut(Record)) -> Result<u64, RecordError> {
    let mut unreadable = 0;
    for line in Lines::new(BufReader::new(open(path)?)) {
        match line.map_err(not_read(path))?.record {
            Some(record) => take(record),
            None => unreadable += 1,
        }
    }
    Ok(unreadable)
}

/// The newest records of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastRecords {
    /// The last step.
    pub step: Option<StepRecord>,
    /// The last evaluation, if it is not long ago.
    pub evaluation: Option<EvaluationRecord>,
}

/// Looks at the end of a log only, so that a long one costs no more than a short one.
///
/// # Errors
/// When there is no log or it cannot be read.
pub fn last_records(path: &Path) -> Result<LastRecords, RecordError> {
    const END_BYTES: u64 = 1 << 20;
    let mut file = open(path)?;
    let length = file.seek(SeekFrom::End(0)).map_err(not_read(path))?;
    let start = SeekFrom::Start(length.saturating_sub(END_BYTES));
    file.seek(start).map_err(not_read(path))?;
    let mut last = LastRecords::default();
    for line in Lines::new(BufReader::new(file.take(END_BYTES))) {
        match line.map_err(not_read(path))?.record {
            Some(Record::Step(record)) => last.step = Some(record),
            Some(Record::Evaluation(record)) => last.evaluation = Some(record),
            None => {}
        }
    }
    Ok(last)
}

fn open(path: &Path) -> Result<File, RecordError> {
    File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => RecordError::NoLog {
            path: path.to_owned(),
        },
        _ => not_read(path)(error),
    })
}

pub(super) fn not_read(path: &Path) -> impl Fn(io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError::Io {
        action: "read",
        path: path.clone(),
        source,
        advice: "check that it is a file that may be read",
    }
}
