//! Single rows of a tensor, read when they are wanted.

use std::sync::Arc;

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::shard::{Shard, TensorInfo};

/// A tensor of which rows are read by number, from a file that it keeps open.
///
/// Rows are read and never mapped: touching a mapped page of a file that has been cut short ends
/// the process, where a read gives an error.
#[derive(Debug)]
pub struct TensorRows {
    name: String,
    info: TensorInfo,
    rows: u64,
    row_bytes: u64,
    shard: Arc<Shard>,
}

impl TensorRows {
    pub(crate) fn new(
        name: &str,
        info: &TensorInfo,
        shard: Arc<Shard>,
    ) -> Result<Self, FormatError> {
        let rows = info.shape.first().map_or(0, |&rows| rows as u64);
        let Some(row_bytes) = info.length.checked_div(rows) else {
            return Err(no_such_row(name, 0, rows));
        };
        Ok(Self {
            name: name.to_owned(),
            info: info.clone(),
            rows,
            row_bytes,
            shard,
        })
    }

    /// Element type.
    pub fn dtype(&self) -> Dtype {
        self.info.dtype
    }

    /// Dimensions of one row.
    pub fn row_shape(&self) -> &[usize] {
        self.info.shape.get(1..).unwrap_or_default()
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> u64 {
        self.row_bytes
    }

    /// Reads the rows that `numbers` name, one behind the other, into a buffer of exactly their
    /// length. Neighbours in the file are read at once.
    ///
    /// # Errors
    /// When there is no such row, the buffer has another length, or the file has changed its length
    /// since it was opened.
    pub fn read_into(&self, numbers: &[u32], buffer: &mut [u8]) -> Result<(), FormatError> {
        self.check(numbers, buffer.len() as u64)?;
        self.shard.check_length()?;
        let mut rest = buffer;
        for run in numbers.chunk_by(|row, next| row.checked_add(1) == Some(*next)) {
            let length = run.len() * self.row_bytes as usize;
            let (rows, behind) = rest.split_at_mut(length);
            let first = u64::from(run[0]) * self.row_bytes;
            self.shard.read_at(self.info.offset + first, rows)?;
            rest = behind;
        }
        Ok(())
    }

    fn check(&self, numbers: &[u32], buffer_bytes: u64) -> Result<(), FormatError> {
        if let Some(&row) = numbers.iter().find(|&&row| u64::from(row) >= self.rows) {
            return Err(no_such_row(&self.name, row.into(), self.rows));
        }
        let wanted_bytes = (numbers.len() as u64).checked_mul(self.row_bytes);
        match wanted_bytes == Some(buffer_bytes) {
            true => Ok(()),
            false => Err(FormatError::BufferLength {
                tensor: self.name.clone(),
                tensor_bytes: wanted_bytes.unwrap_or(u64::MAX),
                buffer_bytes,
            }),
        }
    }
}

fn no_such_row(tensor: &str, row: u64, rows: u64) -> FormatError {
    FormatError::NoSuchRow {
        tensor: tensor.to_owned(),
        row,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::test_files::{TestDirectory, valid_file};

    /// `table` has four rows of three bytes; its first byte is 0, its second 1 and so on.
    fn table() -> (TestDirectory, Checkpoint) {
        let directory = TestDirectory::new();
        let bytes: Vec<u8> = (0..12).collect();
        let file = valid_file(&[
            ("before", "U8", &[2], &[90, 91]),
            ("table", "U8", &[4, 3], &bytes),
            ("scalar", "U8", &[], &[7]),
        ]);
        let path = directory.write("m.safetensors", &file);
        let checkpoint = Checkpoint::open_file(&path).unwrap();
        (directory, checkpoint)
    }

    fn read(rows: &TensorRows, numbers: &[u32]) -> Result<Vec<u8>, FormatError> {
        let mut buffer = vec![0; numbers.len() * 3];
        rows.read_into(numbers, &mut buffer).map(|()| buffer)
    }

    #[test]
    fn rows_come_in_the_order_in_which_they_were_asked_for() {
        let (_directory, checkpoint) = table();
        let rows = checkpoint.rows("table").unwrap();
        assert_eq!(
            (rows.rows(), rows.row_bytes(), rows.row_shape()),
            (4, 3, &[3][..])
        );
        assert_eq!(
            read(&rows, &[3, 1, 2, 2, 0]).unwrap(),
            [9, 10, 11, 3, 4, 5, 6, 7, 8, 6, 7, 8, 0, 1, 2]
        );
        assert!(read(&rows, &[]).unwrap().is_empty());
    }

    #[test]
    fn rows_outlive_the_checkpoint_and_the_files_name() {
        let (directory, checkpoint) = table();
        let rows = checkpoint.rows("table").unwrap();
        drop(checkpoint);
        fs::remove_file(directory.path().join("m.safetensors")).unwrap();
        assert_eq!(read(&rows, &[1]).unwrap(), [3, 4, 5]);
    }

    #[test]
    fn rows_past_the_end_scalars_and_wrong_buffers_are_refused() {
        let (_directory, checkpoint) = table();
        let rows = checkpoint.rows("table").unwrap();
        let message = read(&rows, &[0, 4]).unwrap_err().to_string();
        assert_eq!(message, "tensor `table` has 4 rows, so there is no row 4");
        assert!(read(&rows, &[u32::MAX]).is_err());
        assert!(matches!(
            rows.read_into(&[0], &mut [0; 4]),
            Err(FormatError::BufferLength { .. })
        ));
        assert!(checkpoint.rows("scalar").is_err());
        assert!(checkpoint.rows("absent").is_err());
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_an_error() {
        let (directory, checkpoint) = table();
        let rows = checkpoint.rows("table").unwrap();
        let path = directory.path().join("m.safetensors");
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(20).unwrap();
        assert!(matches!(
            read(&rows, &[3]),
            Err(FormatError::Changed {
                actual_bytes: 20,
                ..
            })
        ));
    }
}
