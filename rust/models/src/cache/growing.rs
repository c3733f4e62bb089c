//! A layout that keeps everything and grows in steps.

use headroom_mlx::Result;

use super::buffer::Buffer;
use super::layout::Layout;
use super::planes::Planes;
use super::rotating::Rotating;
use super::seen::Seen;
use super::visibility::Visibility;

/// Keys and values of every token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growing {
    buffer: Buffer,
}

impl Layout for Growing {
    fn offset(&self) -> i32 {
        self.buffer.filled()
    }

    fn update(&mut self, new: &Planes) -> Result<Seen> {
        Ok(Seen {
            planes: self.buffer.append(new, self.most())?,
            visibility: Visibility::of_rows(new.positions()),
        })
    }

    fn trimmable(&self) -> i32 {
        self.buffer.filled()
    }

    fn trim(&mut self, tokens: i32) {
        self.buffer.forget(tokens);
    }

    fn in_order(&self) -> Result<Option<Planes>> {
        self.buffer.real()
    }

    fn can_hold(&self, offset: i32, positions: i32) -> bool {
        positions == offset
    }

    fn go_on_from(&mut self, _offset: i32, ordered: Option<&Planes>) -> Result<()> {
        self.buffer = Buffer::full(ordered);
        Ok(())
    }

    fn most(&self) -> i32 {
        i32::MAX
    }

    fn bounded(&self, max_size: i32) -> Result<Option<Box<dyn Layout>>> {
        let mut rotating = Rotating::bound(max_size);
        rotating.go_on_from(self.offset(), self.in_order()?.as_ref())?;
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
