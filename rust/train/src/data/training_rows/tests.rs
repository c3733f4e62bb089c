use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::{Content, DataSource, ValidationRows};
use crate::tokenizer_learning::tests::small_tokenizer;

fn settings(path: &Path) -> DataSettings {
    DataSettings {
        context: 16,
        ..DataSettings::new(DataSource::Local(path.to_owned()), Content::Text)
    }
}

/// Three shards of many short and some long documents; the last one validates.
fn shards() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for shard in 0..3 {
        let document = |number: usize| {
            let text = format!("shard {shard} document {number} ").repeat(number % 5 + 1);
            serde_json::json!({ "text": text }).to_string() + "\n"
        };
        let text: String = (0..40 + shard).map(document).collect();
        fs::write(folder.path().join(format!("{shard}.jsonl")), text).unwrap();
    }
    folder
}

fn open(settings: &DataSettings, from: Option<&DataCursor>) -> TrainingRows {
    TrainingRows::open(settings, Arc::new(small_tokenizer()), from).unwrap()
}

fn rows(rows: &mut TrainingRows, count: usize) -> Vec<Row> {
    (0..count).map(|_| rows.next_row().unwrap()).collect()
}

/// The rows of one epoch.
fn epoch(settings: &DataSettings) -> Vec<Row> {
    let mut source = open(settings, None);
    let mut rows = Vec::new();
    loop {
        let row = source.next_row().unwrap();
        if source.cursor().epoch > 0 {
            return rows;
        }
        rows.push(row);
    }
}

fn counted_ids(rows: &[Row]) -> Vec<u32> {
    let targets = |row: &Row| {
        let targets = row.targets.iter().zip(&row.counted);
        let counted = targets.filter(|(_, counts)| **counts);
        counted.map(|(id, _)| *id).collect::<Vec<_>>()
    };
    let mut ids: Vec<u32> = rows.iter().flat_map(targets).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn an_epoch_counts_every_token_of_every_training_document_once() {
    let folder = shards();
    let tokenizer = small_tokenizer();
    let mut expected = Vec::new();
    for shard in ["0.jsonl", "1.jsonl"] {
        for line in fs::read_to_string(folder.path().join(shard))
            .unwrap()
            .lines()
        {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut tokens = tokenizer
                .encode_document(line["text"].as_str().unwrap())
                .unwrap();
            // The token that begins a document is also what ends it.
            expected.append(&mut tokens);
        }
    }
    expected.sort_unstable();
    let rows = epoch(&settings(folder.path()));
    assert_eq!(counted_ids(&rows), expected);
    assert!(rows.iter().all(|row| row.inputs[0] == tokenizer.begin()));
    assert!(
        rows.iter()
            .all(|row| row.inputs.len() == 16 && row.targets.len() == 16)
    );
}

#[test]
fn packing_leaves_few_places_empty() {
    let folder = shards();
    let rows = epoch(&settings(folder.path()));
    let empty: usize = rows
        .iter()
        .map(|row| 16 - row.counted_targets() as usize)
        .sum();
    // A document that goes on in another row sees one token twice.
    assert!(
        empty * 8 < rows.len() * 16,
        "{empty} of {}",
        rows.len() * 16
    );
}

#[test]
fn epochs_have_the_same_documents_in_another_order() {
    let folder = shards();
    let settings = settings(folder.path());
    let first = epoch(&settings);
    let mut source = open(&settings, None);
    assert_eq!(rows(&mut source, first.len()), first);
    let second = rows(&mut source, first.len());
    assert_ne!(first, second);
    assert_eq!(counted_ids(&first), counted_ids(&second));
    let other = DataSettings {
        random_seed: 1,
        ..settings
    };
    assert_ne!(epoch(&other), first);
}

#[test]
fn a_cursor_survives_being_written() {
    let folder = shards();
    let mut source = open(&settings(folder.path()), None);
    rows(&mut source, 7);
    let text = serde_json::to_string(&source.cursor()).unwrap();
    assert_eq!(
        serde_json::from_str::<DataCursor>(&text).unwrap(),
        source.cursor()
    );
}

#[test]
fn a_cursor_of_other_data_is_refused() {
    let folder = shards();
    let settings = settings(folder.path());
    let mut source = open(&settings, None);
    rows(&mut source, 3);
    let cursor = source.cursor();
    let refusal = |cursor: &DataCursor| {
        let tokenizer = Arc::new(small_tokenizer());
        let opened = TrainingRows::open(&settings, tokenizer, Some(cursor));
        opened.err().unwrap().to_string()
    };
    let gone = DataCursor {
        shard: "9.jsonl".to_owned(),
        ..cursor.clone()
    };
    assert!(refusal(&gone).contains("no longer has"));
    fs::write(folder.path().join("0.jsonl"), "{\"text\": \"other\"}\n").unwrap();
    assert!(refusal(&cursor).contains("and has 18 now"));
}

#[test]
fn a_shard_that_cannot_be_read_is_left_out_and_counted_or_refused() {
    let folder = shards();
    std::os::unix::fs::symlink("nowhere", folder.path().join("-.jsonl")).unwrap();
    fs::write(
        folder.path().join("1.jsonl"),
        b"{\"text\": \"good\"}\n{\"text\": \n\xff",
    )
    .unwrap();
    let mut settings = settings(folder.path());
    let mut source = open(&settings, None);
    let first = rows(&mut source, 1);
    assert_eq!(first.len(), 1);
    while source.cursor().epoch == 0 {
        source.next_row().unwrap();
    }
    let skipped = source.skipped();
    assert!(skipped.shards >= 1 && skipped.documents >= 2, "{skipped:?}");
    assert!(
        skipped
            .latest_reasons
            .iter()
            .any(|reason| reason.starts_with("1.jsonl, line 2:"))
    );
    settings.is_strict = true;
    let refusal = open(&settings, None).next_row().unwrap_err().to_string();
    assert!(
        refusal.starts_with("shard -.jsonl cannot be read"),
        "{refusal}"
    );
    fs::remove_file(folder.path().join("-.jsonl")).unwrap();
    let mut source = open(&settings, None);
    let refusal = std::iter::repeat_with(|| source.next_row())
        .find_map(Result::err)
        .unwrap();
    assert!(
        refusal.to_string().starts_with("1.jsonl, line 2:"),
        "{refusal}"
    );
    assert!(source.next_row().is_err());
}

#[test]
fn data_without_a_token_is_an_error_and_no_endless_search() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "b.jsonl"] {
        fs::write(folder.path().join(name), "{}\n\n").unwrap();
    }
    let settings = settings(folder.path());
    let sentence = open(&settings, None).next_row().unwrap_err().to_string();
    assert!(
        sentence.contains("holds nothing to train on (a.jsonl, line 1"),
        "{sentence}"
    );
    let tokenizer = Arc::new(small_tokenizer());
    let validation = ValidationRows::open(&settings, tokenizer, 10).unwrap();
    assert!(validation.rows().next().unwrap().is_err());
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let folder = shards();
    let refusal = |settings: DataSettings| {
        let opened = TrainingRows::open(&settings, Arc::new(small_tokenizer()), None);
        opened.err().unwrap().to_string()
    };
    let sound = settings(folder.path());
    assert!(
        refusal(DataSettings {
            context: 1,
            ..sound.clone()
        })
        .contains("context of 1")
    );
    assert!(
        refusal(DataSettings {
            max_cached_shards: 1,
            ..sound
        })
        .contains("at least 2")
    );
}

#[test]
fn evaluations_see_the_same_rows_of_documents_that_never_train() {
    let folder = shards();
    let settings = settings(folder.path());
    let tokenizer = Arc::new(small_tokenizer());
    let validation = ValidationRows::open(&settings, Arc::clone(&tokenizer), u64::MAX).unwrap();
    let pass = || validation.rows().collect::<Result<Vec<_>, _>>().unwrap();
    let first = pass();
    assert_eq!(first, pass());
    let text = fs::read_to_string(folder.path().join("2.jsonl")).unwrap();
    let texts = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["text"].as_str().unwrap().len() as u64
    });
    // Each byte of each document is counted once.
    assert_eq!(
        first.iter().map(|row| row.bytes).sum::<u64>(),
        texts.sum::<u64>()
    );
    assert!(first.iter().all(|row| {
        let mut targets = row.row.targets.iter().zip(&row.row.counted);
        targets.all(|(id, counts)| !*counts || *id != tokenizer.begin())
    }));
}

#[test]
fn an_evaluation_ends_when_enough_tokens_have_been_seen() {
    let folder = shards();
    let tokenizer = Arc::new(small_tokenizer());
    let validation = ValidationRows::open(&settings(folder.path()), tokenizer, 100).unwrap();
    let rows: Vec<_> = validation.rows().map(Result::unwrap).collect();
    let counted: u64 = rows.iter().map(|row| row.row.counted_targets()).sum();
    assert!((100..116).contains(&counted), "{counted}");
}

#[test]
fn conversations_are_rows_whose_answers_count() {
    let folder = tempfile::tempdir().unwrap();
    let line = |answer: &str| {
        serde_json::json!({"messages": [
            {"role": "user", "content": "Hi"}, {"role": "assistant", "content": answer}]})
        .to_string()
    };
    let lines = [
        line("fox"),
        line(&"bird ".repeat(99)),
        "{}".to_owned(),
        line("end"),
    ];
    fs::write(folder.path().join("chat.jsonl"), lines.join("\n")).unwrap();
    let settings = DataSettings {
        content: Content::Conversations,
        ..settings(folder.path())
    };
    let mut source = open(&settings, None);
    let first = rows(&mut source, 2);
    let tokenizer = small_tokenizer();
    assert!(first.iter().all(|row| row.inputs[0] == tokenizer.begin()));
    assert!(first.iter().all(|row| row.counted_targets() > 0));
    let skipped = source.skipped();
    assert!(
        skipped.documents >= 1 && skipped.cut_conversations >= 1,
        "{skipped:?}"
    );
    let texts = DataSettings {
        content: Content::Conversations,
        ..settings.clone()
    };
    fs::rename(
        folder.path().join("chat.jsonl"),
        folder.path().join("chat.txt"),
    )
    .unwrap();
    let refusal = open(&texts, None).next_row().unwrap_err().to_string();
    assert!(
        refusal.contains("conversations come as .jsonl"),
        "{refusal}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn going_on_from_any_row_gives_the_rows_of_an_uninterrupted_run(stop in 0_usize..250, more in 1_usize..120) {
        let folder = shards();
        let settings = settings(folder.path());
        let mut through = open(&settings, None);
        rows(&mut through, stop);
        let cursor = through.cursor();
        let expected = rows(&mut through, more);
        let mut resumed = open(&settings, Some(&cursor));
        prop_assert_eq!(resumed.cursor(), cursor);
        prop_assert_eq!(rows(&mut resumed, more), expected);
        prop_assert_eq!(resumed.cursor(), through.cursor());
    }
}
