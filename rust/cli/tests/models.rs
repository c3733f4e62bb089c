//! `headroom models`: the contract's keys, a pick that fits, and refusals.

mod support;

use serde_json::Value;
use support::{headroom, output_of, refusal};

fn models(arguments: &[&str]) -> Value {
    let arguments = ["models", "--json"].iter().chain(arguments);
    serde_json::from_str(&output_of(arguments)).unwrap()
}

#[test]
fn json_has_the_contracts_keys_for_every_model() {
    let answer = models(&["--available", "4GB", "--context", "2048"]);
    assert_eq!(answer["available_bytes"], 4_000_000_000_u64);
    assert_eq!(answer["context"], 2048);
    let models = answer["models"].as_array().unwrap();
    assert_eq!(models.len(), 12);
    for model in models {
        for key in [
            "parameters",
            "weights_bytes",
            "kv_bytes_per_token",
            "needed_bytes",
        ] {
            assert!(model[key].as_u64() > Some(0), "{key} in {model}");
        }
        assert!(model["id"].as_str().unwrap().starts_with("mlx-community/"));
        assert!(!model["reason"].as_str().unwrap().is_empty());
    }
}

#[test]
fn the_pick_is_the_largest_model_that_fits_and_runs() {
    for available in ["1.5GB", "2.1GB", "3GB", "6GB", "64GB"] {
        let answer = models(&["--available", available]);
        let usable = answer["models"].as_array().unwrap().iter();
        let usable = usable.filter(|model| model["fits"] == true && model["runs"] == true);
        let largest = usable.max_by_key(|model| model["parameters"].as_u64());
        assert_eq!(answer["pick"], largest.unwrap()["id"], "{available}");
        assert!(largest.unwrap()["needed_bytes"].as_u64() <= answer["available_bytes"].as_u64());
    }
}

#[test]
fn where_nothing_fits_there_is_no_pick_and_the_table_says_what_would_be_needed() {
    assert_eq!(models(&["--available", "0"])["pick"], Value::Null);
    let table = output_of(["models", "--available", "1MB"]);
    assert!(table.contains("fits in 976.6 KiB"), "{table}");
    assert!(table.contains("would need"), "{table}");
}

#[test]
fn the_table_marks_the_pick_and_explains_it() {
    let arguments = ["models", "--available", "2GB", "--context", "4096"];
    let table = output_of(arguments);
    let marked: Vec<_> = table.lines().filter(|line| line.starts_with('*')).collect();
    assert_eq!(marked.len(), 1, "{table}");
    let explanation = table.lines().last().unwrap();
    let name = explanation.split(':').next().unwrap();
    assert!(marked[0].starts_with(&format!("* {name} ")), "{table}");
    assert!(
        explanation.contains(": needs ") && explanation.contains(" of 1.9 GiB"),
        "{table}"
    );
    assert_eq!(
        output_of(arguments),
        table,
        "the same question has the same answer"
    );
}

#[test]
fn without_a_size_it_takes_what_this_process_could_take() {
    let answer = models(&[]);
    assert!(answer["available_bytes"].as_u64() > Some(0));
    assert_eq!(answer["context"], 4096);
}

#[test]
fn sizes_and_contexts_that_are_none_are_wrong_use() {
    for (flag, value) in [
        ("--available", "-5"),
        ("--available", "8G"),
        ("--available", "much"),
        ("--context", "0"),
    ] {
        let refusal = refusal(&mut headroom(["models", flag, value]));
        assert_eq!(refusal.exit_code, 2, "{flag} {value}");
        assert!(refusal.sentence.contains(value), "{}", refusal.sentence);
    }
}
