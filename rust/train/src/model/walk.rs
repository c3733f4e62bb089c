//! One micro-batch through the model and back, block by block.
//!
//! Forward keeps each block's input, or all that its gradient needs. The head gives the loss and the
//! first gradient in chunks. Backward goes from the last block to the first, computes what one block
//! gets, adds it to the sums and frees the block's values before the next is touched.

use headroom_mlx::ops::indexing::take_axis;
use headroom_mlx::{Array, Result, TokenTargets};

use crate::data::Row;
use crate::error::TrainError;
use crate::model::activations::Activations;
use crate::model::attention::AttentionChunks;
use crate::model::block::{Block, BlockLayout};
use crate::model::geometry::Geometry;
use crate::model::gradients::{GradientSum, Gradients};
use crate::model::head::Head;
use crate::model::normalization::{Normalized, normalize, normalize_backward};
use crate::model::parameters::Parameters;
use crate::model::rotation::Rotation;

/// What stays in memory between a block's way forward and its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Everything that its gradient needs.
    Activations,
    /// Its input, from which the rest is computed again.
    Inputs,
}

/// How finely the work is cut: memory against time, with the same sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workspace {
    /// What is kept of each block.
    pub kept: Kept,
    /// Tokens whose logits are there at once.
    pub loss_chunk_tokens: usize,
    /// Queries of a row whose scores are there at once.
    pub attention_chunk_tokens: usize,
}

/// Rows that are computed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicroBatch {
    /// All of the same length.
    pub rows: Vec<Row>,
}

/// What a step spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Waiting for rows.
    Data,
    /// Through the blocks.
    Forward,
    /// Logits, loss and their gradient.
    Head,
    /// Back through the blocks.
    Backward,
    /// The optimizers.
    Update,
    /// Held-out rows.
    Evaluation,
}

/// Who looks on between two blocks: the place to read memory, to act on it, or to stop.
pub trait Watch {
    /// Called when the work of a phase has been done, block by block.
    ///
    /// # Errors
    /// Whatever is to end the step.
    fn after(&mut self, phase: Phase) -> std::result::Result<(), TrainError>;
}

/// What tokens cost together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossSum {
    /// Cross-entropy of all counted tokens.
    pub nats: f64,
    /// Tokens that count.
    pub tokens: u64,
}

/// A way through a model of one geometry, for micro-batches of one size.
#[derive(Debug)]
pub struct Walk {
    geometry: Geometry,
    workspace: Workspace,
    layout: BlockLayout,
}

impl LossSum {
    /// Nats of one token; `None` where none counts.
    pub fn mean(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.nats / self.tokens as f64)
    }
}

impl std::ops::AddAssign for LossSum {
    fn add_assign(&mut self, other: Self) {
        self.nats += other.nats;
        self.tokens += other.tokens;
    }
}

impl Walk {
    /// For micro-batches of `rows` rows.
    pub fn new(geometry: Geometry, rows: usize, workspace: Workspace) -> Self {
        let head_dim = geometry.head_dim();
        let chunk = workspace.attention_chunk_tokens;
        let layout = BlockLayout {
            rows: rows as i32,
            heads: geometry.heads as i32,
            rotation: Rotation::new(head_dim),
            attention: AttentionChunks::new(geometry.context, chunk, head_dim),
        };
        Self {
            geometry,
            workspace,
            layout,
        }
    }

    /// Adds the gradients of a micro-batch's summed loss to `sums`, and gives that loss.
    ///
    /// # Errors
    /// When MLX fails, or `watch` ends the step.
    pub fn accumulate(
        &self,
        weights: &Parameters<Array>,
        batch: &MicroBatch,
        sums: &mut Gradients,
        watch: &mut dyn Watch,
    ) -> std::result::Result<LossSum, TrainError> {
        let (ids, targets) = (batch.inputs(), batch.targets());
        let embedded = normalize(&take_axis(&weights.embedding, &ids, 0)?)?;
        let (last, left) = self.through_blocks(weights, embedded.rows, watch)?;
        let mut nats = Vec::new();
        let sum = &mut sums.head;
        let gradient = self.head_backward(weights, (&last, targets.as_ref()), sum, &mut nats)?;
        drop(last);
        watch.after(Phase::Head)?;
        let (gradient, rows) = self.back_through_blocks(weights, left, (gradient, sums), watch)?;
        let of_embedding = normalize_backward(&gradient, &rows, &embedded.factors)?;
        let shape = self.geometry.table_shape();
        sums.embedding.add_rows(&ids, &of_embedding, shape)?;
        watch.after(Phase::Backward)?;
        Ok(targets.loss(&nats))
    }

    /// What the last block gives, and what each leaves for its way back.
    fn through_blocks(
        &self,
        weights: &Parameters<Array>,
        mut x: Array,
        watch: &mut dyn Watch,
    ) -> std::result::Result<(Array, Vec<Left>), TrainError> {
        let mut left = Vec::with_capacity(weights.blocks.len());
        for matrices in &weights.blocks {
            let (output, of_block) = self.forward(self.block(matrices), &x)?;
            left.push(of_block);
            x = output;
            watch.after(Phase::Forward)?;
        }
        Ok((x, left))
    }

    /// The gradient of what the last block gave.
    fn head_backward(
        &self,
        weights: &Parameters<Array>,
        (last, targets): (&Array, TokenTargets),
        sum: &mut GradientSum,
        nats: &mut Vec<f32>,
    ) -> Result<Array> {
        let Normalized { rows, factors } = normalize(last)?;
        let head = self.head(weights);
        let of_rows = head.backward(&rows, targets, sum, nats)?;
        let gradient = normalize_backward(&of_rows, &rows, &factors)?;
        gradient.eval()?;
        Ok(gradient)
    }

    /// The gradient of the first block's input, and that input.
    fn back_through_blocks(
        &self,
        weights: &Parameters<Array>,
        left: Vec<Left>,
        (mut gradient, sums): (Array, &mut Gradients),
        watch: &mut dyn Watch,
    ) -> std::result::Result<(Array, Array), TrainError> {
        let mut input = gradient.clone();
        let blocks = weights.blocks.iter().zip(&mut sums.blocks).zip(left);
        for ((matrices, sums), left) in blocks.rev() {
            let block = self.block(matrices);
            let activations = left.activations(block)?;
            input = activations.input.clone();
            gradient = block.backward(activations, &gradient, sums)?;
            watch.after(Phase::Backward)?;
        }
        Ok((gradient, input))
    }

    /// Nats of every target of a micro-batch, row after row; zero where it does not count.
    ///
    /// # Errors
    /// When MLX fails, or `watch` ends the work.
    pub fn evaluate(
        &self,
        weights: &Parameters<Array>,
        batch: &MicroBatch,
        watch: &mut dyn Watch,
    ) -> std::result::Result<Vec<f32>, TrainError> {
        let mut x = normalize(&take_axis(&weights.embedding, batch.inputs(), 0)?)?.rows;
        for matrices in &weights.blocks {
            let block = self.block(matrices);
            x = block.output(&block.activations(&x)?)?;
            x.eval()?;
            watch.after(Phase::Evaluation)?;
        }
        let rows = normalize(&x)?.rows;
        Ok(self.head(weights).nats(&rows, batch.targets().as_ref())?)
    }

    fn forward(&self, block: Block, x: &Array) -> Result<(Array, Left)> {
        let activations = block.activations(x)?;
        let output = block.output(&activations)?;
        match self.workspace.kept {
            Kept::Activations => {
                activations.eval_with(&output)?;
                Ok((output, Left::Activations(activations)))
            }
            Kept::Inputs => {
                drop(activations);
                output.eval()?;
                Ok((output, Left::Input(x.clone())))
            }
        }
    }

    fn block<'a>(&'a self, matrices: &'a crate::model::BlockMatrices<Array>) -> Block<'a> {
        Block {
            matrices,
            layout: &self.layout,
        }
    }

    fn head<'a>(&self, weights: &'a Parameters<Array>) -> Head<'a> {
        Head {
            matrix: &weights.head,
            chunk_tokens: self.workspace.loss_chunk_tokens,
        }
    }
}

/// What a block leaves behind on the way forward.
enum Left {
    Activations(Activations),
    Input(Array),
}

impl Left {
    fn activations(self, block: Block) -> Result<Activations> {
        match self {
            Self::Activations(activations) => Ok(activations),
            Self::Input(input) => block.activations(&input),
        }
    }
}

impl MicroBatch {
    fn inputs(&self) -> Array {
        let ids = self.rows.iter().flat_map(|row| &row.inputs);
        vector(&ids.copied().collect::<Vec<u32>>())
    }

    fn targets(&self) -> Targets {
        let ids = self.rows.iter().flat_map(|row| &row.targets);
        let counted = self.rows.iter().flat_map(|row| &row.counted);
        Targets {
            ids: ids.copied().collect(),
            counted: counted.copied().collect(),
        }
    }
}

/// The targets of all rows, one after another.
struct Targets {
    ids: Vec<u32>,
    counted: Vec<bool>,
}

impl Targets {
    fn as_ref(&self) -> TokenTargets<'_> {
        TokenTargets {
            ids: &self.ids,
            counted: &self.counted,
        }
    }

    fn loss(&self, nats: &[f32]) -> LossSum {
        LossSum {
            nats: nats.iter().copied().map(f64::from).sum(),
            tokens: self.counted.iter().filter(|&&counts| counts).count() as u64,
        }
    }
}

fn vector(ids: &[u32]) -> Array {
    Array::from_slice(ids, &[ids.len() as i32])
}
