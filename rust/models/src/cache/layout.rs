//! What a layout has to be able to do. Each is a file beside this one; how exactly positions are kept
//! is no concern of theirs.

use std::fmt::Debug;

use headroom_mlx::Result;
use serde::{Deserialize, Serialize};

use super::buffer::Buffer;
use super::chunked::Chunked;
use super::growing::Growing;
use super::planes::Planes;
use super::rotating::{Rotating, SINKS};
use super::seen::Seen;

/// Which tokens' keys and values a model's cache keeps. A layer that sees a window only, by the
/// model's own making, keeps that window under each of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheLayout {
    /// All of them.
    #[default]
    Simple,
    /// The first four, which attention leans on, and the last ones.
    Rotating {
        /// Tokens kept at most, the first four among them.
        max_size: i32,
    },
    /// Those of the current chunk: a token sees its own chunk up to itself, as three of four layers of
    /// Llama 4 do.
    Chunked {
        /// Tokens of a chunk.
        chunk_size: i32,
    },
}

impl CacheLayout {
    /// The most tokens kept; `None` for all.
    pub fn max_size(self) -> Option<i32> {
        match self {
            Self::Simple => None,
            Self::Rotating { max_size } => Some(max_size),
            Self::Chunked { chunk_size } => Some(chunk_size),
        }
    }

    /// The same within what layouts can do.
    pub(super) fn clamped(self) -> Self {
        match self {
            Self::Simple => Self::Simple,
            Self::Rotating { max_size } => Self::Rotating {
                max_size: max_size.max(2 * SINKS),
            },
            Self::Chunked { chunk_size } => Self::Chunked {
                chunk_size: chunk_size.max(1),
            },
        }
    }

    /// An empty layer that keeps its positions so.
    pub(super) fn empty(self) -> Box<dyn Layout> {
        match self {
            Self::Simple => Box::new(Growing::default()),
            Self::Rotating { max_size } => Box::new(Rotating::bound(max_size)),
            Self::Chunked { chunk_size } => Box::new(Chunked::new(chunk_size)),
        }
    }
}

/// Which positions of a layer are kept, and where they lie.
pub(crate) trait Layout: Debug {
    /// Tokens seen.
    fn offset(&self) -> i32;

    /// Takes `new` in and returns what its tokens look at, with the mask of who sees what.
    fn update(&mut self, new: &Planes) -> Result<Seen>;

    /// How many of the last tokens can be forgotten as if they had never been.
    fn trimmable(&self) -> i32;

    /// Forgets the last `tokens`, of which there are no more than [`Layout::trimmable`].
    fn trim(&mut self, tokens: i32);

    /// The positions kept, oldest first; `None` where there are none.
    fn in_order(&self) -> Result<Option<Planes>>;

    /// Whether so many positions can be what is left of `offset` tokens.
    fn can_hold(&self, offset: i32, positions: i32) -> bool;

    /// Goes on after `offset` tokens, of which the last of `ordered` are kept.
    fn go_on_from(&mut self, offset: i32, ordered: Option<&Planes>) -> Result<()>;

    /// The most positions that are ever kept.
    fn most(&self) -> i32;

    /// The same with at most `max_size` positions; `None` where that changes nothing.
    fn bounded(&self, max_size: i32) -> Result<Option<Box<dyn Layout>>>;

    /// Another that starts from the same, whose arrays both share until one writes.
    fn copy(&self) -> Box<dyn Layout>;

    /// Where the positions lie: their bytes are the layer's.
    fn buffer(&self) -> &Buffer;

    /// The same, to be put elsewhere and back, or kept more or less exactly.
    fn buffer_mut(&mut self) -> &mut Buffer;
}
