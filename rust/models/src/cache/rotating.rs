//! A cache that never keeps more than so many positions: the first few, which attention leans on
//! ("attention sinks", Xiao et al., 2023), and the last ones, each new one over the oldest.

use headroom_mlx::Result;

use super::growing::{Growing, appended};
use super::planes::Planes;
use super::seen::{Seen, Visibility, Window};

/// First positions that are never given up, as in mlx-lm's caches.
pub(crate) const SINKS: i32 = 4;

/// Keys and values of at most `max_size` positions.
#[derive(Debug)]
pub(crate) struct Rotating {
    max_size: i32,
    buffer: Option<Planes>,
    filled: i32,
    /// Where the oldest position after the sinks lies, once all are filled.
    oldest: i32,
    /// Tokens seen.
    pub(super) offset: i32,
}

impl Rotating {
    pub(crate) fn new(max_size: i32) -> Self {
        Self {
            max_size: max_size.max(2 * SINKS),
            buffer: None,
            filled: 0,
            oldest: SINKS,
            offset: 0,
        }
    }

    /// Keeps the sinks and the last positions of what has grown.
    pub(crate) fn from_growing(growing: Growing, max_size: i32) -> Result<Self> {
        let mut rotating = Self::new(max_size);
        if let Some(buffer) = growing.buffer {
            rotating.offset = growing.filled;
            rotating.keep(&buffer.range(0..growing.filled)?)?;
        }
        Ok(rotating)
    }

    /// The same with another bound, a smaller one giving the oldest up.
    pub(crate) fn resized(&self, max_size: i32) -> Result<Self> {
        let mut rotating = Self::new(max_size);
        if let Some(ordered) = self.in_order()? {
            rotating.offset = self.offset;
            rotating.keep(&ordered)?;
        }
        Ok(rotating)
    }

    pub(crate) fn max_size(&self) -> i32 {
        self.max_size
    }

    pub(crate) fn buffer(&self) -> Option<&Planes> {
        self.buffer.as_ref()
    }

    pub(crate) fn buffer_mut(&mut self) -> &mut Option<Planes> {
        &mut self.buffer
    }

    /// Adds `new` and returns what its tokens may see.
    pub(crate) fn update(&mut self, new: &Planes) -> Result<Seen> {
        match new.positions() {
            1 => self.add_one(new),
            _ => self.add_several(new),
        }
    }

    fn add_one(&mut self, new: &Planes) -> Result<Seen> {
        let buffer = match self.buffer.take() {
            Some(mut buffer) if self.filled == self.max_size => {
                buffer.write(self.oldest, new)?;
                self.oldest = following(self.oldest, self.max_size);
                buffer
            }
            buffer => {
                let buffer = appended(buffer, self.filled, self.max_size, new)?;
                self.filled += 1;
                buffer
            }
        };
        let seen = buffer.range(0..self.filled)?;
        self.buffer = Some(buffer);
        self.offset += 1;
        Ok(Seen {
            planes: seen,
            visibility: Visibility::All,
        })
    }

    /// Every token sees as far back as if it had come alone, so that results do not depend on how
    /// a prompt is cut.
    fn add_several(&mut self, new: &Planes) -> Result<Seen> {
        let earlier = self.offset;
        let seen = match self.in_order()? {
            Some(ordered) => ordered.join(new)?,
            None => new.clone(),
        };
        let window = Window {
            first_row: earlier,
            rows: new.positions(),
            columns: seen.positions(),
            sinks: SINKS,
            recent: self.max_size - SINKS,
        };
        self.offset += new.positions();
        self.keep(&seen)?;
        Ok(Seen {
            planes: seen,
            visibility: window.visibility(),
        })
    }

    /// What is kept, oldest first.
    fn in_order(&self) -> Result<Option<Planes>> {
        let Some(buffer) = &self.buffer else {
            return Ok(None);
        };
        let filled = buffer.range(0..self.filled)?;
        if self.oldest == SINKS {
            return Ok(Some(filled));
        }
        let older = filled.range(self.oldest..self.filled)?;
        let newer = filled.range(SINKS..self.oldest)?;
        let ordered = filled.range(0..SINKS)?.join(&older)?.join(&newer)?;
        Ok(Some(ordered))
    }

    /// Replaces the buffer by the sinks and the last of `ordered`.
    fn keep(&mut self, ordered: &Planes) -> Result<()> {
        let there = ordered.positions();
        let kept = match there > self.max_size {
            false => ordered.clone(),
            true => {
                let recent = self.max_size - SINKS;
                let last = ordered.range(there - recent..there)?;
                ordered.range(0..SINKS)?.join(&last)?
            }
        };
        self.filled = kept.positions();
        self.oldest = SINKS;
        self.buffer = Some(kept);
        Ok(())
    }

    /// Forgets the last `tokens` where none has been given up yet, and says how many it forgot.
    pub(crate) fn trim(&mut self, tokens: i32) -> i32 {
        if self.offset > self.filled {
            return 0;
        }
        let forgotten = tokens.clamp(0, self.filled);
        self.filled -= forgotten;
        self.offset -= forgotten;
        forgotten
    }
}

fn following(position: i32, max_size: i32) -> i32 {
    match position + 1 {
        end if end == max_size => SINKS,
        next => next,
    }
}
