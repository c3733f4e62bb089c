//! Safetensors files whose header lies.

mod tensors;

use serde_json::{Value, json};

use crate::case::Case;

/// Files that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = wrong_frames();
    cases.extend(wrong_json());
    cases.extend(wrong_entries());
    cases.extend(tensors::wrong_ranges());
    cases.extend(tensors::wrong_names());
    cases.extend(tensors::large_headers());
    cases
}

/// The header of a sound file with two tensors of a byte each.
pub(crate) const TWO_TENSORS: &str = r#"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;

/// A file with this header and so many bytes behind it.
pub(crate) fn file(header: &str, data_bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.resize(file.len() + data_bytes, 0);
    file
}

fn case(name: &str, header: impl AsRef<str>, data_bytes: usize, expected: &str) -> Case {
    Case::bytes(name, file(header.as_ref(), data_bytes), expected)
}

fn wrong_frames() -> Vec<Case> {
    let frame = |name: &str, length: u64, rest: &[u8], expected: &str| {
        let mut file = length.to_le_bytes().to_vec();
        file.extend_from_slice(rest);
        Case::bytes(name, file, expected)
    };
    vec![
        Case::bytes("empty", Vec::new(), "alone takes 8"),
        Case::bytes("seven-bytes", vec![0; 7], "alone takes 8"),
        frame("a-length-and-nothing-else", 2, b"", "past the end"),
        frame("a-length-of-everything", u64::MAX, b"{}", "past the end"),
        frame(
            "a-length-that-wraps-to-nothing",
            u64::MAX - 7,
            b"{}",
            "past the end",
        ),
        frame("a-length-with-the-sign-bit", 1 << 63, b"{}", "past the end"),
        frame("a-length-one-past-the-end", 3, b"{}", "past the end"),
        frame("a-header-of-no-length", 0, b"", "opening brace"),
        frame("a-pickle", 0x8002, &[b'.'; 0x8002], "opening brace"),
        Case::bytes(
            "a-zip",
            b"PK\x03\x04PK\x03\x04PK\x03\x04".to_vec(),
            "past the end",
        ),
        Case::bytes(
            "a-gguf",
            b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            "past the end",
        ),
    ]
}

fn wrong_json() -> Vec<Case> {
    vec![
        case("a-list", "[]", 0, "opening brace"),
        case("spaces-first", "  {}", 0, "opening brace"),
        case("a-brace-alone", "{", 0, "not the JSON"),
        case("two-documents", "{}{}", 0, "not the JSON"),
        case("zeros-behind", "{}\0\0", 0, "not the JSON"),
        case(
            "lists-in-lists",
            format!("{{\"a\":{}", "[".repeat(99_999)),
            0,
            "tensor `a`",
        ),
        case("an-entry-that-is-a-list", "{\"a\":[]}", 0, "tensor `a`"),
        case("an-entry-that-is-a-number", "{\"a\":1}", 0, "tensor `a`"),
        case("an-entry-that-is-null", "{\"a\":null}", 0, "tensor `a`"),
        case(
            "metadata-that-is-a-list",
            "{\"__metadata__\":[]}",
            0,
            "not the JSON",
        ),
        case(
            "metadata-that-is-a-number",
            "{\"__metadata__\":{\"a\":1}}",
            0,
            "not the JSON",
        ),
        case(
            "metadata-twice",
            "{\"__metadata__\":{},\"__metadata__\":{}}",
            0,
            "__metadata__",
        ),
        Case::bytes(
            "not-utf-8",
            [&7u64.to_le_bytes()[..], b"{\"\xff\":1}"].concat(),
            "not the JSON",
        ),
    ]
}

/// A header with one tensor `a`: two by three numbers of four bytes, and one change.
fn with(field: &str, value: Value) -> String {
    let mut entry = json!({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]});
    match value {
        Value::Null => drop(entry.as_object_mut().and_then(|entry| entry.remove(field))),
        value => entry[field] = value,
    }
    json!({"a": entry}).to_string()
}

fn wrong_entries() -> Vec<Case> {
    let entry = |name, field, value, expected| case(name, with(field, value), 24, expected);
    vec![
        entry("no-element-type", "dtype", Value::Null, "dtype"),
        entry("no-shape", "shape", Value::Null, "shape"),
        entry("no-range", "data_offsets", Value::Null, "data_offsets"),
        entry("one-field-too-many", "layout", json!("row"), "layout"),
        entry("an-unknown-element-type", "dtype", json!("F128"), "F128"),
        entry(
            "an-element-type-in-small-letters",
            "dtype",
            json!("f32"),
            "f32",
        ),
        entry("an-element-type-of-half-a-byte", "dtype", json!("F4"), "F4"),
        entry(
            "an-element-type-that-is-a-number",
            "dtype",
            json!(32),
            "malformed",
        ),
        entry(
            "an-element-type-with-escapes",
            "dtype",
            json!("\u{1b}[2J"),
            "\\u{1b}[2J",
        ),
        entry(
            "a-long-element-type",
            "dtype",
            json!("F".repeat(99_999)),
            "element type `FFF",
        ),
        entry("a-negative-dimension", "shape", json!([-2, 3]), "malformed"),
        entry(
            "a-fraction-of-a-dimension",
            "shape",
            json!([2.5, 3]),
            "malformed",
        ),
        entry(
            "a-dimension-that-is-text",
            "shape",
            json!(["2", 3]),
            "malformed",
        ),
        entry("a-shape-that-is-a-number", "shape", json!(6), "malformed"),
        entry(
            "a-dimension-past-32-bits",
            "shape",
            json!([1u64 << 31, 0]),
            "larger than",
        ),
        entry(
            "a-dimension-past-64-bits",
            "shape",
            json!([1e30, 0]),
            "malformed",
        ),
        entry(
            "nine-dimensions",
            "shape",
            json!([1, 1, 1, 1, 1, 1, 1, 2, 3]),
            "more than 8",
        ),
        entry(
            "a-hundred-thousand-dimensions",
            "shape",
            json!(vec![1; 100_001]),
            "more than 8",
        ),
        entry(
            "a-product-past-64-bits",
            "shape",
            json!([2_147_483_647, 2_147_483_647, 2_147_483_647]),
            "past 64 bits",
        ),
        entry(
            "a-product-that-wraps-to-six",
            "shape",
            json!([1 << 30, 1 << 30, 16, 6]),
            "past 64 bits",
        ),
        entry(
            "bytes-past-64-bits",
            "shape",
            json!([2_147_483_647, 2_147_483_647, 2]),
            "past 64 bits",
        ),
        entry(
            "a-range-of-one-number",
            "data_offsets",
            json!([0]),
            "malformed",
        ),
        entry(
            "a-range-of-three-numbers",
            "data_offsets",
            json!([0, 24, 24]),
            "malformed",
        ),
        entry(
            "a-negative-range",
            "data_offsets",
            json!([-24, 0]),
            "malformed",
        ),
        entry(
            "a-backward-range",
            "data_offsets",
            json!([24, 0]),
            "before it starts",
        ),
        entry(
            "a-range-too-short",
            "data_offsets",
            json!([0, 23]),
            "demand 24",
        ),
        entry(
            "a-range-too-long",
            "data_offsets",
            json!([0, 25]),
            "demand 24",
        ),
        entry(
            "a-range-that-wraps",
            "data_offsets",
            json!([u64::MAX - 23, u64::MAX]),
            "refused",
        ),
    ]
}
