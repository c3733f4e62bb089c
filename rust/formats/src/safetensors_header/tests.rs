use super::*;

/// The rule that a header with this JSON and this many data bytes breaks.
fn broken(json: &str, data_bytes: u64) -> Violation {
    parse_header(json.as_bytes(), data_bytes).expect_err("a refusal")
}

fn entry(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"t":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
}

/// The rule that a header with one tensor `t` breaks.
fn broken_tensor(dtype: &str, shape: &str, offsets: &str, data_bytes: u64) -> TensorRule {
    match broken(&entry(dtype, shape, offsets), data_bytes) {
        Violation::Tensor(name, rule) => {
            assert_eq!(name, "t");
            rule
        }
        Violation::Header(rule) => panic!("the header, not the tensor: {rule}"),
    }
}

fn malformed(json: &str) -> String {
    match broken(json, 0) {
        Violation::Header(HeaderRule::Malformed(reason))
        | Violation::Tensor(_, TensorRule::Malformed(reason)) => reason,
        other => panic!("{json}: {other:?}"),
    }
}

#[test]
fn the_header_length_is_bounded_by_file_and_limit() {
    let length = |header: u64, file| header_length(header.to_le_bytes(), file);
    assert_eq!(length(0, 7), Err(HeaderRule::TooShort { file_bytes: 7 }));
    assert_eq!(length(2, 10), Ok(2));
    for header_bytes in [3, u64::MAX, u64::MAX - 7, 1 << 63] {
        let rule = HeaderRule::HeaderPastEnd {
            header_bytes,
            file_bytes: 10,
        };
        assert_eq!(length(header_bytes, 10), Err(rule));
    }
    assert_eq!(length(HEADER_LIMIT_BYTES, 1 << 40), Ok(HEADER_LIMIT_BYTES));
    let header_bytes = HEADER_LIMIT_BYTES + 1;
    assert_eq!(
        length(header_bytes, 1 << 40),
        Err(HeaderRule::HeaderTooLong { header_bytes })
    );
}

#[test]
fn the_structure_is_demanded() {
    for json in [
        "",
        " {}",
        "[]",
        "{",
        "{}x",
        "{\"t\":",
        "\u{feff}{}",
        r#"{"__metadata__":{"a":1}}"#,
        r#"{"__metadata__":[]}"#,
        r#"{"__metadata__":{},"__metadata__":{}}"#,
        r#"{"t":[]}"#,
        r#"{"t":{}}"#,
        r#"{"t":{"dtype":"F32","shape":[]}}"#,
        r#"{"t":{"dtype":"F32","data_offsets":[0,4]}}"#,
        r#"{"t":{"shape":[],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","shape":[],"data_offsets":[0,4],"stride":[1]}}"#,
        r#"{"t":{"dtype":4,"shape":[],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
        r#"{"t":{"dtype":"F32","shape":[1],"data_offsets":null}}"#,
    ] {
        assert!(!malformed(json).is_empty());
    }
    assert!(parse_header(b"{\"\xff\":1}", 0).is_err());
}

#[test]
fn padding_and_metadata_are_accepted() {
    let json = r#"{"__metadata__":{"format":"mlx","note":"a\"b"}}     "#;
    assert_eq!(
        parse_header(json.as_bytes(), 0).map(|header| header.entries),
        Ok(Vec::new())
    );
}

#[test]
fn names_are_checked() {
    let with_name = |name: &str| {
        let json = format!(r#"{{"{name}":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}}"#);
        parse_header(json.as_bytes(), 1).map(|_| ())
    };
    let rule = |name: &str| match with_name(name) {
        Err(Violation::Tensor(_, rule)) => rule,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(with_name(&"x".repeat(NAME_LIMIT_BYTES)), Ok(()));
    assert_eq!(with_name("../a"), Ok(()), "a name is never used as a path");
    assert_eq!(rule(&"x".repeat(257)), TensorRule::NameLength(257));
    assert_eq!(rule(""), TensorRule::NameLength(0));
    for name in ["a\\u0000", "\\u001b[2J", "a\\nb", "\\u0085"] {
        assert_eq!(rule(name), TensorRule::NameCharacters);
    }
}

#[test]
fn two_equal_names_are_refused() {
    let one = r#""t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
    let two = r#""\u0074":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}"#;
    assert_eq!(
        broken(&format!("{{{one},{two}}}"), 2),
        Violation::Tensor("t".into(), TensorRule::Duplicate)
    );
}

#[test]
fn only_known_element_types_are_accepted() {
    for dtype in Dtype::ALL {
        let bytes = dtype.size_bytes();
        let json = entry(dtype.name(), "[1]", &format!("[0,{bytes}]"));
        assert!(parse_header(json.as_bytes(), bytes).is_ok(), "{dtype}");
    }
    for dtype in ["BOOL", "F64", "F8_E4M3", "f32", ""] {
        let rule = TensorRule::UnknownDtype(dtype.to_owned());
        assert_eq!(broken_tensor(dtype, "[1]", "[0,1]", 1), rule);
    }
}

#[test]
fn rank_dimensions_and_products_are_bounded() {
    let ones = |rank: usize| format!("[{}]", vec!["1"; rank].join(","));
    assert!(parse_header(entry("U8", &ones(8), "[0,1]").as_bytes(), 1).is_ok());
    assert_eq!(broken_tensor("U8", &ones(9), "[0,1]", 1), TensorRule::Rank);
    assert_eq!(
        broken_tensor("U8", &ones(100_001), "[0,1]", 1),
        TensorRule::Rank
    );
    assert_eq!(
        broken_tensor("U8", "[2147483648]", "[0,1]", 1),
        TensorRule::Dimension(1 << 31)
    );
    let largest = i32::MAX as usize;
    assert_eq!(
        broken_tensor("U8", "[2147483647,2147483647,2147483647]", "[0,1]", 1),
        TensorRule::Overflow(vec![largest; 3])
    );
    // 2^32 * 2^32 elements wrap to zero in unchecked arithmetic.
    assert_eq!(
        broken_tensor("U8", "[65536,65536,65536,65536]", "[0,0]", 0),
        TensorRule::Overflow(vec![65536; 4])
    );
    // So does 2^62 elements times 4 bytes.
    assert_eq!(
        broken_tensor("F32", "[1073741824,1073741824,4]", "[0,0]", 0),
        TensorRule::Overflow(vec![1 << 30, 1 << 30, 4])
    );
}

#[test]
fn ranges_must_have_the_length_that_shape_and_type_demand() {
    assert_eq!(
        broken_tensor("F32", "[2,3]", "[0,20]", 20),
        TensorRule::Length {
            range_bytes: 20,
            demanded_bytes: 24
        }
    );
    assert_eq!(
        broken_tensor("F32", "[1]", "[4,0]", 4),
        TensorRule::BackwardRange { start: 4, end: 0 }
    );
}

fn pair(first: (u64, u64), second: (u64, u64)) -> String {
    let entry = |name: &str, (start, end): (u64, u64)| {
        let length = end - start;
        format!(r#""{name}":{{"dtype":"U8","shape":[{length}],"data_offsets":[{start},{end}]}}"#)
    };
    format!("{{{},{}}}", entry("a", first), entry("b", second))
}

#[test]
fn the_data_is_covered_exactly() {
    assert!(parse_header(pair((0, 4), (4, 8)).as_bytes(), 8).is_ok());
    assert!(parse_header(pair((4, 8), (0, 4)).as_bytes(), 8).is_ok());
    let tensor = |name: &str, rule| Violation::Tensor(name.into(), rule);
    assert_eq!(
        broken(&pair((0, 4), (3, 8)), 8),
        tensor(
            "b",
            TensorRule::Overlap {
                start: 3,
                previous_end: 4
            }
        )
    );
    assert!(matches!(
        broken(&pair((0, 4), (0, 4)), 4),
        Violation::Tensor(_, TensorRule::Overlap { .. })
    ));
    assert_eq!(
        broken(&pair((0, 4), (5, 8)), 8),
        tensor(
            "b",
            TensorRule::Hole {
                start: 5,
                previous_end: 4
            }
        )
    );
    assert_eq!(
        broken(&pair((1, 4), (4, 8)), 8),
        tensor(
            "a",
            TensorRule::Hole {
                start: 1,
                previous_end: 0
            }
        )
    );
    assert_eq!(
        broken(&pair((0, 4), (4, 9)), 8),
        tensor(
            "b",
            TensorRule::PastEnd {
                end: 9,
                data_bytes: 8
            }
        )
    );
    assert_eq!(
        broken(&pair((0, 4), (4, 8)), 9),
        Violation::Header(HeaderRule::TrailingBytes {
            covered_bytes: 8,
            data_bytes: 9
        })
    );
}

#[test]
fn a_tensor_without_elements_takes_no_place() {
    for place in [0, 4, 8] {
        let empty =
            format!(r#""e":{{"dtype":"F32","shape":[3,0],"data_offsets":[{place},{place}]}}"#);
        let pair = pair((0, 4), (4, 8));
        let json = format!("{},{empty}}}", pair.trim_end_matches('}').to_owned() + "}");
        assert_eq!(
            parse_header(json.as_bytes(), 8).map(|header| header.entries.len()),
            Ok(3)
        );
    }
    // But not inside another tensor.
    let json = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
        "e":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}"#;
    assert!(matches!(
        broken(json, 4),
        Violation::Tensor(_, TensorRule::Overlap { .. })
    ));
}

#[test]
fn the_number_of_tensors_is_bounded() {
    let json = |count: usize| {
        let entries: Vec<_> = (0..count)
            .map(|n| format!(r#""{n}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#))
            .collect();
        format!("{{{}}}", entries.join(","))
    };
    let most = parse_header(json(TENSOR_LIMIT).as_bytes(), 0);
    assert_eq!(most.map(|header| header.entries.len()), Ok(TENSOR_LIMIT));
    assert_eq!(
        broken(&json(TENSOR_LIMIT + 1), 0),
        Violation::Header(HeaderRule::TooManyTensors)
    );
}

#[test]
fn deep_nesting_is_an_error_not_a_stack_overflow() {
    let deep = format!("{{\"t\":{}", "[".repeat(1 << 20));
    assert!(parse_header(deep.as_bytes(), 0).is_err());
    let deep = format!("{{\"__metadata__\":{}", "{\"a\":".repeat(1 << 20));
    assert!(parse_header(deep.as_bytes(), 0).is_err());
}
