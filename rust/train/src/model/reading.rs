//! A model from its directory, to be trained further.

use std::path::Path;

use headroom_formats::{Checkpoint, ConfigFile};
use headroom_mlx::{Array, Dtype};
use headroom_models::read_tensor;

use crate::error::TrainError;
use crate::model::geometry::Geometry;
use crate::model::parameters::Parameters;

/// The sizes that a directory's `config.json` states.
///
/// # Errors
/// When it does not pass the gate, or is not a model of the kind that is trained here.
pub fn read_geometry(directory: &Path) -> Result<Geometry, TrainError> {
    let config = ConfigFile::read(&directory.join("config.json"))?;
    let unsuited = |what| TrainError::Unsuited {
        path: directory.to_owned(),
        what,
    };
    if config.string("model_type")? != "nanochat" {
        return Err(unsuited("its model_type is not nanochat"));
    }
    let size = |name| config.integer(name, 1..=1 << 24).map(|size| size as usize);
    let positions = size("max_position_embeddings")?;
    let geometry = Geometry {
        layers: size("num_hidden_layers")?,
        width: size("hidden_size")?,
        heads: size("num_attention_heads")?,
        vocabulary: size("vocab_size")?,
        context: positions,
        positions,
    };
    let key_heads = config.optional_integer("num_key_value_heads", 1..=1 << 24)?;
    if key_heads.is_some_and(|heads| heads as usize != geometry.heads) {
        return Err(unsuited("its heads share keys and values"));
    }
    if !geometry.width.is_multiple_of(2 * geometry.heads) {
        return Err(unsuited("its heads do not divide its width"));
    }
    if size("intermediate_size")? != geometry.block_shapes().expand[0] {
        return Err(unsuited("its MLP is not four times as wide as the model"));
    }
    Ok(geometry)
}

/// The weights of a checkpoint in the original names, in float32 or bfloat16.
///
/// # Errors
/// When a tensor is missing, has another shape, or is packed.
pub fn read_weights(
    checkpoint: &Checkpoint,
    geometry: &Geometry,
    dtype: Dtype,
) -> Result<Parameters<Array>, TrainError> {
    let shapes = geometry.shapes();
    let mut shapes = shapes.iter();
    Parameters::try_make(geometry.layers, |name, _| {
        let shape = shapes.next().unwrap_or(&[0, 0]);
        let array = read_tensor(checkpoint, name)?;
        let is_float = matches!(
            array.dtype(),
            Dtype::Float32 | Dtype::Bfloat16 | Dtype::Float16
        );
        if !is_float || array.shape() != shape.map(|size| size as i32) {
            return Err(TrainError::Tensor {
                tensor: name.to_owned(),
                expected: *shape,
            });
        }
        let array = array.as_dtype(dtype)?;
        array.eval()?;
        Ok(array)
    })
}
