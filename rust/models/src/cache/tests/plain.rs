//! The plain cache: every row ever kept, and a rule of who sees what.

use headroom_mlx::{Array, Dtype};

use super::super::layer::KeyValueCache;
use super::super::layout::CacheLayout;
use super::super::precision::CachePrecision;
use super::super::rotating::SINKS;
use super::{HEADS, KEY_VALUE_HEADS, SCALE, WIDTH, layer, values_of};

/// What a token sees besides itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sees {
    All,
    /// The sinks and the last, so many together.
    Bounded(usize),
    /// So many of the last.
    Window(usize),
    /// Its chunk of so many.
    Chunk(usize),
}

impl Sees {
    pub(super) fn under(layout: CacheLayout, window: Option<u32>) -> Self {
        match (window, layout) {
            (Some(window), _) => Self::Window(window as usize),
            (None, CacheLayout::Simple) => Self::All,
            (None, CacheLayout::Rotating { max_size }) => Self::Bounded(max_size as usize),
            (None, CacheLayout::Chunked { chunk_size }) => Self::Chunk(chunk_size as usize),
        }
    }

    fn visible(self, position: usize) -> Vec<usize> {
        let sinks = SINKS as usize;
        let is_seen = |&earlier: &usize| match self {
            Self::All => true,
            Self::Bounded(most) => earlier < sinks || position - earlier < most - sinks,
            Self::Window(window) => position - earlier < window,
            Self::Chunk(size) => earlier / size == position / size,
        };
        (0..=position).filter(is_seen).collect()
    }
}

/// All heads of a position, one after the other.
type Row = Vec<f32>;

#[derive(Debug, Clone)]
pub(super) struct PlainCache {
    keys: Vec<Row>,
    values: Vec<Row>,
    sees: Sees,
    precision: CachePrecision,
    /// The first token of the chunk that is kept.
    chunk_start: usize,
}

impl PlainCache {
    pub(super) fn new(sees: Sees) -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
            sees,
            precision: CachePrecision::Full,
            chunk_start: 0,
        }
    }

    pub(super) fn offset(&self) -> usize {
        self.keys.len()
    }

    /// Takes tokens in and returns what their queries get, `(heads, tokens, width)`.
    pub(super) fn update(&mut self, keys: &Array, values: &Array, queries: &Array) -> Vec<f32> {
        let start = self.offset();
        self.keys.extend(kept(&rows_of(keys), self.precision));
        self.values.extend(kept(&rows_of(values), self.precision));
        if let Sees::Chunk(size) = self.sees {
            self.chunk_start = (self.offset() - 1) / size * size;
        }
        let queries = rows_of(queries);
        let mut attended = Vec::new();
        for head in 0..HEADS {
            for (token, query) in queries.iter().enumerate() {
                attended.extend(self.attend(head, start + token, &query[head * WIDTH..][..WIDTH]));
            }
        }
        attended
    }

    /// Attention of one query head over the positions that it may see.
    fn attend(&self, head: usize, position: usize, query: &[f32]) -> Vec<f32> {
        let column = head / (HEADS / KEY_VALUE_HEADS) * WIDTH;
        let visible = self.sees.visible(position);
        let dot = |row: &Row| -> f32 {
            let pairs = query.iter().zip(&row[column..]);
            pairs.map(|(a, b)| a * b).sum()
        };
        let scores = visible.iter().map(|&seen| SCALE * dot(&self.keys[seen]));
        let scores: Vec<f32> = scores.collect();
        let largest = scores.iter().copied().fold(f32::MIN, f32::max);
        let shares: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
        let total: f32 = shares.iter().sum();
        let weighted = |width: usize| -> f32 {
            let seen = visible.iter().zip(&shares);
            seen.map(|(&seen, share)| share * self.values[seen][column + width])
                .sum()
        };
        (0..WIDTH).map(|width| weighted(width) / total).collect()
    }

    pub(super) fn convert(&mut self, precision: CachePrecision) {
        if precision != self.precision {
            self.keys = kept(&self.keys, precision);
            self.values = kept(&self.values, precision);
            self.precision = precision;
        }
    }

    pub(super) fn bound(&mut self, max_size: usize) {
        self.sees = match self.sees {
            Sees::All => Sees::Bounded(max_size),
            Sees::Bounded(earlier) => Sees::Bounded(max_size.min(earlier)),
            by_itself => by_itself,
        };
    }

    pub(super) fn trimmable(&self) -> usize {
        match self.sees {
            Sees::Bounded(most) | Sees::Window(most) if self.offset() > most => 0,
            Sees::All | Sees::Bounded(_) | Sees::Window(_) => self.offset(),
            Sees::Chunk(_) => self.offset() - self.chunk_start,
        }
    }

    pub(super) fn trim(&mut self, tokens: usize) {
        let left = self.offset() - tokens.min(self.trimmable());
        self.keys.truncate(left);
        self.values.truncate(left);
    }
}

/// What a cache does to rows that it keeps: one layer that keeps everything is asked.
fn kept(rows: &[Row], precision: CachePrecision) -> Vec<Row> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut cache: KeyValueCache = layer(CacheLayout::Simple);
    cache.convert(precision).unwrap();
    let array = array_of(rows);
    let seen = cache.update(&array, &array).unwrap();
    rows_of(&seen.planes.keys.expand(Dtype::Float32).unwrap())
}

/// `(1, heads, tokens, width)` to a row for each token.
fn rows_of(array: &Array) -> Vec<Row> {
    let by_token = array.transpose_axes(&[0, 2, 1, 3]).unwrap();
    let width = (array.dim(1) * array.dim(3)) as usize;
    let values = values_of(&by_token);
    values.chunks(width).map(<[f32]>::to_vec).collect()
}

fn array_of(rows: &[Row]) -> Array {
    let shape = [1, rows.len() as i32, KEY_VALUE_HEADS as i32, WIDTH as i32];
    let by_token = Array::from_slice(&rows.concat(), &shape);
    by_token.transpose_axes(&[0, 2, 1, 3]).unwrap()
}
