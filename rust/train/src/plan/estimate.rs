//! What a training step takes at its peak, by counting the arrays that are alive together.
//!
//! Counts follow `model/` line by line and are pinned to measured peaks by `tests/plan.rs`.

use crate::model::{Geometry, Kept, Workspace};

/// What the size of a step's arrays follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The model.
    pub geometry: Geometry,
    /// Rows that are computed together.
    pub rows: usize,
    /// How finely work is cut.
    pub workspace: Workspace,
    /// Bytes of a weight and of an activation.
    pub weight_bytes: u64,
    /// Whether steps see a rounded copy of the weights.
    pub is_rounded: bool,
    /// Bytes of a number that an optimizer remembers.
    pub state_bytes: u64,
}

/// Bytes of a step, apart by what they are for. The last four never come together: the largest of them
/// is what the peak has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The model, and its rounded copy.
    pub weights: u64,
    /// The sums over micro-batches.
    pub gradients: u64,
    /// What optimizers remember.
    pub states: u64,
    /// The way through the blocks, with what is kept for the way back.
    pub forward: u64,
    /// Logits, loss and their gradient.
    pub head: u64,
    /// The way back.
    pub backward: u64,
    /// One matrix's step.
    pub update: u64,
}

/// Bytes of a number in a sum of gradients, and of a logit.
const WIDE: u64 = 4;

impl Shape {
    /// The bytes of a step.
    pub fn estimate(&self) -> Estimate {
        let geometry = &self.geometry;
        let (blocks, tables) = (geometry.block_parameters(), geometry.table_parameters());
        let copies = if self.is_rounded { 2 } else { 1 };
        Estimate {
            weights: (blocks + tables) * self.weight_bytes * copies,
            gradients: (blocks + tables) * WIDE,
            states: (blocks + 2 * tables) * self.state_bytes,
            forward: self.kept() + self.block_forward(),
            head: self.kept() + self.head(),
            backward: self.kept() + self.block_backward().max(self.embedding()),
            update: self.update(),
        }
    }

    /// Bytes of one number a token, model-wide: `(rows · context, width)`.
    fn stream(&self) -> u64 {
        let tokens = self.rows as u64 * self.geometry.context as u64;
        tokens * self.geometry.width as u64 * self.weight_bytes
    }

    /// What lies between the ways of all blocks.
    fn kept(&self) -> u64 {
        let layers = self.geometry.layers as u64;
        // Input; and queries, keys, values, what was found, the middle, and four for the MLP.
        let streams = match self.workspace.kept {
            Kept::Inputs => layers,
            Kept::Activations => layers * 10,
        };
        (streams + 2) * self.stream() + self.masks()
    }

    /// One for every chunk of queries, over the keys up to its end.
    fn masks(&self) -> u64 {
        let (chunk, context) = (self.chunk(), self.geometry.context as u64);
        context * (context + chunk) / 2 * WIDE
    }

    fn block_forward(&self) -> u64 {
        12 * self.stream() + 3 * self.scores()
    }

    /// Values that are there again, and gradients: of the MLP, then of attention.
    fn block_backward(&self) -> u64 {
        let again = match self.workspace.kept {
            Kept::Inputs => 10 * self.stream(),
            Kept::Activations => 0,
        };
        let matrix = self.geometry.width as u64 * self.geometry.width as u64 * 4 * WIDE;
        let of_attention = 14 * self.stream() + 5 * self.scores() / 2;
        again + of_attention.max(12 * self.stream()) + 2 * matrix
    }

    /// Scores of one chunk of queries.
    fn scores(&self) -> u64 {
        let heads = self.rows as u64 * self.geometry.heads as u64;
        heads * self.chunk() * self.geometry.context as u64 * self.weight_bytes
    }

    /// Queries of a chunk.
    fn chunk(&self) -> u64 {
        let chunk = self.workspace.attention_chunk_tokens;
        chunk.min(self.geometry.context) as u64
    }

    fn head(&self) -> u64 {
        let tokens = self.rows as u64 * self.geometry.context as u64;
        let chunk = (self.workspace.loss_chunk_tokens as u64).min(tokens);
        let logits = chunk * self.geometry.vocabulary as u64 * WIDE;
        2 * logits + self.table() + 4 * self.stream()
    }

    /// The sum of the embedding's gradients beside its successor.
    fn embedding(&self) -> u64 {
        self.table() + 3 * self.stream()
    }

    /// One more of a table's sums.
    fn table(&self) -> u64 {
        self.geometry.table_parameters() / 2 * WIDE
    }

    /// Of a table by AdamW, or of the largest matrix of a block by Muon.
    fn update(&self) -> u64 {
        let [rows, columns] = self.geometry.block_shapes().expand;
        let matrix = rows as u64 * columns as u64 * WIDE;
        // A weight in bfloat16 is first widened, and rounded behind its step.
        let of_table = match self.weight_bytes < WIDE {
            true => 25 * self.table() / 8,
            false => 9 * self.table() / 4,
        };
        of_table.max(13 * matrix)
    }
}

impl Estimate {
    /// What is there all the time.
    pub fn lasting(&self) -> u64 {
        self.weights + self.gradients + self.states
    }

    /// What comes and goes, at its most.
    pub fn passing(&self) -> u64 {
        let of_micro_batch = self.forward.max(self.head).max(self.backward);
        of_micro_batch.max(self.update)
    }

    /// All arrays, at the peak.
    pub fn peak(&self) -> u64 {
        self.lasting() + self.passing()
    }
}
