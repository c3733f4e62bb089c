//! Limits that `ulimit` sets.

use std::process::Output;

use serde_json::Value;

use crate::{MIB, bytes, state, tightest, under};

const LIMIT: u64 = 512 * MIB;
const ADDRESS_SPACE: &str = "ulimit -v 524288 && exec \"$@\"";
const DATA_SEGMENT: &str = "ulimit -d 524288 && exec \"$@\"";

fn read_under(script: &str) -> Value {
    state(&under(script, &[]).output().unwrap())
}

fn take_under(script: &str, taken_bytes: u64) -> Output {
    let taken = taken_bytes.to_string();
    under(script, &["--take", &taken]).output().unwrap()
}

/// What is said to be available can be taken, and not much more than that.
fn assert_available_is_exact(script: &str) {
    const SLACK: u64 = 4 * MIB;
    let available = bytes(&read_under(script), "available_bytes");
    let within = take_under(script, available - SLACK);
    assert!(bytes(&state(&within), "used_bytes") >= available - 2 * SLACK);
    let beyond = take_under(script, available + SLACK);
    assert!(!beyond.status.success(), "took more than was available");
}

#[test]
fn the_address_space_limit_is_the_budget() {
    let state = read_under(ADDRESS_SPACE);
    assert_eq!(tightest(&state), ("address_space", LIMIT));
    assert_eq!(bytes(&state, "budget_bytes"), LIMIT);
    let mapped = bytes(&state["system"]["address_space"], "used_bytes");
    assert_eq!(bytes(&state, "available_bytes"), LIMIT - mapped);
}

#[test]
fn the_rest_of_the_address_space_can_be_taken() {
    assert_available_is_exact(ADDRESS_SPACE);
}

#[test]
fn the_data_limit_is_the_budget() {
    let state = read_under(DATA_SEGMENT);
    assert_eq!(tightest(&state), ("data_segment", LIMIT));
    assert_eq!(bytes(&state, "budget_bytes"), LIMIT);
}

#[test]
fn the_rest_of_the_data_limit_can_be_taken() {
    assert_available_is_exact(DATA_SEGMENT);
}

#[test]
fn filling_a_limit_raises_the_pressure() {
    let calm = read_under(ADDRESS_SPACE);
    assert_eq!(calm["pressure"], "low");
    let filled = state(&take_under(ADDRESS_SPACE, LIMIT / 100 * 88));
    assert_eq!(filled["pressure"], "critical");
    let ratio = filled["memory_usage_ratio"].as_f64().unwrap();
    assert!((0.87..0.92).contains(&ratio), "{ratio}");
}
