use super::*;

use proptest::prelude::*;
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn small(name: &str) -> Value {
    json!({"rfilename": name, "size": 2, "blobId": "a".repeat(40)})
}

fn large(name: &str, size_bytes: u64) -> Value {
    json!({"rfilename": name, "size": size_bytes, "blobId": "b".repeat(40),
        "lfs": {"sha256": "c".repeat(64), "size": size_bytes, "pointerSize": 134}})
}

fn listed(files: &[Value]) -> Result<Listing, String> {
    let answer = json!({"sha": COMMIT, "siblings": files, "gated": false});
    Listing::checked(serde_json::from_value(answer).unwrap())
}

/// The refusal of a model that has one more file.
fn refusal_with(file: Value) -> String {
    let files = [small("config.json"), large("model.safetensors", 9), file];
    listed(&files).expect_err("a refusal")
}

#[test]
fn only_what_a_model_needs_is_taken() {
    let needed = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "model-00001-of-00002.safetensors",
        "model.safetensors.index.json",
    ];
    let others = [
        "README.md",
        ".gitattributes",
        "tokenizer.model",
        "merges.txt",
        "pytorch_model.bin",
        "onnx/model.safetensors",
        "original/consolidated.00.pth",
        "figure 1.png",
    ];
    let files: Vec<_> = needed
        .iter()
        .chain(&others)
        .map(|name| small(name))
        .collect();
    let listing = listed(&files).unwrap();
    let names: Vec<_> = listing
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(names, needed);
    assert_eq!(listing.total_bytes(), 2 * needed.len() as u64);
}

#[test]
fn a_large_file_has_its_sha_256_and_a_small_one_its_git_name() {
    let listing = listed(&[small("config.json"), large("model.safetensors", 9)]).unwrap();
    assert_eq!(
        Some(listing.files[0].checksum),
        Checksum::git_blob(&"a".repeat(40))
    );
    assert_eq!(
        Some(listing.files[1].checksum),
        Checksum::sha256(&"c".repeat(64))
    );
    assert_eq!(listing.files[1].size_bytes, 9);
}

#[test]
fn a_name_that_leads_elsewhere_refuses_the_whole_repository() {
    for name in [
        "../config.json",
        "/etc/passwd",
        "a/../../b",
        "..",
        "a//b",
        "./config.json",
        "a\\..\\b",
        "tokenizer\n.json",
        "tokenizer\u{0}.json",
        "",
    ] {
        let reason = refusal_with(small(name));
        assert!(reason.contains("could lead out"), "{name}: {reason}");
    }
}

#[test]
fn a_needed_file_with_a_strange_name_is_refused() {
    for name in [
        ".safetensors",
        "tokenizer?x.json",
        "modèle.safetensors",
        "a b.safetensors",
        "tokenizer%2e.json",
    ] {
        let reason = refusal_with(small(name));
        assert!(reason.contains("other letters"), "{name}: {reason}");
    }
    let long = format!("{}.safetensors", "a".repeat(200));
    assert!(refusal_with(small(&long)).contains("too many"));
}

#[test]
fn a_name_may_not_come_twice_not_even_in_another_case() {
    assert!(refusal_with(small("config.json")).contains("config.json is in it twice"));
    assert!(refusal_with(small("Model.safetensors")).contains("twice"));
}

#[test]
fn a_file_without_size_or_checksum_is_refused() {
    let without = |key: &str| {
        let mut file = small("tokenizer.json");
        file.as_object_mut().unwrap().remove(key);
        refusal_with(file)
    };
    assert_eq!(without("size"), "tokenizer.json has no size");
    assert_eq!(without("blobId"), "tokenizer.json has no checksum");
}

#[test]
fn what_is_no_model_is_refused() {
    assert!(
        listed(&[small("config.json")])
            .unwrap_err()
            .contains("no .safetensors")
    );
    assert!(
        listed(&[large("model.safetensors", 1)])
            .unwrap_err()
            .contains("no config.json")
    );
    let many: Vec<_> = (0..=MOST_NEEDED)
        .map(|n| large(&format!("{n}.safetensors"), 1))
        .collect();
    assert!(listed(&many).unwrap_err().contains("more than 1000"));
    let many: Vec<_> = (0..=MOST_LISTED)
        .map(|n| small(&format!("{n}.txt")))
        .collect();
    assert!(listed(&many).unwrap_err().contains("more than 20000"));
}

#[test]
fn sizes_that_overflow_together_count_as_the_most_there_can_be() {
    let listing = listed(&[
        small("config.json"),
        large("a.safetensors", u64::MAX),
        large("b.safetensors", 7),
    ]);
    assert_eq!(listing.unwrap().total_bytes(), u64::MAX);
}

proptest! {
    #[test]
    fn no_name_that_is_taken_over_can_leave_its_directory(name in "\\PC{0,20}(\\.safetensors)?") {
        let files = [small("config.json"), large("model.safetensors", 1), small(&name)];
        if let Ok(listing) = listed(&files) {
            for file in listing.files {
                prop_assert!(!file.name.contains(['/', '\\']) && !file.name.starts_with('.'));
            }
        }
    }
}

#[test]
fn a_dataset_is_made_of_its_text_wherever_that_lies() {
    let names = [
        "README.md",
        "data/train-0.parquet",
        "b.jsonl",
        "c.txt",
        "config.json",
    ];
    let files: Vec<_> = names.iter().map(|name| small(name)).collect();
    let listed = |files: &[Value]| {
        let answer = json!({"sha": COMMIT, "siblings": files});
        Listing::of_dataset(serde_json::from_value(answer).unwrap())
    };
    let listing = listed(&files).unwrap();
    let found: Vec<_> = listing.files.iter().map(|file| &*file.name).collect();
    assert_eq!(found, ["data/train-0.parquet", "b.jsonl", "c.txt"]);
    assert_eq!(listed(&[]).unwrap().files, []);
    for name in [
        "../a.parquet",
        "a/.hidden.parquet",
        "a b.txt",
        "a//b.txt",
        "a.txt?b.txt",
    ] {
        assert!(listed(&[small(name)]).is_err(), "{name}");
    }
}
