//! What is trained, and what it must take.

use std::fmt;

use serde::Serialize;

/// One model of the recipe and the steps that it is trained for, in float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) depth: u64,
    pub(crate) vocabulary: u64,
    /// Tokens of a row.
    pub(crate) context: u64,
    /// Rows of a micro-batch.
    pub(crate) device_batch_size: u64,
    /// Whose gradients a step adds up.
    pub(crate) micro_batches: u64,
    pub(crate) steps: u64,
}

const FLOAT32_BYTES: u64 = 4;

impl Setting {
    pub(crate) fn tokens_per_step(&self) -> u64 {
        self.context * self.device_batch_size * self.micro_batches
    }

    pub(crate) fn weight_bytes(&self) -> u64 {
        (self.block_parameters() + self.table_parameters()) * FLOAT32_BYTES
    }

    /// Muon keeps one number for each weight of a block, AdamW two for each of embedding and head.
    pub(crate) fn state_bytes(&self) -> u64 {
        (self.block_parameters() + 2 * self.table_parameters()) * FLOAT32_BYTES
    }

    /// What no way to train can do without.
    pub(crate) fn floor_bytes(&self) -> u64 {
        self.weight_bytes() + self.state_bytes()
    }

    /// Four matrices of attention and two of four times their size.
    fn block_parameters(&self) -> u64 {
        12 * self.depth * self.width() * self.width()
    }

    fn table_parameters(&self) -> u64 {
        2 * self.vocabulary * self.width()
    }

    fn width(&self) -> u64 {
        64 * self.depth
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "d{}, vocabulary {}, {} x {} x {}",
            self.depth, self.vocabulary, self.micro_batches, self.device_batch_size, self.context
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_states_are_those_of_the_recipe() {
        let d12 = Setting {
            depth: 12,
            vocabulary: 65_536,
            context: 2048,
            device_batch_size: 1,
            micro_batches: 2,
            steps: 1,
        };
        assert_eq!(d12.weight_bytes(), 185_597_952 * 4);
        assert_eq!(d12.state_bytes(), (84_934_656 + 2 * 100_663_296) * 4);
        assert_eq!(d12.tokens_per_step(), 4096);
    }
}
