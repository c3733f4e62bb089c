//! Parquet with a column `text`: documents are records, and a block never spans two row groups.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::basic::{Compression, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

use super::block::Block;
use super::fault::ShardFault;
use super::parquet_pages::check_pages;
use crate::data::content::Document;
use crate::data::position::{Part, Position};

const COLUMN: &str = "text";
/// Longest description of a file's row groups; that of a usual shard has a hundredth.
const METADATA_BYTES: u64 = 16 << 20;
/// Records that are read at a time, so that long ones cannot fill a block far beyond its size.
const RECORDS: usize = 64;

/// A Parquet file that is being read.
pub(crate) struct Parquet {
    file: File,
    reader: SerializedFileReader<File>,
    column: usize,
    at: Position,
    until: Option<Position>,
    open: Option<ColumnReaderImpl<ByteArrayType>>,
}

impl Parquet {
    pub(super) fn open(path: &Path, part: Part) -> Result<Self, ShardFault> {
        let mut file = File::open(path)?;
        refuse_long_metadata(&mut file)?;
        let for_reader = file.try_clone()?;
        let reader = guarded(|| SerializedFileReader::new(for_reader))?;
        let column = guarded(|| Ok(text_column(&reader)))??;
        Ok(Self {
            file,
            reader,
            column,
            at: part.from,
            until: part.until,
            open: None,
        })
    }

    pub(super) fn next_block(&mut self) -> Result<Option<Block>, ShardFault> {
        let groups = self.reader.metadata().num_row_groups() as u64;
        while self.at.group < groups && self.until.is_none_or(|until| self.at < until) {
            let mut block = Block::default();
            let before = self.at;
            self.fill(&mut block)?;
            if self.at > before {
                block.next = self.at;
                return Ok(Some(block));
            }
            self.open = None;
            self.at = Position {
                group: self.at.group.saturating_add(1),
                offset: 0,
            };
        }
        Ok(None)
    }

    fn fill(&mut self, block: &mut Block) -> Result<(), ShardFault> {
        let mut reader = match self.open.take() {
            Some(reader) => reader,
            None => self.open_group()?,
        };
        while !block.is_full() {
            let count = RECORDS.min(self.records_left());
            let (records, values) = read(&mut reader, count)?;
            if records == 0 {
                break;
            }
            for value in &values {
                match std::str::from_utf8(value.data()) {
                    Ok(text) => block.push(Document::Text(text.to_owned())),
                    Err(_) => {
                        block.leave_out(format!("row group {}: a text is not UTF-8", self.at.group))
                    }
                }
            }
            self.at.offset = self.at.offset.saturating_add(records as u64);
        }
        self.open = Some(reader);
        Ok(())
    }

    /// How many records of the row group at hand belong to the part.
    fn records_left(&self) -> usize {
        let until = self.until.filter(|until| until.group == self.at.group);
        let left = until.map(|until| until.offset.saturating_sub(self.at.offset));
        left.map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        })
    }

    fn open_group(&mut self) -> Result<ColumnReaderImpl<ByteArrayType>, ShardFault> {
        let (column, at) = (self.column, self.at);
        let group = usize::try_from(at.group).unwrap_or(usize::MAX);
        let (reader, file) = (&self.reader, &mut self.file);
        let ((from, length), compression) = guarded(|| {
            let chunk = reader.metadata().row_group(group).column(column);
            Ok((chunk.byte_range(), chunk.compression()))
        })?;
        refuse_unbounded(compression)?;
        check_pages(file, from, length)?;
        let opened = guarded(|| reader.get_row_group(group)?.get_column_reader(column))?;
        let ColumnReader::ByteArrayColumnReader(mut opened) = opened else {
            return Err(wrong_column());
        };
        let records = usize::try_from(at.offset).unwrap_or(usize::MAX);
        let skipped = guarded(|| opened.skip_records(records))?;
        match skipped == records {
            true => Ok(opened),
            false => Err(ShardFault(format!(
                "row group {group} has only {skipped} records"
            ))),
        }
    }
}

/// The library unpacks the other kinds beyond what a page announces.
fn refuse_unbounded(compression: Compression) -> Result<(), ShardFault> {
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => Ok(()),
        other => Err(ShardFault(format!(
            "its texts are packed as {other}, but only ZSTD, SNAPPY and UNCOMPRESSED are read"
        ))),
    }
}

/// Records and the texts among them; a null is a record without one.
fn read(
    reader: &mut ColumnReaderImpl<ByteArrayType>,
    count: usize,
) -> Result<(usize, Vec<ByteArray>), ShardFault> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let read = guarded(|| reader.read_records(count, Some(&mut levels), None, &mut values));
    read.map(|(records, _, _)| (records, values))
}

/// The last eight bytes of a file say how long its metadata is.
fn refuse_long_metadata(file: &mut File) -> Result<(), ShardFault> {
    let mut end = [0; 8];
    let from = file.metadata()?.len().checked_sub(end.len() as u64);
    let from = from.ok_or_else(|| ShardFault("it is too short to be Parquet".to_owned()))?;
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, ..] = end;
    let metadata_bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    match metadata_bytes > METADATA_BYTES {
        true => Err(ShardFault(format!(
            "its metadata has {metadata_bytes} bytes, but at most {METADATA_BYTES} are read"
        ))),
        false => Ok(()),
    }
}

fn text_column(reader: &SerializedFileReader<File>) -> Result<usize, ShardFault> {
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = schema.columns();
    let found = columns
        .iter()
        .position(|column| column.path().string() == COLUMN);
    let found = found.ok_or_else(|| ShardFault(format!("it has no column `{COLUMN}`")))?;
    let column = schema.column(found);
    let is_text = column.physical_type() == Type::BYTE_ARRAY && column.max_rep_level() == 0;
    is_text.then_some(found).ok_or_else(wrong_column)
}

fn wrong_column() -> ShardFault {
    ShardFault(format!(
        "its column `{COLUMN}` holds something other than texts"
    ))
}

/// Where the last hundredth of the records begins.
pub(super) fn hold_out(path: &Path) -> Result<Option<Position>, ShardFault> {
    let parquet = Parquet::open(path, Part::default())?;
    let groups = parquet.reader.metadata().row_groups().iter();
    let counts: Vec<u64> = groups
        .map(|group| u64::try_from(group.num_rows()).unwrap_or(0))
        .collect();
    let total = counts.iter().copied().fold(0, u64::saturating_add);
    let mut offset = total - (total / 100).max(1).min(total);
    if offset == 0 {
        return Ok(None);
    }
    for (group, count) in (0..).zip(counts) {
        if offset < count {
            return Ok(Some(Position { group, offset }));
        }
        offset -= count;
    }
    Ok(None)
}

/// The library panics on some malformed files.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ShardFault> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| ShardFault(error.to_string())),
        Err(_) => Err(ShardFault("its reader failed on it".to_owned())),
    }
}

#[cfg(test)]
#[path = "parquet_tests.rs"]
pub(crate) mod tests;
