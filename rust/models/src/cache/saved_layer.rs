//! One layer of a saved cache, held to the model array by array.

use headroom_mlx::Array;
use headroom_mlx::ops::transforms::eval;

use super::layer::KeyValueCache;
use super::plane::{ExpectedArray, Plane, PlaneFormat};
use super::planes::Planes;
use super::precision::CachePrecision;
use super::state::{CacheDescription, CacheStateError, ComputedIn, refused};
use crate::model::LayerShape;

/// A layer's number, and what model and file say of it.
pub(super) struct SavedLayer<'a> {
    pub(super) number: usize,
    pub(super) shape: &'a LayerShape,
    pub(super) description: &'a CacheDescription,
}

/// Tensors by name.
type Tensors<'a> = dyn FnMut(&str) -> Option<Array> + 'a;

type Result<T> = std::result::Result<T, CacheStateError>;

impl SavedLayer<'_> {
    /// Fills the empty `layer`.
    pub(super) fn restore(
        &self,
        layer: &mut KeyValueCache,
        tensor: &mut Tensors<'_>,
    ) -> Result<()> {
        layer.precision = self.description.precision;
        layer.computed = self.description.computed_in.map(ComputedIn::dtype);
        self.check_groups()?;
        let positions = self.positions(layer, tensor)?;
        let planes = match layer.computed {
            Some(computed) if positions > 0 => {
                let format = PlaneFormat {
                    precision: layer.precision,
                    computed,
                };
                Some(self.planes(format, positions, tensor)?)
            }
            _ => None,
        };
        layer
            .layout
            .go_on_from(self.description.offset, planes.as_ref())?;
        Ok(eval(layer.arrays())?)
    }

    fn check_groups(&self) -> Result<()> {
        let CachePrecision::Quantized(quantization) = self.description.precision else {
            return Ok(());
        };
        let (group_size, head_dim) = (quantization.group_size, clamped(self.shape.head_dim));
        match head_dim % group_size {
            0 => Ok(()),
            _ => {
                let allowed = format!("a divisor of the model's head dim, {head_dim},");
                Err(refused("group_size", group_size, &allowed))
            }
        }
    }

    /// How many positions the layer's keys have, 0 where there are none, and whether a layer that has
    /// seen so many tokens can keep as many.
    fn positions(&self, layer: &KeyValueCache, tensor: &mut Tensors<'_>) -> Result<i32> {
        let name = self.name("keys", "");
        let keys = tensor(&name);
        let positions = match keys.as_ref().map(Array::shape) {
            None => 0,
            Some(&[_, _, positions, _]) => positions,
            Some(_) => -1,
        };
        let offset = self.description.offset;
        let is_possible = layer.layout.can_hold(offset, positions);
        match keys {
            _ if is_possible => Ok(positions),
            None => Err(CacheStateError::MissingTensor { name }),
            Some(keys) => {
                let expected = format!("of the positions that are kept of {offset} tokens");
                Err(wrong_tensor(name, &keys, expected))
            }
        }
    }

    fn planes(
        &self,
        format: PlaneFormat,
        positions: i32,
        tensor: &mut Tensors<'_>,
    ) -> Result<Planes> {
        let head_dim = clamped(self.shape.head_dim);
        let mut plane = |kind| {
            Plane::from_arrays(format, head_dim, |expected| {
                self.array(kind, expected, positions, tensor)
            })
        };
        Ok(Planes {
            keys: plane("keys")?,
            values: plane("values")?,
        })
    }

    fn array(
        &self,
        kind: &str,
        expected: ExpectedArray,
        positions: i32,
        tensor: &mut Tensors<'_>,
    ) -> Result<Array> {
        let name = self.name(kind, expected.suffix);
        let heads = clamped(self.shape.key_value_heads);
        let shape = [1, heads, positions, expected.width];
        match tensor(&name) {
            None => Err(CacheStateError::MissingTensor { name }),
            Some(array) if array.shape() == shape && array.dtype() == expected.dtype => Ok(array),
            Some(array) => {
                let expected = format!("{:?} {shape:?}", expected.dtype);
                Err(wrong_tensor(name, &array, expected))
            }
        }
    }

    fn name(&self, kind: &str, suffix: &str) -> String {
        format!("layers.{}.{kind}{suffix}", self.number)
    }
}

fn wrong_tensor(name: String, found: &Array, expected: String) -> CacheStateError {
    CacheStateError::Tensor {
        name,
        found: format!("{:?} {:?}", found.dtype(), found.shape()),
        expected,
    }
}

fn clamped(size: u32) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}
