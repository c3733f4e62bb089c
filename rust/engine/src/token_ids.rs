//! Token ids on their way into MLX.

use headroom_mlx::Array;

/// Ids as a model takes them, `(1, tokens)` uint32.
pub(crate) fn ids(tokens: &[u32]) -> Array {
    Array::from_slice(tokens, &[1, tokens.len() as i32])
}
