//! What optimizers remember of each matrix.

use headroom_mlx::ops::zeros_dtype;
use headroom_mlx::{Array, Result};

use crate::model::{Geometry, Parameters, Place};
use crate::training_dtype::TrainingDtype;

/// What one matrix's optimizer remembers.
#[derive(Debug, Clone)]
pub enum OptimizerState {
    /// AdamW's running means of gradients and of their squares.
    AdamW {
        /// Of gradients.
        mean: Array,
        /// Of their squares.
        variance: Array,
    },
    /// Muon's running mean of gradients.
    Muon {
        /// It.
        momentum: Array,
    },
}

impl OptimizerState {
    /// What is remembered before the first step, for every matrix: zeros.
    ///
    /// # Errors
    /// When MLX has no memory.
    pub fn zeros(geometry: &Geometry, dtype: TrainingDtype) -> Result<Parameters<Self>> {
        let shapes = geometry.shapes();
        let mut shapes = shapes.iter();
        Parameters::try_make(geometry.layers, |_, place| {
            let shape = shapes.next().unwrap_or(&[0, 0]).map(|size| size as i32);
            let zeros = || -> Result<Array> {
                let zeros = zeros_dtype(&shape, dtype.dtype())?;
                zeros.eval()?;
                Ok(zeros)
            };
            Ok(match place {
                Place::Embedding | Place::Head => Self::AdamW {
                    mean: zeros()?,
                    variance: zeros()?,
                },
                Place::Block { .. } => Self::Muon { momentum: zeros()? },
            })
        })
    }

    /// Forgets everything, one array after another.
    ///
    /// # Errors
    /// When MLX has no memory.
    pub fn clear(&mut self) -> Result<()> {
        for (_, array) in self.parts_mut() {
            let (shape, dtype) = (array.shape().to_vec(), array.dtype());
            *array = Array::from_f32(0.0);
            *array = zeros_dtype(&shape, dtype)?;
            array.eval()?;
        }
        Ok(())
    }

    /// What is remembered, with the names that it has in a checkpoint behind the matrix's.
    pub fn parts(&self) -> Vec<(&'static str, &Array)> {
        match self {
            Self::AdamW { mean, variance } => {
                vec![("first_moment", mean), ("second_moment", variance)]
            }
            Self::Muon { momentum } => vec![("momentum", momentum)],
        }
    }

    /// The same, to be replaced.
    pub fn parts_mut(&mut self) -> Vec<(&'static str, &mut Array)> {
        match self {
            Self::AdamW { mean, variance } => {
                vec![("first_moment", mean), ("second_moment", variance)]
            }
            Self::Muon { momentum } => vec![("momentum", momentum)],
        }
    }
}
