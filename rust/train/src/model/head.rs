//! The head and its loss in chunks of tokens: logits over the whole vocabulary are there for one chunk
//! at a time, and leave behind a sum, the gradient of the chunk and what the head's matrix gets.

use std::ops::Range;

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::transforms::eval;
use headroom_mlx::{Array, Exception, Result};

use crate::model::cross_entropy::{Targets, cross_entropy};
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
        targets: &Targets,
        sum: &mut GradientSum,
        nats: &mut Vec<f32>,
    ) -> Result<Array> {
        let each = self.chunks(x).map(|range| {
            let x = x.try_index(range.clone())?;
            let loss = cross_entropy(&self.logits(&x)?, &targets.of(range)?)?;
            sum.add_product(&loss.gradient, &x)?;
            let of_x = loss.gradient.matmul(self.matrix)?;
            eval([&of_x, &loss.nats])?;
            nats.extend(values(&loss.nats)?);
            Ok(of_x)
        });
        concatenate(&each.collect::<Result<Vec<_>>>()?, 0)
    }

    /// Nats of each token of `x (n, width)`.
    pub(crate) fn nats(&self, x: &Array, targets: &Targets) -> Result<Vec<f32>> {
        let each = self.chunks(x).map(|range| {
            let x = x.try_index(range.clone())?;
            values(&cross_entropy(&self.logits(&x)?, &targets.of(range)?)?.nats)
        });
        Ok(each.collect::<Result<Vec<_>>>()?.concat())
    }

    fn logits(&self, x: &Array) -> Result<Array> {
        x.matmul(self.matrix.transpose()?)
    }

    fn chunks(&self, x: &Array) -> impl Iterator<Item = Range<i32>> + use<> {
        let (tokens, chunk) = (x.dim(0), self.chunk_tokens.max(1) as i32);
        let starts = (0..tokens).step_by(chunk as usize);
        starts.map(move |start| start..(start + chunk).min(tokens))
    }
}

impl Targets {
    fn of(&self, range: Range<i32>) -> Result<Self> {
        Ok(Self {
            ids: self.ids.try_index(range.clone())?,
            counted: self.counted.try_index(range)?,
        })
    }
}

fn values(nats: &Array) -> Result<Vec<f32>> {
    let nats = nats.to_vec_exact::<f32>();
    nats.map_err(|error| Exception::custom(error.to_string()))
}
