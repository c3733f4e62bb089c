//! What can go wrong here.

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {}
