//! Planes with room to grow: what every layout keeps its positions in.

use headroom_mlx::Result;
use headroom_mlx::ops::transforms::eval;

use super::plane::PlaneFormat;
use super::planes::Planes;

/// Positions by which buffers grow.
pub(crate) const GROWTH_STEP: i32 = 256;

/// Keys and values of which the first `filled` positions are real, the rest spare.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    planes: Option<Planes>,
    filled: i32,
}

impl Buffer {
    /// A buffer of nothing but real positions.
    pub(crate) fn full(planes: Option<&Planes>) -> Self {
        Self {
            filled: planes.map_or(0, Planes::positions),
            planes: planes.cloned(),
        }
    }

    /// Real positions.
    pub(crate) fn filled(&self) -> i32 {
        self.filled
    }

    /// Real positions and spare ones.
    pub(crate) fn planes(&self) -> Option<&Planes> {
        self.planes.as_ref()
    }

    pub(crate) fn planes_mut(&mut self) -> Option<&mut Planes> {
        self.planes.as_mut()
    }

    /// A view of the real positions, if there are any.
    pub(crate) fn real(&self) -> Result<Option<Planes>> {
        match &self.planes {
            Some(planes) if self.filled > 0 => planes.range(0..self.filled).map(Some),
            _ => Ok(None),
        }
    }

    /// Puts `new` behind the real positions, of which there are to be `most` at most, and returns all
    /// real ones.
    pub(crate) fn append(&mut self, new: &Planes, most: i32) -> Result<Planes> {
        // Taken out, the planes have no second reference, which lets MLX write in place.
        let planes = self.planes.take();
        let end = self.filled.saturating_add(new.positions());
        let planes = self.with_appended(planes, new, room(end, most))?;
        let real = planes.range(0..end)?;
        self.filled = end;
        self.planes = Some(planes);
        Ok(real)
    }

    /// Grown planes are made from `new`, so that MLX makes them when their layer is computed: what
    /// depends on nothing new would be done for all layers at once, and every layer would be there
    /// twice.
    fn with_appended(&self, planes: Option<Planes>, new: &Planes, room: i32) -> Result<Planes> {
        let end = self.filled + new.positions();
        match planes {
            Some(mut planes) if planes.positions() >= end => {
                planes.write(self.filled, new)?;
                Ok(planes)
            }
            Some(planes) if self.filled > 0 => {
                let real = planes.range(0..self.filled)?;
                new.with_room(Some(&real), room - end)
            }
            _ => new.with_room(None, room - end),
        }
    }

    /// Puts `new` over the real positions from `start` on, and returns all real ones.
    pub(crate) fn overwrite(&mut self, start: i32, new: &Planes) -> Result<Option<Planes>> {
        let mut planes = self.planes.take();
        if let Some(planes) = &mut planes {
            planes.write(start, new)?;
        }
        self.planes = planes;
        self.real()
    }

    /// Gives the last `tokens` positions up; they are written again by the next `append`.
    pub(crate) fn forget(&mut self, tokens: i32) {
        self.filled = (self.filled - tokens).max(0);
    }

    /// Keeps everything in another format from now on.
    pub(crate) fn convert(&mut self, format: PlaneFormat) -> Result<()> {
        if let Some(planes) = &mut self.planes {
            let converted = planes.converted(format)?;
            eval(converted.arrays())?;
            *planes = converted;
        }
        Ok(())
    }

    /// Takes the real positions out of whatever they share with other buffers, with room for `most`.
    pub(crate) fn detach(&mut self, most: i32) -> Result<()> {
        let Some(real) = self.real()? else {
            self.planes = None;
            return Ok(());
        };
        let own = real.with_room(None, room(self.filled, most) - self.filled)?;
        eval(own.arrays())?;
        self.planes = Some(own);
        Ok(())
    }
}

/// Positions to make room for where `filled` are real and never more than `most`: whole steps.
pub(crate) fn room(filled: i32, most: i32) -> i32 {
    let steps = filled.saturating_add(GROWTH_STEP - 1) / GROWTH_STEP;
    steps.saturating_mul(GROWTH_STEP).min(most).max(filled)
}
