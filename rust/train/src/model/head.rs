//! The head and its loss in chunks of tokens: logits over the whole vocabulary are there for one chunk
//! at a time, and leave behind a sum, the gradient of the chunk and what the head's matrix gets.

use std::ops::Range;

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Result, TokenTargets};

use crate::model::cross_entropy::cross_entropy;
use crate::model::gradients::GradientSum;

/// The head's matrix `(vocabulary, width)` and how many tokens are weighed at once.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) matrix: &'a Array,
    pub(crate) chunk_tokens: usize,
}

impl Head<'_> {
    /// The gradient of `x (n, width)` in the sum of all losses; the matrix's is added to `sum`. Nats of
    /// each token go to `nats`.
    pub(crate) fn backward(
        &self,
        x: &Array,
        targets: TokenTargets,
        sum: &mut GradientSum,
        nats: &mut Vec<f32>,
    ) -> Result<Array> {
        let each = self.chunks(x).map(|range| {
            let x = rows(x, &range)?;
            let loss = cross_entropy(&self.logits(&x)?, part(targets, range))?;
            nats.extend(loss.nats);
            sum.add_product(&loss.gradient, &x)?;
            let of_x = loss.gradient.matmul(self.matrix)?;
            of_x.eval()?;
            Ok(of_x)
        });
        concatenate(&each.collect::<Result<Vec<_>>>()?, 0)
    }

    /// Nats of each token of `x (n, width)`.
    pub(crate) fn nats(&self, x: &Array, targets: TokenTargets) -> Result<Vec<f32>> {
        let each = self.chunks(x).map(|range| {
            let logits = self.logits(&rows(x, &range)?)?;
            Ok(cross_entropy(&logits, part(targets, range))?.nats)
        });
        Ok(each.collect::<Result<Vec<_>>>()?.concat())
    }

    fn logits(&self, x: &Array) -> Result<Array> {
        x.matmul(self.matrix.transpose()?)
    }

    fn chunks(&self, x: &Array) -> impl Iterator<Item = Range<usize>> + use<> {
        let (tokens, chunk) = (x.dim(0) as usize, self.chunk_tokens.max(1));
        let starts = (0..tokens).step_by(chunk);
        starts.map(move |start| start..(start + chunk).min(tokens))
    }
}

fn rows(x: &Array, range: &Range<usize>) -> Result<Array> {
    x.try_index(range.start as i32..range.end as i32)
}

fn part(targets: TokenTargets, range: Range<usize>) -> TokenTargets {
    TokenTargets {
        ids: &targets.ids[range.clone()],
        counted: &targets.counted[range],
    }
}
