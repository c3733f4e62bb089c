//! Shards that come from a hub and go again give the rows that they give on the disk.

#[path = "../../hub/tests/support/mod.rs"]
mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use headroom_hub::RepositoryId;
use headroom_train::data::{
    Content, DataCursor, DataError, DataSettings, DataSource, Row, TrainingRows, ValidationRows,
};
use headroom_train::tokenizer::TrainingTokenizer;
use headroom_train::tokenizer_learning::{TokenizerRequest, train_tokenizer};
use support::Workplace;
use support::hub_server::{HubServer, Reply, Request, range};
use support::model_files::{COMMIT, ModelFiles};

/// Shards that may lie on the disk, of the six that there are.
const MOST: usize = 3;
/// Rows of more than two epochs.
const ROWS: usize = 150;

static TOKENIZER: LazyLock<Arc<TrainingTokenizer>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    write_locally(&shards(), folder.path());
    let output = folder.path().join("tokenizer");
    let request = TokenizerRequest {
        data: local(folder.path()),
        vocabulary_size: 300,
        most_text_bytes: None,
    };
    train_tokenizer(&request, &output, &mut |_| ControlFlow::Continue(())).unwrap();
    Arc::new(TrainingTokenizer::read(&output).unwrap())
});

fn shards() -> ModelFiles {
    const NAMES: [&str; 6] = [
        "0.jsonl", "1.jsonl", "2.jsonl", "3.jsonl", "4.jsonl", "5.jsonl",
    ];
    let line = |shard: &str, number: usize| {
        let text = format!("document {number} of shard {shard}");
        serde_json::json!({ "text": text }).to_string() + "\n"
    };
    let bytes = |shard| (0..8).map(|number| line(shard, number)).collect::<String>();
    let files = NAMES.map(|name| (name, bytes(name).into_bytes()));
    ModelFiles {
        files: files.to_vec(),
    }
}

fn write_locally(files: &ModelFiles, directory: &Path) {
    for (name, bytes) in &files.files {
        std::fs::write(directory.join(name), bytes).unwrap();
    }
}

fn file_of(request: &Request) -> Option<&str> {
    let prefix = format!("/datasets/owner/name/resolve/{COMMIT}/");
    request.target.strip_prefix(&prefix)
}

fn honest(files: &ModelFiles, request: &Request) -> Reply {
    match file_of(request) {
        Some(name) => range(files.bytes(name), request.from_byte),
        None => Reply::new(200, files.listing().to_string()),
    }
}

/// A hub that answers for some files in its own way.
fn server(answer: impl Fn(&str, &Request) -> Option<Reply> + Send + Sync + 'static) -> HubServer {
    let files = shards();
    HubServer::start(move |request| {
        let own = file_of(request).and_then(|name| answer(name, request));
        own.unwrap_or_else(|| honest(&files, request))
    })
}

fn settings(source: DataSource) -> DataSettings {
    DataSettings {
        context: 24,
        max_cached_shards: MOST,
        ..DataSettings::new(source, Content::Text)
    }
}

fn local(directory: &Path) -> DataSettings {
    settings(DataSource::Local(directory.to_owned()))
}

fn remote(workplace: &Workplace) -> DataSettings {
    settings(DataSource::Hub {
        repository: RepositoryId::dataset("owner/name").unwrap(),
        settings: workplace.settings.clone(),
    })
}

fn open(settings: &DataSettings, from: Option<&DataCursor>) -> TrainingRows {
    TrainingRows::open(settings, Arc::clone(&TOKENIZER), from).unwrap()
}

fn rows(source: &mut TrainingRows, count: usize) -> Vec<Row> {
    (0..count).map(|_| source.next_row().unwrap()).collect()
}

fn rows_on_the_disk(files: &ModelFiles) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    write_locally(files, folder.path());
    rows(&mut open(&local(folder.path()), None), ROWS)
}

/// The tokens that go into the rows of the first epoch, sorted.
fn sorted_epoch(source: &mut TrainingRows) -> Vec<Vec<u32>> {
    let mut inputs = Vec::new();
    loop {
        let row = source.next_row().unwrap();
        if source.cursor().epoch > 0 {
            inputs.sort();
            return inputs;
        }
        inputs.push(row.inputs);
    }
}

/// Whole shards and parts of shards in the cache.
fn cached(workplace: &Workplace) -> usize {
    let entries = workplace.cache_entries();
    entries
        .iter()
        .filter(|name| name.contains("/blobs/"))
        .count()
}

#[test]
fn streamed_rows_are_those_of_the_same_files_and_few_shards_lie_on_the_disk() {
    let server = server(|_, _| None);
    let workplace = Workplace::new(&server);
    let settings = remote(&workplace);
    let validation = ValidationRows::open(&settings, Arc::clone(&TOKENIZER), u64::MAX).unwrap();
    assert!(validation.rows().count() > 0);
    let mut source = open(&settings, None);
    for row in rows_on_the_disk(&shards()) {
        assert_eq!(source.next_row().unwrap(), row);
        assert!(
            cached(&workplace) <= MOST,
            "{:?}",
            workplace.cache_entries()
        );
    }
    assert!(source.cursor().epoch >= 2, "shards went and came again");
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.target.clone())
        .collect();
    let validating = asked
        .iter()
        .filter(|target| target.ends_with("5.jsonl"))
        .count();
    assert_eq!(validating, 1, "what validates stays");
}

#[test]
fn a_stopped_run_goes_on_from_its_cursor_and_keeps_to_the_bound() {
    let workplace = Workplace::new(&server(|_, _| None));
    let settings = remote(&workplace);
    let expected = rows_on_the_disk(&shards());
    for stop in [0, 1, 17, 60] {
        let mut source = open(&settings, None);
        rows(&mut source, stop);
        let cursor = source.cursor();
        drop(source);
        let mut resumed = open(&settings, Some(&cursor));
        let more = rows(&mut resumed, 40);
        assert_eq!(more, expected[stop..stop + 40], "{stop}");
        assert!(cached(&workplace) <= MOST);
    }
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    let files = shards();
    let server = server(move |name, request| {
        (request.times_before == 0).then(|| honest(&files, request).cut_after(name.len() * 20))
    });
    let workplace = Workplace::new(&server);
    let mut source = open(&remote(&workplace), None);
    assert_eq!(rows(&mut source, ROWS), rows_on_the_disk(&shards()));
    assert_eq!(source.skipped(), Default::default());
}

#[test]
fn a_shard_that_is_missing_or_another_than_announced_is_left_out_or_refused() {
    let server = server(|name, request| match name {
        "1.jsonl" => Some(Reply::new(404, "not here")),
        "2.jsonl" => {
            let mut bytes = shards().bytes(name).to_vec();
            bytes[3] ^= 1;
            Some(range(&bytes, request.from_byte))
        }
        _ => None,
    });
    let workplace = Workplace::new(&server);
    let mut settings = remote(&workplace);
    let mut source = open(&settings, None);
    let without = |name: &&(&str, Vec<u8>)| !["1.jsonl", "2.jsonl"].contains(&name.0);
    let files = ModelFiles {
        files: shards().files.iter().filter(without).cloned().collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    write_locally(&files, folder.path());
    // The number of a shard in its list decides the order of its rows.
    let expected = sorted_epoch(&mut open(&local(folder.path()), None));
    assert_eq!(sorted_epoch(&mut source), expected);
    let skipped = source.skipped();
    assert!(skipped.shards >= 2);
    let reasons = skipped.latest_reasons.join("\n");
    assert!(
        reasons.contains("1.jsonl: the hub has no 1.jsonl"),
        "{reasons}"
    );
    assert!(
        reasons.contains("2.jsonl: 2.jsonl arrived with another checksum"),
        "{reasons}"
    );
    drop(source);
    settings.is_strict = true;
    let mut source = open(&settings, None);
    let refusal = std::iter::repeat_with(|| source.next_row()).find_map(Result::err);
    assert!(matches!(refusal, Some(DataError::Shard { shard, .. }) if shard == "1.jsonl"));
}

#[test]
fn a_hub_without_any_shard_is_an_error_and_no_endless_search() {
    let server = server(|_, _| Some(Reply::new(404, "not here")));
    let workplace = Workplace::new(&server);
    let refusal = open(&remote(&workplace), None).next_row().unwrap_err();
    assert!(matches!(refusal, DataError::Empty { .. }), "{refusal}");
}

#[test]
fn a_hub_that_fails_is_no_missing_shard() {
    let server = server(|_, _| Some(Reply::new(503, "")));
    let workplace = Workplace::new(&server);
    let refusal = open(&remote(&workplace), None).next_row().unwrap_err();
    assert!(matches!(refusal, DataError::Hub(_)), "{refusal}");
}

#[test]
fn a_hub_that_falls_silent_keeps_nobody_from_leaving() {
    let files = shards();
    let server = server(move |_, request| Some(honest(&files, request).silent_after(50)));
    let workplace = Workplace::new(&server);
    // Either would wait for a minute if it waited for the hub.
    let mut source = open(&remote(&workplace), None);
    let stopped = source.next_row_unless(&|| true);
    assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    drop(source);
}

#[test]
fn a_repository_with_a_single_shard_is_refused() {
    let mut files = shards();
    files.files.truncate(1);
    let workplace = Workplace::new(&HubServer::start(move |request| honest(&files, request)));
    let opened = TrainingRows::open(&remote(&workplace), Arc::clone(&TOKENIZER), None);
    assert!(matches!(
        opened.err(),
        Some(DataError::OneRemoteShard { .. })
    ));
}
