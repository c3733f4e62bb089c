//! Which of the positions that a chunk of tokens looks at each of its queries sees.

use headroom_mlx::ops::{arange, concatenate};
use headroom_mlx::{Array, Result};

/// Who sees what.
#[derive(Debug)]
pub(crate) enum Visibility {
    /// All of them: there is one query, the newest.
    All,
    /// Those up to its own.
    Causal,
    /// The sinks and the most recent of those up to its own.
    Window(Window),
    /// Those of its own chunk up to its own.
    Chunks(Chunks),
}

impl Visibility {
    /// Where nothing is out of sight but the future.
    pub(crate) fn of_rows(rows: i32) -> Self {
        match rows {
            1 => Self::All,
            _ => Self::Causal,
        }
    }
}

/// `columns` positions in order, the last `rows` of which are the queries' own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Tokens before the first query.
    pub(crate) first_row: i32,
    pub(crate) rows: i32,
    pub(crate) columns: i32,
    /// First tokens that are always seen.
    pub(crate) sinks: i32,
    /// How many tokens each query sees besides, its own included.
    pub(crate) recent: i32,
}

impl Window {
    /// `(rows, columns)`, true where a query sees a position.
    pub(crate) fn mask(&self) -> Result<Array> {
        let rows = arange::<i32, i32>(self.first_row, self.first_row + self.rows, 1)?
            .reshape(&[self.rows, 1])?;
        let columns = self.column_positions()?;
        let is_past = columns.le(&rows)?;
        let is_sink = columns.lt(Array::from_int(self.sinks))?;
        let is_recent = columns.gt(&rows.subtract(Array::from_int(self.recent))?)?;
        is_past.logical_and(is_sink.logical_or(is_recent)?)
    }

    /// The token at each column: the sinks, then the last ones without a gap.
    fn column_positions(&self) -> Result<Array> {
        let end = self.first_row + self.rows;
        let is_gap_free = self.columns == end || self.sinks == 0;
        if is_gap_free {
            return arange::<i32, i32>(end - self.columns, end, 1);
        }
        let last = self.columns - self.sinks;
        concatenate(
            &[
                arange::<i32, i32>(0, self.sinks, 1)?,
                arange::<i32, i32>(end - last, end, 1)?,
            ],
            0,
        )
    }
}

/// `columns` positions in order from the start of a chunk on, the last `rows` of which are the
/// queries' own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunks {
    pub(crate) rows: i32,
    pub(crate) columns: i32,
    pub(crate) chunk_size: i32,
}

impl Chunks {
    /// `(rows, columns)`, true where a query sees a position.
    pub(crate) fn mask(&self) -> Result<Array> {
        let columns = arange::<i32, i32>(0, self.columns, 1)?;
        let rows = arange::<i32, i32>(self.columns - self.rows, self.columns, 1)?
            .reshape(&[self.rows, 1])?;
        let chunk = Array::from_int(self.chunk_size);
        let is_same_chunk = columns
            .floor_divide(&chunk)?
            .eq(&rows.floor_divide(&chunk)?)?;
        columns.le(&rows)?.logical_and(is_same_chunk)
    }
}
