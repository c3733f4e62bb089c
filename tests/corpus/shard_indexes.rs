//! Shard indexes that lead astray. Beside each lies a sound shard `a.safetensors` with the tensors `x`
//! and `y`.

use serde_json::json;

use crate::case::Case;

/// Indexes that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = wrong_json();
    cases.extend(wrong_shards());
    cases.extend(wrong_tensors());
    cases
}

fn wrong_json() -> Vec<Case> {
    vec![
        Case::text("empty", "", "not the JSON"),
        Case::text("a-list", "[]", "not the JSON"),
        Case::text("no-map", "{}", "`weight_map` is missing"),
        Case::text("an-empty-map", "{\"weight_map\":{}}", "lists no tensor"),
        Case::text(
            "a-map-that-is-a-list",
            "{\"weight_map\":[]}",
            "not the JSON",
        ),
        Case::text(
            "a-map-that-is-null",
            "{\"weight_map\":null}",
            "not the JSON",
        ),
        Case::text(
            "two-maps",
            "{\"weight_map\":{\"x\":\"a.safetensors\"},\"weight_map\":{}}",
            "weight_map",
        ),
        Case::text(
            "a-shard-that-is-a-number",
            "{\"weight_map\":{\"x\":1}}",
            "not the JSON",
        ),
        Case::text(
            "a-shard-that-is-null",
            "{\"weight_map\":{\"x\":null}}",
            "not the JSON",
        ),
        Case::text(
            "the-same-tensor-twice",
            "{\"weight_map\":{\"x\":\"a.safetensors\",\"x\":\"a.safetensors\"}}",
            "x",
        ),
        Case::text(
            "cut-off",
            "{\"weight_map\":{\"x\":\"a.safetensors\"",
            "not the JSON",
        ),
        Case::text(
            "two-documents",
            "{\"weight_map\":{\"x\":\"a.safetensors\"}}{}",
            "not the JSON",
        ),
        Case::text(
            "lists-in-lists",
            format!("{{\"metadata\":{}", "[".repeat(99_999)),
            "not the JSON",
        ),
        Case::text(
            "a-shard-without-end",
            format!("{{\"weight_map\":{{\"x\":\"{}\"}}}}", "x".repeat(31 << 20)),
            "a string has more than",
        ),
        Case::text(
            "a-map-that-is-a-text-without-end",
            format!("{{\"weight_map\":\"{}\"}}", "x".repeat(31 << 20)),
            "a string has more than",
        ),
        Case::text(
            "a-long-index",
            format!("{{\"a\":\"{}\"}}", "x".repeat(33 << 20)),
            "at most",
        ),
    ]
}

fn shard(name: &str, file: &str, expected: &str) -> Case {
    Case::text(
        name,
        json!({"weight_map": {"x": file, "y": file}}).to_string(),
        expected,
    )
}

fn wrong_shards() -> Vec<Case> {
    const PLAIN: &str = "plain file name";
    vec![
        shard("a-shard-above", "../a.safetensors", PLAIN),
        shard(
            "a-shard-far-above",
            "../../../../../etc/a.safetensors",
            PLAIN,
        ),
        shard("a-shard-from-the-root", "/etc/a.safetensors", PLAIN),
        shard("a-shard-below", "b/a.safetensors", PLAIN),
        shard("a-shard-here-with-a-dot", "./a.safetensors", PLAIN),
        shard("a-shard-with-a-backslash", "..\\a.safetensors", PLAIN),
        shard("a-shard-on-another-drive", "C:a.safetensors", ""),
        shard("a-shard-without-a-name", "", PLAIN),
        shard("a-shard-that-is-an-ending-alone", ".safetensors", PLAIN),
        shard("a-shard-with-another-ending", "a.bin", PLAIN),
        shard("a-shard-with-a-zero", "a\0.safetensors", PLAIN),
        shard("a-shard-with-a-line-break", "a\n.safetensors", PLAIN),
        shard(
            "a-shard-with-a-long-name",
            &format!("{}.safetensors", "a".repeat(255)),
            PLAIN,
        ),
        shard(
            "a-shard-that-is-not-there",
            "b.safetensors",
            "could not open",
        ),
        many_shards(),
    ]
}

fn many_shards() -> Case {
    let map =
        (0..1_100).map(|number| (format!("t{number}"), json!(format!("{number}.safetensors"))));
    let map: serde_json::Map<_, _> = map.collect();
    Case::text(
        "many-shards",
        json!({"weight_map": map}).to_string(),
        "more than 1024 shards",
    )
}

fn wrong_tensors() -> Vec<Case> {
    let listed = |name: &str, tensors: &[&str], expected: &str| {
        let map = tensors
            .iter()
            .map(|tensor| ((*tensor).to_owned(), json!("a.safetensors")));
        let map: serde_json::Map<_, _> = map.collect();
        Case::text(name, json!({"weight_map": map}).to_string(), expected)
    };
    let many = (0..100_001)
        .map(|number| format!("\"{number}\":\"a.safetensors\""))
        .collect::<Vec<_>>();
    vec![
        listed(
            "a-tensor-that-is-not-there",
            &["x", "y", "z"],
            "does not hold it",
        ),
        listed("a-tensor-that-is-not-listed", &["x"], "does not list"),
        listed("a-tensor-without-a-name", &["x", "y", ""], "256 bytes"),
        listed(
            "a-tensor-with-a-line-break",
            &["x", "y", "a\nb"],
            "control characters",
        ),
        listed(
            "a-tensor-with-a-long-name",
            &["x", "y", &"a".repeat(257)],
            "256 bytes",
        ),
        Case::text(
            "many-tensors",
            format!("{{\"weight_map\":{{{}}}}}", many.join(",")),
            "more than 100000 tensors",
        ),
    ]
}
