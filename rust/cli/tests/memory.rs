//! `headroom memory`: the contract's keys, and figures that can be true.

mod support;

use serde_json::Value;
use support::output_of;

#[test]
fn json_has_the_contracts_keys_and_figures_that_can_be_true() {
    let state: Value = serde_json::from_str(&output_of(["memory", "--json"])).unwrap();
    for key in [
        "budget_bytes",
        "used_bytes",
        "available_bytes",
        "pressure",
        "system",
        "recommended",
    ] {
        assert!(state.get(key).is_some(), "{key} is missing");
    }
    for key in [
        "active_bytes",
        "cache_bytes",
        "peak_bytes",
        "memory_limit_bytes",
        "cache_limit_bytes",
    ] {
        assert!(state["mlx"][key].is_u64(), "mlx.{key} is missing");
    }
    let bytes = |key: &str| state[key].as_u64().unwrap();
    assert!(bytes("used_bytes") > 100_000 && bytes("used_bytes") < bytes("budget_bytes"));
    assert!(bytes("available_bytes") <= bytes("budget_bytes") - bytes("used_bytes"));
    let pressures = ["low", "medium", "high", "critical"];
    assert!(pressures.contains(&state["pressure"].as_str().unwrap()));
    let disk = &state["system"]["disk"];
    assert!(disk["available_bytes"].as_u64() <= disk["total_bytes"].as_u64());
    assert!(disk["total_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn the_table_explains_its_rows() {
    let table = output_of(["memory"]);
    for name in [
        "budget",
        "used",
        "available",
        "pressure",
        "swap used",
        "disk free",
        "MLX active",
    ] {
        assert!(table.contains(name), "{name} is not in\n{table}");
    }
}
