//! What a loaded model is called between the host's threads and MLX's.

/// Names a loaded model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ModelId(pub(crate) u64);
