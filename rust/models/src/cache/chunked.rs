//! A layout for chunked attention, as in Llama 4: a token sees its own chunk up to itself, so that
//! earlier chunks need not be kept.
//!
//! Reference: the mask of `mlx_lm/models/llama4.py`, version 0.32.2. mlx-lm's own cache keeps the last
//! `chunk_size` tokens and hides those of the chunk before.

use headroom_mlx::Result;

use super::buffer::Buffer;
use super::layout::Layout;
use super::planes::Planes;
use super::seen::Seen;
use super::visibility::{Chunks, Visibility};

/// Keys and values of the current chunk, which may be full: the next token then starts another.
#[derive(Debug, Clone)]
pub(crate) struct Chunked {
    chunk_size: i32,
    buffer: Buffer,
    offset: i32,
}

impl Chunked {
    pub(crate) fn new(chunk_size: i32) -> Self {
        Self {
            chunk_size: chunk_size.max(1),
            buffer: Buffer::default(),
            offset: 0,
        }
    }

    /// Tokens of several chunks at once, the first of which may have begun before.
    fn add_across(&mut self, new: &Planes) -> Result<Seen> {
        let planes = match self.buffer.real()? {
            Some(begun) => begun.join(new)?,
            None => new.clone(),
        };
        let columns = planes.positions();
        let last_chunk = (columns - 1) % self.chunk_size + 1;
        let last = planes.range(columns - last_chunk..columns)?;
        self.buffer = Buffer::default();
        self.buffer.append(&last, self.chunk_size)?;
        Ok(Seen {
            planes,
            visibility: Visibility::Chunks(Chunks {
                rows: new.positions(),
                columns,
                chunk_size: self.chunk_size,
            }),
        })
    }
}

impl Layout for Chunked {
    fn offset(&self) -> i32 {
        self.offset
    }

    fn update(&mut self, new: &Planes) -> Result<Seen> {
        if self.buffer.filled() == self.chunk_size {
            self.buffer.forget(self.chunk_size);
        }
        let rows = new.positions();
        let seen = match self.buffer.filled().saturating_add(rows) <= self.chunk_size {
            true => Seen {
                planes: self.buffer.append(new, self.chunk_size)?,
                visibility: Visibility::of_rows(rows),
            },
            false => self.add_across(new)?,
        };
        self.offset = self.offset.saturating_add(rows);
        Ok(seen)
    }

    fn trimmable(&self) -> i32 {
        self.buffer.filled()
    }

    fn trim(&mut self, tokens: i32) {
        self.buffer.forget(tokens);
        self.offset -= tokens;
    }

    fn in_order(&self) -> Result<Option<Planes>> {
        self.buffer.real()
    }

    /// At the end of a chunk all of it is there, or nothing after a trim.
    fn can_hold(&self, offset: i32, positions: i32) -> bool {
        match offset % self.chunk_size {
            0 => positions == 0 || positions == self.chunk_size.min(offset),
            begun => positions == begun,
        }
    }

    fn go_on_from(&mut self, offset: i32, ordered: Option<&Planes>) -> Result<()> {
        self.offset = offset;
        self.buffer = Buffer::full(ordered);
        Ok(())
    }

    fn most(&self) -> i32 {
        self.chunk_size
    }

    /// A chunk is a bound already, and its edges are part of the model.
    fn bounded(&self, _max_size: i32) -> Result<Option<Box<dyn Layout>>> {
        Ok(None)
    }

    fn copy(&self) -> Box<dyn Layout> {
        Box::new(self.clone())
    }

    fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}
