//! A layout that never keeps more than so many positions: the last ones, each new one over the oldest,
//! and where a bound was set on the way, the first few, which attention leans on ("attention sinks",
//! Xiao et al., 2023).

use headroom_mlx::Result;

use super::buffer::Buffer;
use super::layout::Layout;
use super::planes::Planes;
use super::seen::Seen;
use super::visibility::{Visibility, Window};

/// First positions that a bound never gives up, as in mlx-lm's caches.
pub(crate) const SINKS: i32 = 4;

/// Keys and values of at most `max_size` positions.
#[derive(Debug, Clone)]
pub(crate) struct Rotating {
    max_size: i32,
    /// None in a layer that sees a window only by the model's own making.
    sinks: i32,
    buffer: Buffer,
    /// Where the oldest position after the sinks lies, once all are filled.
    oldest: i32,
    offset: i32,
}

impl Rotating {
    /// For a model that sees everything: the sinks and the last ones, `max_size` together.
    pub(crate) fn bound(max_size: i32) -> Self {
        Self::new(max_size.max(2 * SINKS), SINKS)
    }

    /// For a layer that sees its own and the `window - 1` tokens before it, and nothing else.
    pub(crate) fn window(window: i32) -> Self {
        Self::new(window.max(1), 0)
    }

    fn new(max_size: i32, sinks: i32) -> Self {
        Self {
            max_size,
            sinks,
            buffer: Buffer::default(),
            oldest: sinks,
            offset: 0,
        }
    }

    /// One token sees all that is kept once it has taken its place.
    fn add_one(&mut self, new: &Planes) -> Result<Seen> {
        let rotated = match self.buffer.filled() == self.max_size {
            true => self.buffer.overwrite(self.oldest, new)?,
            false => None,
        };
        let planes = match rotated {
            Some(planes) => {
                self.oldest = self.following(self.oldest);
                planes
            }
            None => self.buffer.append(new, self.max_size)?,
        };
        Ok(Seen {
            planes,
            visibility: Visibility::All,
        })
    }

    fn following(&self, position: i32) -> i32 {
        match position + 1 {
            end if end == self.max_size => self.sinks,
            next => next,
        }
    }

    /// Every token sees as far back as if it had come alone, so that results do not depend on how
    /// a prompt is cut.
    fn add_past_the_bound(&mut self, new: &Planes) -> Result<Seen> {
        let planes = match self.in_order()? {
            Some(ordered) => ordered.join(new)?,
            None => new.clone(),
        };
        self.keep(&planes)?;
        let window = Window {
            first_row: self.offset,
            rows: new.positions(),
            columns: planes.positions(),
            sinks: self.sinks,
            recent: self.max_size - self.sinks,
        };
        Ok(Seen {
            planes,
            visibility: Visibility::Window(window),
        })
    }

    /// Replaces the buffer by the sinks and the last of `ordered`.
    fn keep(&mut self, ordered: &Planes) -> Result<()> {
        let there = ordered.positions();
        self.oldest = self.sinks;
        self.buffer = Buffer::default();
        if there > self.max_size && self.sinks > 0 {
            let last = ordered.range(there - (self.max_size - self.sinks)..there)?;
            self.buffer = Buffer::full(Some(&ordered.range(0..self.sinks)?.join(&last)?));
            return Ok(());
        }
        let last = ordered.range(there - there.min(self.max_size)..there)?;
        self.buffer.append(&last, self.max_size)?;
        Ok(())
    }
}

impl Layout for Rotating {
    fn offset(&self) -> i32 {
        self.offset
    }

    fn update(&mut self, new: &Planes) -> Result<Seen> {
        let rows = new.positions();
        let end = self.offset.saturating_add(rows);
        let seen = match rows {
            1 => self.add_one(new)?,
            _ if end <= self.max_size => Seen {
                planes: self.buffer.append(new, self.max_size)?,
                visibility: Visibility::Causal,
            },
            _ => self.add_past_the_bound(new)?,
        };
        self.offset = end;
        Ok(seen)
    }

    fn trimmable(&self) -> i32 {
        match self.offset > self.buffer.filled() {
            true => 0,
            false => self.buffer.filled(),
        }
    }

    fn trim(&mut self, tokens: i32) {
        self.buffer.forget(tokens);
        self.offset -= tokens;
    }

    fn in_order(&self) -> Result<Option<Planes>> {
        let Some(real) = self.buffer.real()? else {
            return Ok(None);
        };
        if self.oldest == self.sinks {
            return Ok(Some(real));
        }
        let older = real.range(self.oldest..self.buffer.filled())?;
        let newer = real.range(self.sinks..self.oldest)?;
        let recent = older.join(&newer)?;
        match self.sinks {
            0 => Ok(Some(recent)),
            sinks => real.range(0..sinks)?.join(&recent).map(Some),
        }
    }

    fn can_hold(&self, offset: i32, positions: i32) -> bool {
        positions == offset.min(self.max_size)
    }

    fn go_on_from(&mut self, offset: i32, ordered: Option<&Planes>) -> Result<()> {
        self.offset = offset;
        match ordered {
            Some(ordered) => self.keep(ordered),
            None => Ok(()),
        }
    }

    fn most(&self) -> i32 {
        self.max_size
    }

    /// A layer's own window stays: seeing less would be another model.
    fn bounded(&self, max_size: i32) -> Result<Option<Box<dyn Layout>>> {
        if self.sinks == 0 || max_size >= self.max_size {
            return Ok(None);
        }
        let mut rotating = Self::bound(max_size);
        rotating.go_on_from(self.offset, self.in_order()?.as_ref())?;
        Ok(Some(Box::new(rotating)))
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
