//! A cache that keeps everything and grows in steps.

use headroom_mlx::Result;

use super::planes::Planes;
use super::seen::{Seen, Visibility};

/// Positions by which buffers grow.
pub(crate) const GROWTH_STEP: i32 = 256;

/// Keys and values of which the first `filled` positions are real, the rest spare.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    pub(super) buffer: Option<Planes>,
    pub(super) filled: i32,
}

impl Growing {
    /// Appends `new` and returns everything seen so far.
    pub(crate) fn update(&mut self, new: &Planes) -> Result<Seen> {
        // Taken out, the buffer has no second reference, which lets MLX write in place.
        let buffer = appended(self.buffer.take(), self.filled, i32::MAX, new)?;
        self.filled += new.positions();
        let seen = buffer.range(0..self.filled)?;
        self.buffer = Some(buffer);
        Ok(Seen {
            planes: seen,
            visibility: Visibility::of_rows(new.positions()),
        })
    }

    /// Forgets the last `tokens`, or all if there are fewer, and says how many it forgot; their
    /// positions are written again by the next update.
    pub(crate) fn trim(&mut self, tokens: i32) -> i32 {
        let forgotten = tokens.clamp(0, self.filled);
        self.filled -= forgotten;
        forgotten
    }
}

/// The buffer with `new` behind its first `filled` positions. Where there is no room it grows in whole
/// steps, up to `most` positions.
///
/// A grown buffer is made from `new`, so that MLX makes it when its layer is computed: what depends on
/// nothing new would be done for all layers at once, and every layer would be there twice.
pub(super) fn appended(
    buffer: Option<Planes>,
    filled: i32,
    most: i32,
    new: &Planes,
) -> Result<Planes> {
    let end = filled + new.positions();
    match buffer {
        Some(mut buffer) if buffer.positions() >= end => {
            buffer.write(filled, new)?;
            Ok(buffer)
        }
        Some(buffer) if filled > 0 => {
            let seen = buffer.range(0..filled)?;
            new.with_room(Some(&seen), whole_steps(end).min(most) - end)
        }
        _ => new.with_room(None, whole_steps(end).min(most) - end),
    }
}

/// The positions that hold `end` of them, in whole steps.
fn whole_steps(end: i32) -> i32 {
    (end + GROWTH_STEP - 1) / GROWTH_STEP * GROWTH_STEP
}
