//! Tensors in the wrong place or under a wrong name, and headers of 60 MiB.

use serde_json::{Value, json};

use super::case;
use crate::case::Case;

/// A header with tensors of so many bytes at these ranges.
fn ranges(ranges: &[(&str, u64, u64)]) -> String {
    let entries = ranges.iter().map(|(name, start, end)| {
        let entry = json!({"dtype": "U8", "shape": [end - start], "data_offsets": [start, end]});
        ((*name).to_owned(), entry)
    });
    Value::Object(entries.collect()).to_string()
}

pub(super) fn wrong_ranges() -> Vec<Case> {
    vec![
        case(
            "a-range-past-the-end",
            ranges(&[("a", 0, 25)]),
            24,
            "cut off",
        ),
        case(
            "a-file-cut-off",
            ranges(&[("a", 0, 8), ("b", 8, 24)]),
            16,
            "cut off",
        ),
        case(
            "bytes-that-belong-to-nothing",
            ranges(&[("a", 0, 24)]),
            25,
            "every byte",
        ),
        case("bytes-and-no-tensor", "{}", 1, "every byte"),
        case(
            "a-hole-at-the-start",
            ranges(&[("a", 1, 24)]),
            24,
            "every byte",
        ),
        case(
            "a-hole-in-the-middle",
            ranges(&[("a", 0, 8), ("b", 9, 24)]),
            24,
            "every byte",
        ),
        case(
            "two-tensors-in-one-place",
            ranges(&[("a", 0, 24), ("b", 0, 24)]),
            24,
            "inside another",
        ),
        case(
            "a-tensor-inside-another",
            ranges(&[("a", 0, 24), ("b", 8, 16)]),
            24,
            "inside another",
        ),
        case(
            "tensors-that-overlap-by-a-byte",
            ranges(&[("a", 0, 9), ("b", 8, 24)]),
            24,
            "inside another",
        ),
        case(
            "a-terabyte-in-a-small-file",
            ranges(&[("a", 0, 1 << 30)]),
            0,
            "cut off",
        ),
    ]
}

pub(super) fn wrong_names() -> Vec<Case> {
    let named = |name: &str, tensor: &str, expected: &str| {
        let header = json!({tensor: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}});
        case(name, header.to_string(), 1, expected)
    };
    let twice = "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
    let escaped = twice.replacen("\"a\"", "\"\\u0061\"", 1);
    vec![
        named("a-tensor-without-a-name", "", "1 to 256 bytes"),
        named("a-long-name", &"a".repeat(257), "1 to 256 bytes"),
        named("a-name-with-a-line-break", "a\nb", "control characters"),
        named("a-name-with-an-escape", "a\u{1b}[2J", "control characters"),
        named("a-name-with-a-zero", "a\0b", "control characters"),
        case("the-same-name-twice", twice, 1, "occurs twice"),
        case(
            "the-same-name-twice-once-escaped",
            escaped,
            1,
            "occurs twice",
        ),
    ]
}

/// Repeats a piece until the text has about this many bytes.
fn filled(start: &str, piece: &str, end: &str, length: usize) -> String {
    let count = (length - start.len() - end.len()) / piece.len();
    format!("{start}{}{end}", piece.repeat(count))
}

pub(super) fn large_headers() -> Vec<Case> {
    const LENGTH: usize = 60 << 20;
    let large = |name, start, piece, end, expected| {
        case(name, filled(start, piece, end, LENGTH), 0, expected)
    };
    vec![
        large(
            "a-shape-without-end",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[",
            "1,",
            "1]}}",
            "more than 8",
        ),
        large("brackets-without-end", "{\"a\":", "[", "", "tensor `a`"),
        large("a-name-without-end", "{\"", "x", "\":1}", "1 to 256 bytes"),
        large(
            "a-name-of-escapes-without-end",
            "{\"",
            "\\u0061",
            "\":1}",
            "1 to 256 bytes",
        ),
        large(
            "a-shape-that-is-a-text-without-end",
            "{\"a\":{\"shape\":\"",
            "x",
            "\"}}",
            "malformed",
        ),
        large(
            "a-range-that-is-a-text-without-end",
            "{\"a\":{\"data_offsets\":\"",
            "x",
            "\"}}",
            "malformed",
        ),
        large(
            "an-entry-that-is-a-text-without-end",
            "{\"a\":\"",
            "x",
            "\"}",
            "malformed",
        ),
        large(
            "a-field-without-end",
            "{\"a\":{\"",
            "x",
            "\":1}}",
            "malformed",
        ),
        large(
            "metadata-that-is-a-text-without-end",
            "{\"__metadata__\":\"",
            "x",
            "\"}",
            "not the JSON",
        ),
        large(
            "a-header-that-is-a-text-without-end",
            "\"",
            "x",
            "\"",
            "opening brace",
        ),
        large(
            "an-element-type-without-end",
            "{\"a\":{\"dtype\":\"",
            "x",
            "\"}}",
            "element type",
        ),
        large(
            "the-same-tensor-without-end",
            "{",
            "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
            "}",
            "more than 100000 tensors",
        ),
    ]
}
