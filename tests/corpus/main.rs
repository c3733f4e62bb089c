//! Hostile inputs for every gate, each built here and each refused with its sentence: none may crash,
//! take over a second of processor time, or take over 64 MiB above the file's own size. One test in a
//! process of its own, because both figures belong to the process. See README.md beside this file.
#![cfg(target_os = "linux")]

mod case;
mod configs;
mod gates;
mod measure;
mod safetensors;
mod shard_indexes;
mod templates;
mod tokenizers;

use std::path::PathBuf;
use std::{env, fs};

use case::Case;
use gates::Gate;
use measure::Cost;

/// Bytes of a sentence that still fits a screen.
const LONGEST_SENTENCE: usize = 1_000;

/// Builds the hostile files of one gate.
type Cases = fn() -> Vec<Case>;

const GATES: &[(&Gate, Cases)] = &[
    (&gates::SAFETENSORS_HEADER, safetensors::cases),
    (&gates::SHARD_INDEX, shard_indexes::cases),
    (&gates::CONFIG, configs::cases),
    (&gates::TOKENIZER, tokenizers::cases),
    (&gates::CHAT_TEMPLATE, templates::cases),
];
/// As many hostile files as there must be.
const CASES_AT_LEAST: usize = 200;

#[test]
fn every_hostile_file_is_refused_in_its_words_and_within_bounds() {
    sound_files_pass();
    let mut faults = Vec::new();
    let mut dearest = Cost::default();
    let mut count = 0;
    for (gate, cases) in GATES {
        for case in cases() {
            count += 1;
            let name = format!("{}/{}", gate.name, case.name);
            let directory = gate.directory_with(&case.bytes);
            let file_bytes = case.bytes.len() as u64;
            let expected = case.expected;
            drop(case.bytes);
            let (outcome, cost) = measure::cost_of(&name, || (gate.pass)(directory.path()));
            dearest = dearest.max(cost.beyond(file_bytes));
            faults.extend(fault(&name, &expected, outcome));
            faults.extend(cost.beyond(file_bytes).over_limit(&name));
        }
    }
    println!("{count} hostile files; at most {dearest} above the file");
    assert!(count >= CASES_AT_LEAST, "only {count} hostile files");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Only what is changed in them makes the files above hostile.
fn sound_files_pass() {
    for case in configs::sound() {
        let directory = gates::CONFIG.directory_with(&case.bytes);
        assert_eq!(
            (gates::CONFIG.pass)(directory.path()),
            Ok(()),
            "{}",
            case.name
        );
    }
    let tokenizer = tokenizers::sound().to_string();
    let directory = gates::TOKENIZER.directory_with(tokenizer.as_bytes());
    assert_eq!((gates::TOKENIZER.pass)(directory.path()), Ok(()));
}

/// What is wrong with an outcome, if anything.
fn fault(name: &str, expected: &str, outcome: Result<(), String>) -> Option<String> {
    match outcome {
        Ok(()) => Some(format!("{name} was let through")),
        Err(sentence) if !sentence.contains(expected) => {
            Some(format!("{name}: {sentence:?} does not say {expected:?}"))
        }
        Err(sentence)
            if sentence.chars().any(char::is_control) || sentence.len() > LONGEST_SENTENCE =>
        {
            Some(format!(
                "{name}: {} bytes are not one sentence",
                sentence.len()
            ))
        }
        Err(_) => None,
    }
}

/// Longest file that is of use to a fuzzer.
const SEED_LIMIT_BYTES: usize = 1 << 14;

/// Writes the small files to the directory that `HEADROOM_SEEDS` names, for `cargo xtask fuzz`.
#[test]
#[ignore = "called by cargo xtask fuzz"]
fn seeds_for_fuzzing_are_written() {
    let root = PathBuf::from(env::var_os("HEADROOM_SEEDS").expect("a directory"));
    for (gate, cases) in GATES {
        let directory = root.join(gate.name);
        fs::create_dir_all(&directory).expect("a directory");
        let mut cases = cases();
        if gate.name == gates::CONFIG.name {
            cases.extend(configs::sound());
        }
        for case in cases {
            if case.bytes.len() <= SEED_LIMIT_BYTES {
                fs::write(directory.join(case.name), case.bytes).expect("a seed");
            }
        }
    }
}
