//! The key-value cache: what attention has seen, kept so that each token is computed once.

use headroom_mlx::ops::indexing::{TryIndexMutOp, TryIndexOp};
use headroom_mlx::ops::{concatenate, zeros_dtype};
use headroom_mlx::{Array, Result};

/// Positions by which a layer's buffers grow.
const GROWTH_STEP: i32 = 256;

/// One model's caches, layer by layer.
#[derive(Debug)]
pub struct ModelCache {
    layers: Vec<KeyValueCache>,
}

impl ModelCache {
    /// Empty caches that keep everything.
    pub fn simple(layers: usize) -> Self {
        Self {
            layers: (0..layers).map(|_| KeyValueCache::default()).collect(),
        }
    }

    /// Tokens that the cache has seen.
    pub fn offset(&self) -> i32 {
        self.layers.first().map_or(0, KeyValueCache::offset)
    }

    /// Bytes that the buffers take, spare positions included.
    pub fn allocated_bytes(&self) -> u64 {
        self.layers.iter().map(KeyValueCache::allocated_bytes).sum()
    }

    /// Every buffer, to be evaluated together.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.layers.iter().flat_map(KeyValueCache::arrays)
    }

    /// Forgets the last `tokens` tokens, or all of them if there are fewer.
    pub fn trim(&mut self, tokens: i32) {
        for layer in &mut self.layers {
            layer.trim(tokens);
        }
    }

    pub(crate) fn layers_mut(&mut self) -> impl Iterator<Item = &mut KeyValueCache> {
        self.layers.iter_mut()
    }
}

/// One layer's keys and values, each `(1, key_value_heads, capacity, head_dim)`, where the first
/// `offset` positions are filled.
#[derive(Debug, Default)]
pub struct KeyValueCache {
    buffers: Option<Buffers>,
    offset: i32,
}

#[derive(Debug)]
struct Buffers {
    keys: Array,
    values: Array,
}

impl KeyValueCache {
    /// Tokens that this layer has seen.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// Appends `keys` and `values`, each `(1, key_value_heads, tokens, head_dim)`, and returns
    /// everything seen so far in the same layout.
    pub fn update(&mut self, keys: &Array, values: &Array) -> Result<(Array, Array)> {
        let start = self.offset;
        let end = start + keys.dim(2);
        let mut buffers = self.buffers_for(end, keys, values)?;
        buffers.keys.try_index_mut((.., .., start..end, ..), keys)?;
        buffers
            .values
            .try_index_mut((.., .., start..end, ..), values)?;
        let seen = (
            buffers.keys.try_index((.., .., ..end, ..))?,
            buffers.values.try_index((.., .., ..end, ..))?,
        );
        self.buffers = Some(buffers);
        self.offset = end;
        Ok(seen)
    }

    /// Forgets the last `tokens` tokens; their positions are written again by the next update.
    pub fn trim(&mut self, tokens: i32) {
        self.offset -= tokens.clamp(0, self.offset);
    }

    /// Bytes of both buffers, spare positions included.
    pub fn allocated_bytes(&self) -> u64 {
        self.arrays().map(|array| array.nbytes() as u64).sum()
    }

    /// Both buffers, if any token has been seen.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.buffers
            .iter()
            .flat_map(|buffers| [&buffers.keys, &buffers.values])
    }

    /// Takes the buffers out, grown so that positions up to `end` exist. Taking them leaves no
    /// second reference, which lets MLX write in place.
    fn buffers_for(&mut self, end: i32, keys: &Array, values: &Array) -> Result<Buffers> {
        match self.buffers.take() {
            Some(buffers) if buffers.keys.dim(2) >= end => Ok(buffers),
            Some(buffers) => {
                let spare = grown(end) - self.offset;
                Ok(Buffers {
                    keys: with_spare(&buffers.keys, self.offset, spare, keys)?,
                    values: with_spare(&buffers.values, self.offset, spare, values)?,
                })
            }
            None => Ok(Buffers {
                keys: spare_like(keys, grown(end))?,
                values: spare_like(values, grown(end))?,
            }),
        }
    }
}

fn grown(end: i32) -> i32 {
    (end + GROWTH_STEP - 1) / GROWTH_STEP * GROWTH_STEP
}

fn with_spare(buffer: &Array, filled: i32, spare: i32, like: &Array) -> Result<Array> {
    concatenate(
        &[
            buffer.try_index((.., .., ..filled, ..))?,
            spare_like(like, spare)?,
        ],
        2,
    )
}

fn spare_like(like: &Array, positions: i32) -> Result<Array> {
    let [batch, heads, _, width] = [0, 1, 2, 3].map(|axis| like.dim(axis));
    zeros_dtype(&[batch, heads, positions, width], like.dtype())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys whose value at position p is p, so that a mix-up shows.
    fn numbered(positions: std::ops::Range<i32>) -> Array {
        let values: Vec<f32> = positions
            .clone()
            .flat_map(|position| [position as f32; 2])
            .collect();
        Array::from_slice(&values, &[1, 1, positions.len() as i32, 2])
    }

    fn positions(array: &Array) -> Vec<f32> {
        let first = array.try_index((0, 0, .., 0)).unwrap();
        first.contiguous().unwrap().to_vec_exact::<f32>().unwrap()
    }

    #[test]
    fn everything_seen_comes_back_in_order() {
        let mut cache = KeyValueCache::default();
        let mut seen = 0;
        for tokens in [1, 3, 255, 1, 300] {
            let next = numbered(seen..seen + tokens);
            let (keys, values) = cache.update(&next, &next).unwrap();
            seen += tokens;
            let expected: Vec<f32> = (0..seen).map(|position| position as f32).collect();
            assert_eq!(positions(&keys), expected);
            assert_eq!(positions(&values), expected);
        }
        assert_eq!(cache.offset(), 560);
    }

    #[test]
    fn it_grows_in_steps() {
        let mut cache = KeyValueCache::default();
        cache.update(&numbered(0..1), &numbered(0..1)).unwrap();
        assert_eq!(cache.allocated_bytes(), 2 * 256 * 2 * 4);
        cache.update(&numbered(1..257), &numbered(1..257)).unwrap();
        assert_eq!(cache.allocated_bytes(), 2 * 512 * 2 * 4);
    }

    #[test]
    fn trimmed_positions_are_written_again() {
        let mut cache = KeyValueCache::default();
        cache.update(&numbered(0..10), &numbered(0..10)).unwrap();
        cache.trim(4);
        assert_eq!(cache.offset(), 6);
        let (keys, _) = cache
            .update(&numbered(100..102), &numbered(100..102))
            .unwrap();
        assert_eq!(
            positions(&keys),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 100.0, 101.0]
        );
        cache.trim(1000);
        assert_eq!(cache.offset(), 0);
    }
}
