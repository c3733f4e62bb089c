use std::sync::Arc;

use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::data_type::Int32Type;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const ZSTD: fn() -> Compression = || Compression::ZSTD(ZstdLevel::default());

/// A Parquet file with a column of numbers before that of texts; `None` is a null.
pub(crate) fn written(groups: &[Vec<Option<&[u8]>>], compression: Compression) -> Vec<u8> {
    let schema = "message shard { required int32 id; optional binary text (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for group in groups {
        let mut writer = writer.next_row_group().unwrap();
        let ids: Vec<i32> = (0..group.len() as i32).collect();
        let mut column = writer.next_column().unwrap().unwrap();
        column
            .typed::<Int32Type>()
            .write_batch(&ids, None, None)
            .unwrap();
        column.close().unwrap();
        let levels: Vec<i16> = group.iter().map(|text| i16::from(text.is_some())).collect();
        let texts: Vec<ByteArray> = group
            .iter()
            .flatten()
            .map(|text| text.to_vec().into())
            .collect();
        let mut column = writer.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&texts, Some(&levels), None)
            .unwrap();
        column.close().unwrap();
        writer.close().unwrap();
    }
    writer.into_inner().unwrap()
}

/// Row groups of so many texts that all differ.
pub(crate) fn shard_of(counts: &[usize], compression: Compression) -> Vec<u8> {
    let texts: Vec<Vec<String>> = counts
        .iter()
        .enumerate()
        .map(|(group, count)| (0..*count).map(|number| text(group, number)).collect())
        .collect();
    let bytes = |group: &Vec<String>| -> Vec<Option<Vec<u8>>> {
        group
            .iter()
            .map(|text| Some(text.clone().into_bytes()))
            .collect()
    };
    let owned: Vec<_> = texts.iter().map(bytes).collect();
    let borrowed: Vec<Vec<Option<&[u8]>>> = owned
        .iter()
        .map(|group| group.iter().map(Option::as_deref).collect())
        .collect();
    written(&borrowed, compression)
}

fn text(group: usize, number: usize) -> String {
    format!("text {number} of group {group}")
}

fn file(bytes: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.parquet");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn documents(path: &Path, part: Part) -> Result<Vec<String>, ShardFault> {
    let mut parquet = Parquet::open(path, part)?;
    let mut texts = Vec::new();
    while let Some(block) = parquet.next_block()? {
        texts.extend(block.documents.into_iter().map(|document| match document {
            Document::Text(text) => text,
            Document::Conversation(_) => panic!("no text"),
        }));
    }
    Ok(texts)
}

fn refusal(bytes: &[u8]) -> String {
    let (_folder, path) = file(bytes);
    documents(&path, Part::default()).unwrap_err().0
}

#[test]
fn documents_come_in_the_order_of_the_file_whatever_packs_it() {
    for compression in [ZSTD(), Compression::SNAPPY, Compression::UNCOMPRESSED] {
        let (_folder, path) = file(&shard_of(&[3, 0, 2], compression));
        let expected = [text(0, 0), text(0, 1), text(0, 2), text(2, 0), text(2, 1)];
        assert_eq!(documents(&path, Part::default()).unwrap(), expected);
    }
}

#[test]
fn a_block_ends_with_its_row_group_and_can_be_read_again_from_where_it_begins() {
    let (_folder, path) = file(&shard_of(&[1_500, 10], ZSTD()));
    let mut through = Parquet::open(&path, Part::default()).unwrap();
    let mut from = Position::default();
    let mut sizes = Vec::new();
    while let Some(block) = through.next_block().unwrap() {
        let mut again = Parquet::open(&path, Part { from, until: None }).unwrap();
        assert_eq!(
            again.next_block().unwrap().unwrap().documents,
            block.documents
        );
        sizes.push(block.documents.len());
        from = block.next;
    }
    assert_eq!(sizes, [1_024, 476, 10]);
}

#[test]
fn nulls_are_no_documents_and_texts_that_are_no_utf_8_are_left_out() {
    let groups = [vec![
        Some(b"one".as_slice()),
        None,
        Some(b"\xff"),
        Some(b"two"),
    ]];
    let (_folder, path) = file(&written(&groups, ZSTD()));
    let mut parquet = Parquet::open(&path, Part::default()).unwrap();
    let block = parquet.next_block().unwrap().unwrap();
    let expected = ["one", "two"].map(|text| Document::Text(text.to_owned()));
    assert_eq!(block.documents, expected);
    assert_eq!(block.unreadable, ["row group 0: a text is not UTF-8"]);
}

#[test]
fn the_last_hundredth_of_the_records_is_held_out() {
    for (counts, group, offset) in [(&[150, 150][..], 1, 147), (&[1, 1], 1, 0), (&[2], 0, 1)] {
        let (_folder, path) = file(&shard_of(counts, ZSTD()));
        let until = hold_out(&path).unwrap().unwrap();
        assert_eq!((until.group, until.offset), (group, offset));
        let training = Part {
            from: Position::default(),
            until: Some(until),
        };
        let validation = Part {
            from: until,
            until: None,
        };
        let both = [
            documents(&path, training).unwrap(),
            documents(&path, validation).unwrap(),
        ];
        assert_eq!(both.concat(), documents(&path, Part::default()).unwrap());
    }
    let (_folder, path) = file(&shard_of(&[1], ZSTD()));
    assert_eq!(hold_out(&path).unwrap(), None);
}

#[test]
fn what_is_no_parquet_with_texts_is_refused_with_the_reason() {
    assert!(refusal(b"PAR1").contains("too short"));
    assert!(refusal(b"no Parquet at all, but long enough").contains("metadata has"));
    assert!(refusal(&[0; 64]).contains("Parquet"));
    let schema = Arc::new(parse_message_type("message shard { required int32 text; }").unwrap());
    let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    assert!(refusal(&writer.into_inner().unwrap()).contains("something other than texts"));
    let schema = Arc::new(parse_message_type("message shard { required binary words; }").unwrap());
    let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    assert!(refusal(&writer.into_inner().unwrap()).contains("no column `text`"));
}

#[test]
fn a_packing_that_can_grow_without_bound_is_refused() {
    let gzip = Compression::GZIP(GzipLevel::default());
    assert!(refusal(&shard_of(&[3], gzip)).contains("packed as GZIP"));
}

#[test]
fn a_page_that_announces_gigabytes_is_refused_before_any_are_reserved() {
    let bytes = shard_of(&[40], Compression::UNCOMPRESSED);
    let (_folder, path) = file(&bytes);
    let parquet = Parquet::open(&path, Part::default()).unwrap();
    let column = parquet.reader.metadata().row_group(0).column(1).clone();
    let from = column.byte_range().0 as usize;
    // The header begins with its type in two bytes; its length follows as a varint.
    assert_eq!(bytes[from + 2], 0x15, "field 2, a number");
    let mut spoilt = bytes.clone();
    spoilt.splice(from + 3..from + 5, [0xFE, 0xFF, 0xFF, 0xFF, 0x0F]);
    let mut spoilt_file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut spoilt_file, &spoilt).unwrap();
    let refused = check_pages(&mut spoilt_file, from as u64, column.byte_range().1 + 3);
    assert!(refused.unwrap_err().0.contains("2147483647 bytes"));
}

#[test]
fn a_shard_cut_anywhere_is_refused() {
    let bytes = shard_of(&[5, 5], ZSTD());
    for length in 0..bytes.len() {
        let (_folder, path) = file(&bytes[..length]);
        assert!(documents(&path, Part::default()).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_flipped_bits_end_more_than_the_shard(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..6),
        is_packed in any::<bool>(),
    ) {
        let compression = if is_packed { ZSTD() } else { Compression::UNCOMPRESSED };
        let mut bytes = shard_of(&[20, 20], compression);
        for (place, bit) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        let (_folder, path) = file(&bytes);
        let _ = documents(&path, Part::default());
        let _ = hold_out(&path);
    }
}
