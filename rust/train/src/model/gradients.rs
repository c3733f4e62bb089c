//! Sums of gradients over the micro-batches of a step.

use headroom_mlx::ops::indexing::scatter_add_single;
use headroom_mlx::ops::{addmm, zeros};
use headroom_mlx::{Array, Dtype, Result};

use crate::model::geometry::Geometry;
use crate::model::parameters::Parameters;

/// The sum of all gradients that one matrix has had, in float32; nothing is held before the first.
#[derive(Debug, Default)]
pub struct GradientSum {
    sum: Option<Array>,
}

/// One sum for each matrix.
pub type Gradients = Parameters<GradientSum>;

impl Gradients {
    /// Sums of nothing.
    pub fn none(geometry: &Geometry) -> Self {
        let made = Self::try_make(geometry.layers, |_, _| {
            Ok::<_, std::convert::Infallible>(GradientSum::default())
        });
        made.unwrap_or_else(|never| match never {})
    }
}

impl GradientSum {
    /// Adds `gradientᵀ · inputs`, what a product `inputs · matrixᵀ` gives its matrix: `gradient (n,
    /// outputs)`, `inputs (n, inputs)`.
    pub(crate) fn add_product(&mut self, gradient: &Array, inputs: &Array) -> Result<()> {
        let turned = gradient.transpose()?;
        let sum = match self.sum.take() {
            Some(sum) if sum.dtype() == inputs.dtype() => addmm(&sum, &turned, inputs, 1.0, 1.0)?,
            Some(sum) => sum.add(turned.matmul(inputs)?.as_dtype(Dtype::Float32)?)?,
            None => turned.matmul(inputs)?.as_dtype(Dtype::Float32)?,
        };
        self.put(sum)
    }

    /// Adds row by row what look-ups of `ids (n)` in a table of that shape give it: `gradient (n, width)`.
    pub(crate) fn add_rows(
        &mut self,
        ids: &Array,
        gradient: &Array,
        shape: [usize; 2],
    ) -> Result<()> {
        let sum = match self.sum.take() {
            Some(sum) => sum,
            None => zeros::<f32>(&shape.map(|size| size as i32))?,
        };
        let gradient = gradient.as_dtype(Dtype::Float32)?;
        let rows = gradient.reshape(&[gradient.dim(0), 1, gradient.dim(1)])?;
        self.put(scatter_add_single(sum, ids, rows, 0)?)
    }

    fn put(&mut self, sum: Array) -> Result<()> {
        sum.eval()?;
        self.sum = Some(sum);
        Ok(())
    }

    /// The sum, which is forgotten here; `None` when nothing was added.
    pub fn take(&mut self) -> Option<Array> {
        self.sum.take()
    }

    /// The sum so far.
    pub fn sum(&self) -> Option<&Array> {
        self.sum.as_ref()
    }
}
