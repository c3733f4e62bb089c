//! Gated MLPs (Shazeer, 2020): `down(activation(gate(x)) * up(x))`.

use headroom_mlx::ops::split_equal;
use headroom_mlx::{Array, Exception, Result};

use crate::activation::Activation;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::tensor_source::TensorSource;

/// A gated MLP.
#[derive(Debug)]
pub(crate) struct GatedMlp {
    pub(crate) input: GateAndUp,
    pub(crate) down: Linear,
    pub(crate) activation: Activation,
}

/// One matrix for each, or one for both.
#[derive(Debug)]
pub(crate) enum GateAndUp {
    Separate {
        gate: Linear,
        up: Linear,
    },
    /// Rows of the gate, then of the other.
    Fused(Linear),
}

/// Widths of an MLP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MlpShape {
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) has_bias: bool,
}

impl GatedMlp {
    /// Reads `gate_proj`, `up_proj` and `down_proj` of `layer`.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        shape: MlpShape,
        activation: Activation,
    ) -> std::result::Result<Self, ModelError> {
        let (hidden, intermediate) = (shape.hidden_size, shape.intermediate_size);
        let mut linear = |name: &str, inputs, outputs| {
            let shape = LinearShape {
                inputs,
                outputs,
                has_bias: shape.has_bias,
            };
            Linear::read(source, &format!("{layer}.{name}"), shape)
        };
        Ok(Self {
            input: GateAndUp::Separate {
                gate: linear("gate_proj", hidden, intermediate)?,
                up: linear("up_proj", hidden, intermediate)?,
            },
            down: linear("down_proj", intermediate, hidden)?,
            activation,
        })
    }

    /// Reads SwiGLU with gate and up in one matrix; `names` are those of that matrix and of the last.
    pub(crate) fn fused(
        source: &mut dyn TensorSource,
        names: [String; 2],
        (hidden, intermediate): (usize, usize),
    ) -> std::result::Result<Self, ModelError> {
        let [gate_and_up, down] = names;
        let wide = LinearShape::without_bias(hidden, 2 * intermediate);
        let narrow = LinearShape::without_bias(intermediate, hidden);
        Ok(Self {
            input: GateAndUp::Fused(Linear::read(source, &gate_and_up, wide)?),
            down: Linear::read(source, &down, narrow)?,
            activation: Activation::Silu,
        })
    }

    /// `(..., hidden)` to the same shape.
    pub(crate) fn forward(&self, x: &Array) -> Result<Array> {
        let gated = match &self.input {
            GateAndUp::Separate { gate, up } => {
                let gate = self.activation.forward(&gate.forward(x)?)?;
                gate.multiply(up.forward(x)?)?
            }
            GateAndUp::Fused(linear) => {
                let parts = split_equal(linear.forward(x)?, 2, -1)?;
                let [gate, up] = <[Array; 2]>::try_from(parts).map_err(|_| {
                    Exception::custom("a split in two gave another number of parts")
                })?;
                self.activation.forward(&gate)?.multiply(up)?
            }
        };
        self.down.forward(&gated)
    }
}
