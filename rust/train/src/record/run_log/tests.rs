use std::fs;

use proptest::prelude::*;

use super::*;
use crate::record::step_record::example::{evaluation, step};
use crate::record::{LastRecords, last_records, read_log};

fn log_of(steps: u64) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.jsonl");
    let mut log = RunLog::create(&path).unwrap();
    for number in 1..=steps {
        log.append_step(&step(number)).unwrap();
        if number % 2 == 0 {
            log.append_evaluation(&evaluation(number)).unwrap();
        }
    }
    (directory, path)
}

fn read(path: &Path) -> (Vec<Record>, u64) {
    let mut records = Vec::new();
    let unreadable = read_log(path, |record| records.push(record)).unwrap();
    (records, unreadable)
}

fn append_text(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn every_record_can_be_read_as_soon_as_it_is_written() {
    let (_directory, path) = log_of(2);
    let (records, unreadable) = read(&path);
    assert_eq!(unreadable, 0);
    assert_eq!(
        records,
        [
            Record::Step(step(1)),
            Record::Step(step(2)),
            Record::Evaluation(evaluation(2))
        ]
    );
}

#[test]
fn a_log_that_is_there_is_not_overwritten() {
    let (_directory, path) = log_of(1);
    let refused = RunLog::create(&path);
    assert!(matches!(refused, Err(RecordError::LogExists { .. })));
    assert_eq!(read(&path).0.len(), 1);
}

#[test]
fn resuming_drops_what_came_after_the_checkpoint() {
    let (_directory, path) = log_of(5);
    let mut log = RunLog::resume_at(&path, 4).unwrap();
    log.append_step(&step(50)).unwrap();
    let steps: Vec<_> = read(&path).0.iter().map(Record::step).collect();
    assert_eq!(steps, [1, 2, 2, 3, 4, 4, 50]);
}

#[test]
fn resuming_where_there_is_no_log_begins_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.jsonl");
    let mut log = RunLog::resume_at(&path, 7).unwrap();
    log.append_step(&step(8)).unwrap();
    assert_eq!(read(&path).0.len(), 1);
}

#[test]
fn a_torn_last_line_is_passed_over_and_dropped_by_who_resumes() {
    let (_directory, path) = log_of(3);
    append_text(&path, r#"{"kind":"step","step":4,"tok"#);
    assert_eq!((read(&path).0.len(), read(&path).1), (4, 1));
    let mut log = RunLog::resume_at(&path, 10).unwrap();
    log.append_step(&step(4)).unwrap();
    assert_eq!((read(&path).0.len(), read(&path).1), (5, 0));
}

#[test]
fn a_line_in_the_middle_that_is_none_of_ours_ends_nothing() {
    let (_directory, path) = log_of(1);
    append_text(&path, &format!("\0\0\n{}\n", "x".repeat(300_000)));
    let mut log = RunLog::resume_at(&path, 1).unwrap();
    log.append_step(&step(2)).unwrap();
    let (records, unreadable) = read(&path);
    assert_eq!((records.len(), unreadable), (2, 2));
}

#[test]
fn what_cannot_be_written_leaves_no_half_line() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let mut log = RunLog {
        path: full.to_owned(),
        file: OpenOptions::new().write(true).open(full).unwrap(),
        length_bytes: 0,
    };
    let error = log.append_step(&step(1)).unwrap_err().to_string();
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(log.length_bytes, 0);
}

#[test]
fn the_last_records_of_a_long_log_are_found_at_its_end() {
    let (_directory, path) = log_of(5001);
    append_text(&path, "{");
    let expected = LastRecords {
        step: Some(step(5001)),
        evaluation: Some(evaluation(5000)),
    };
    assert_eq!(last_records(&path).unwrap(), expected);
    let absent = last_records(&path.with_file_name("absent"));
    assert!(matches!(absent, Err(RecordError::NoLog { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.jsonl");
        fs::write(&path, bytes).unwrap();
        read_log(&path, |_| {}).unwrap();
        let mut log = RunLog::resume_at(&path, 1).unwrap();
        log.append_step(&step(1)).unwrap();
        prop_assert_eq!(last_records(&path).unwrap().step, Some(step(1)));
    }
}
