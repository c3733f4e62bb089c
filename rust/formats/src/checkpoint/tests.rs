use super::*;
use crate::dtype::Dtype;
use crate::header_rule::{HeaderRule, TensorRule};
use crate::test_files::{TestDirectory, raw_file, valid_file};
use proptest::prelude::*;
use std::fs;

const A: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];
const B: &[u8] = &[9, 10, 11];
const C: &[u8] = &[12, 13];

/// A directory of two shards: `a` and `b` in the first, `c` in the second.
fn two_shards() -> TestDirectory {
    let directory = TestDirectory::new();
    let first = valid_file(&[("a", "BF16", &[2, 2], A), ("b", "U8", &[3], B)]);
    directory.write("m-1.safetensors", &first);
    directory.write("m-2.safetensors", &valid_file(&[("c", "F16", &[1], C)]));
    write_index(&directory, &[("a", 1), ("b", 1), ("c", 2)]);
    directory
}

fn write_index(directory: &TestDirectory, tensors: &[(&str, u32)]) {
    let entries: Vec<_> = tensors
        .iter()
        .map(|(tensor, shard)| format!(r#""{tensor}":"m-{shard}.safetensors""#))
        .collect();
    let json = format!(
        r#"{{"metadata":{{"total_size":13}},"weight_map":{{{}}}}}"#,
        entries.join(",")
    );
    directory.write(INDEX_FILE, json.as_bytes());
}

fn index_rule(directory: &TestDirectory) -> IndexRule {
    match Checkpoint::open(directory.path()) {
        Err(FormatError::Index { rule, .. }) => rule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn shards_are_read_as_one_set_of_tensors() {
    let directory = two_shards();
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    assert_eq!(checkpoint.names().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(checkpoint.total_bytes(), 13);
    assert_eq!(checkpoint.files().len(), 2);
    for (name, bytes) in [("a", A), ("b", B), ("c", C)] {
        assert_eq!(checkpoint.read(name).expect("bytes"), bytes, "{name}");
        let mut buffer = vec![0; bytes.len()];
        checkpoint.read_into(name, &mut buffer).expect("bytes");
        assert_eq!(buffer, bytes, "{name}");
    }
    let info = checkpoint.info("a").expect("a tensor");
    assert_eq!(
        (info.dtype, &info.shape[..]),
        (Dtype::Bfloat16, &[2, 2][..])
    );
    assert_eq!((info.element_count(), info.byte_len()), (4, 8));
    assert!(!checkpoint.contains("d"));
}

#[test]
fn scalars_and_empty_tensors_are_read() {
    let directory = TestDirectory::new();
    let file = valid_file(&[("empty", "F32", &[0, 3], &[]), ("scalar", "U16", &[], C)]);
    directory.write(SINGLE_FILE, &file);
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    assert_eq!(checkpoint.read("empty").expect("no bytes"), b"");
    assert_eq!(checkpoint.read("scalar").expect("two bytes"), C);
    let scalar = checkpoint.info("scalar").expect("a tensor");
    assert_eq!(scalar.element_count(), 1);
}

#[test]
fn files_of_the_reference_writer_are_read() {
    let directory = TestDirectory::new();
    let view = |dtype, shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).expect("a view")
    };
    let tensors = [
        ("x", view(safetensors::Dtype::BF16, &[2, 2], A)),
        ("y", view(safetensors::Dtype::U8, &[3], B)),
    ];
    let metadata = Some([("format".to_owned(), "mlx".to_owned())].into());
    let file = safetensors::serialize(tensors, metadata).expect("a file");
    let checkpoint = Checkpoint::open_file(&directory.write("adapter.safetensors", &file));
    let checkpoint = checkpoint.expect("a checkpoint");
    assert_eq!(checkpoint.read("x").expect("bytes"), A);
    assert_eq!(checkpoint.read("y").expect("bytes"), B);
}

#[test]
fn a_directory_without_weights_says_what_is_expected() {
    let directory = TestDirectory::new();
    let error = Checkpoint::open(directory.path()).expect_err("no weights");
    assert!(matches!(error, FormatError::NoWeights { .. }));
    let message = error.to_string();
    assert!(message.contains(&directory.path().display().to_string()));
    assert!(message.contains("model.safetensors.index.json"));
}

#[test]
fn a_missing_shard_is_named() {
    let directory = two_shards();
    fs::remove_file(directory.path().join("m-2.safetensors")).expect("removed");
    let error = Checkpoint::open(directory.path()).expect_err("a missing shard");
    assert!(error.to_string().contains("m-2.safetensors"), "{error}");
}

#[test]
fn an_index_that_leads_nowhere_is_not_passed_over() {
    let directory = TestDirectory::new();
    directory.write(SINGLE_FILE, &valid_file(&[("c", "F16", &[1], C)]));
    let link = directory.path().join(INDEX_FILE);
    std::os::unix::fs::symlink("absent", link).expect("a link");
    assert!(matches!(
        Checkpoint::open(directory.path()),
        Err(FormatError::Io { .. })
    ));
}

#[test]
fn shards_may_be_links_out_of_the_directory() {
    let blobs = two_shards();
    let directory = TestDirectory::new();
    for name in ["m-1.safetensors", "m-2.safetensors", INDEX_FILE] {
        let target = blobs.path().join(name);
        std::os::unix::fs::symlink(target, directory.path().join(name)).expect("a link");
    }
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    assert_eq!(checkpoint.read("c").expect("bytes"), C);
}

#[test]
fn index_and_shards_must_agree() {
    let directory = two_shards();
    let (tensor, shard) = ("b".to_owned(), "m-1.safetensors".to_owned());
    write_index(&directory, &[("a", 1), ("c", 2)]);
    let unlisted = IndexRule::TensorUnlisted {
        tensor: tensor.clone(),
        shard: shard.clone(),
    };
    assert_eq!(index_rule(&directory), unlisted);
    write_index(&directory, &[("a", 1), ("b", 2), ("c", 2)]);
    let misplaced = IndexRule::WrongShard {
        tensor,
        shard: shard.clone(),
        listed: "m-2.safetensors".to_owned(),
    };
    assert_eq!(index_rule(&directory), misplaced);
    write_index(&directory, &[("a", 1), ("b", 1), ("c", 2), ("d", 1)]);
    let absent = IndexRule::TensorAbsent {
        tensor: "d".to_owned(),
        shard,
    };
    assert_eq!(index_rule(&directory), absent);
}

#[test]
fn a_tensor_in_two_shards_is_refused() {
    let directory = two_shards();
    let second = valid_file(&[("a", "BF16", &[2, 2], A), ("c", "F16", &[1], C)]);
    directory.write("m-2.safetensors", &second);
    assert!(matches!(
        index_rule(&directory),
        IndexRule::WrongShard { tensor, .. } if tensor == "a"
    ));
}

#[test]
fn the_index_must_name_plain_files() {
    let directory = two_shards();
    directory.write(INDEX_FILE, br#"{"weight_map":{"a":"../m-1.safetensors"}}"#);
    assert_eq!(
        index_rule(&directory),
        IndexRule::ShardName("../m-1.safetensors".to_owned())
    );
}

#[test]
fn a_broken_tensor_names_file_tensor_and_rule() {
    let directory = TestDirectory::new();
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#;
    let path = directory.write(SINGLE_FILE, &raw_file(header, 4));
    let error = Checkpoint::open(directory.path()).expect_err("a refusal");
    let rule = TensorRule::Length {
        range_bytes: 4,
        demanded_bytes: 8,
    };
    assert!(matches!(&error, FormatError::Tensor { rule: found, .. } if *found == rule));
    assert_eq!(
        error.to_string(),
        format!(
            "in {}, tensor `w` is refused: its byte range holds 4 bytes, but its shape and element type demand 8",
            path.display()
        )
    );
}

#[test]
fn files_shorter_than_they_say_are_refused() {
    let directory = TestDirectory::new();
    let whole = valid_file(&[("a", "BF16", &[2, 2], A), ("b", "U8", &[3], B)]);
    for length in 0..whole.len() {
        let path = directory.write("cut.safetensors", &whole[..length]);
        let error = Checkpoint::open_file(&path).expect_err("a refusal");
        assert!(
            matches!(
                error,
                FormatError::Header { .. } | FormatError::Tensor { .. }
            ),
            "{length}: {error}"
        );
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(matches!(
        Checkpoint::open_file(&directory.write("long.safetensors", &longer)),
        Err(FormatError::Header {
            rule: HeaderRule::TrailingBytes { .. },
            ..
        })
    ));
}

#[test]
fn a_directory_in_place_of_weights_is_refused() {
    let directory = TestDirectory::new();
    fs::create_dir(directory.path().join(SINGLE_FILE)).expect("a directory");
    assert!(matches!(
        Checkpoint::open(directory.path()),
        Err(FormatError::NotARegularFile { .. })
    ));
}

#[test]
fn a_file_that_changes_its_length_is_noticed() {
    let directory = two_shards();
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(directory.path().join("m-1.safetensors"))
        .expect("the shard");
    let whole = file.metadata().expect("its length").len();
    for length in [whole - 1, 0, whole + 1] {
        file.set_len(length).expect("another length");
        let mut buffer = [0; 3];
        for result in [
            checkpoint.read("b").map(|_| ()),
            checkpoint.read_into("b", &mut buffer),
        ] {
            assert!(
                matches!(result, Err(FormatError::Changed { actual_bytes, .. }) if actual_bytes == length)
            );
        }
    }
}

#[test]
fn a_file_put_in_its_place_changes_nothing() {
    let directory = two_shards();
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    let other = directory.write("other", b"something else");
    fs::rename(other, directory.path().join("m-1.safetensors")).expect("replaced");
    assert_eq!(checkpoint.read("a").expect("bytes"), A);
    fs::remove_file(directory.path().join("m-2.safetensors")).expect("removed");
    assert_eq!(checkpoint.read("c").expect("bytes"), C);
}

#[test]
fn only_a_file_that_nobody_may_write_is_given_away() {
    use std::os::unix::fs::{FileExt, PermissionsExt};
    let directory = two_shards();
    let path = directory.path().join("m-1.safetensors");
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    for (mode, is_given) in [(0o444, true), (0o464, false), (0o600, false)] {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, permissions).expect("other permissions");
        let place = checkpoint.read_only_place("b");
        assert_eq!(place.is_some(), is_given, "{mode:o}");
        if let Some((file, offset)) = place {
            let mut bytes = [0; 3];
            file.read_exact_at(&mut bytes, offset).expect("its bytes");
            assert_eq!(bytes, B);
        }
    }
    assert!(checkpoint.read_only_place("d").is_none());
}

#[test]
fn reads_of_unknown_tensors_and_into_wrong_buffers_are_errors() {
    let directory = two_shards();
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    assert!(matches!(
        checkpoint.read("d"),
        Err(FormatError::UnknownTensor { .. })
    ));
    assert!(matches!(
        checkpoint.read_into("a", &mut [0; 7]),
        Err(FormatError::BufferLength {
            tensor_bytes: 8,
            buffer_bytes: 7,
            ..
        })
    ));
}

#[test]
fn what_the_configuration_demands_must_be_there() {
    let directory = two_shards();
    let checkpoint = Checkpoint::open(directory.path()).expect("a checkpoint");
    let demanded = [
        ExpectedTensor::float("a", [2, 2]),
        ExpectedTensor::float("c", [1]),
    ];
    let is_left = |name: &str| name == "b";
    checkpoint
        .require_apart_from(&demanded, is_left)
        .expect("all is as demanded");
    let error = checkpoint.require(&demanded).expect_err("a left-over");
    assert!(error.to_string().ends_with("`b` is left over"), "{error}");
}

/// Reads every tensor of a file that may be anything; whatever is accepted must be consistent, and
/// the reference parser must accept it too.
fn read_everything(bytes: &[u8]) {
    let directory = TestDirectory::new();
    let path = directory.write("m.safetensors", bytes);
    let Ok(checkpoint) = Checkpoint::open_file(&path) else {
        return;
    };
    let reference = safetensors::SafeTensors::deserialize(bytes).expect("a valid file");
    assert_eq!(checkpoint.names().len(), reference.len());
    for (name, info) in checkpoint.tensors() {
        let read = checkpoint.read(name).expect("bytes in range");
        let product = info.shape.iter().map(|d| *d as u64).product::<u64>();
        assert_eq!(product, info.element_count());
        assert_eq!(read.len() as u64, product * info.dtype.size_bytes());
        let view = reference.tensor(name).expect("the same tensor");
        assert_eq!((view.data(), view.shape()), (&read[..], &info.shape[..]));
    }
}

fn some_file() -> Vec<u8> {
    valid_file(&[
        ("model.a", "BF16", &[2, 2], A),
        ("b", "U8", &[3], B),
        ("e", "F32", &[0], &[]),
        ("c", "F16", &[1], C),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn flipped_bytes_never_panic_nor_read_out_of_bounds(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut file = some_file();
        for (place, value) in flips {
            let place = place.index(file.len());
            file[place] = value;
        }
        read_everything(&file);
    }

    #[test]
    fn swapped_digits_never_panic_nor_read_out_of_bounds(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 1..4)
    ) {
        // Digits alone keep the JSON valid, so this reaches the arithmetic behind the parser.
        let mut file = some_file();
        let digits: Vec<_> = (8..file.len()).filter(|&at| file[at].is_ascii_digit()).collect();
        for (place, digit) in changes {
            file[digits[place.index(digits.len())]] = digit;
        }
        read_everything(&file);
    }

    #[test]
    fn cut_and_stuffed_files_never_panic(
        cut in any::<prop::sample::Index>(),
        stuffing in proptest::collection::vec(any::<u8>(), 0..40)
    ) {
        let mut file = some_file();
        let at = cut.index(file.len());
        file.truncate(at);
        file.extend(stuffing);
        read_everything(&file);
    }

    #[test]
    fn arbitrary_headers_never_panic(header in "[\\[\\]{}\":,0-9a-zA-Z_ \\\\-]{0,200}", data in 0_usize..32) {
        read_everything(&raw_file(&format!("{{{header}"), data));
    }

    #[test]
    fn what_is_written_is_read_back(
        tensors in proptest::collection::btree_map("[a-z.0-9]{1,12}", proptest::collection::vec(any::<u8>(), 0..50), 0..12)
    ) {
        let shapes: Vec<_> = tensors.values().map(|bytes| [bytes.len()]).collect();
        let listed: Vec<_> = tensors.iter().zip(&shapes)
            .map(|((name, bytes), shape)| (name.as_str(), "U8", &shape[..], &bytes[..]))
            .collect();
        let directory = TestDirectory::new();
        let path = directory.write("m.safetensors", &valid_file(&listed));
        let checkpoint = Checkpoint::open_file(&path).expect("a valid file");
        prop_assert_eq!(checkpoint.names().len(), tensors.len());
        for (name, bytes) in &tensors {
            prop_assert_eq!(&checkpoint.read(name).expect("bytes"), bytes);
        }
    }
}

#[test]
fn a_single_file_keeps_its_metadata() {
    let directory = TestDirectory::new();
    let header = r#"{"__metadata__":{"format":"mlx","note":"a\"b"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    let path = directory.write("model.safetensors", &raw_file(header, 1));
    let checkpoint = Checkpoint::open_file(&path).unwrap();
    assert_eq!(checkpoint.metadata("note"), Some("a\"b"));
    assert_eq!(checkpoint.metadata("nothing"), None);
}
