//! A cache as it lies in a file: a description, and tensors named after layers. What comes back is
//! held to the model's shape before anything is built from it.

use headroom_mlx::{Array, Dtype, Exception, Result};
use serde::{Deserialize, Serialize};

use super::ModelCache;
use super::layout::CacheLayout;
use super::plane::Plane;
use super::precision::{CachePrecision, CacheQuantization};
use super::saved_layer::SavedLayer;
use crate::model::ModelShape;

/// What a cache is, apart from its tensors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheDescription {
    /// Tokens that it has seen.
    pub offset: i32,
    /// Which of them it keeps.
    pub layout: CacheLayout,
    /// How exactly.
    pub precision: CachePrecision,
    /// What keys and values were computed in; `None` where none have come yet.
    pub computed_in: Option<ComputedIn>,
    /// How long its sequence was expected to become, where RoPE depends on it; see
    /// [`ModelCache::expect`].
    #[serde(default)]
    pub reach: Option<u32>,
}

/// A type that models compute in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputedIn {
    /// On a CPU.
    Float32,
    /// On a GPU.
    Float16,
    /// On a GPU.
    Bfloat16,
}

/// Why parts do not make a cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheStateError {
    /// The description contradicts itself or the model.
    #[error(
        "the saved cache says that its {field} is {found}, where {allowed} is possible; make it again with this model"
    )]
    Description {
        /// What is wrong.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it could say.
        allowed: String,
    },
    /// A tensor is not there.
    #[error("the saved cache has no tensor {name}; make it again with this model")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A tensor is not what description and model ask for.
    #[error(
        "the saved cache's tensor {name} is {found}, not {expected}; make it again with this model"
    )]
    Tensor {
        /// Its name.
        name: String,
        /// Its type and shape.
        found: String,
        /// What they must be.
        expected: String,
    },
    /// MLX could not carry out an operation.
    #[error("MLX could not restore the cache: {}; free memory and try again", .0.what())]
    Mlx(#[from] Exception),
}

/// The longest sequence that a saved cache may have seen: positions stay far from the end of their
/// 32 bits.
const MOST_TOKENS: i32 = 1 << 30;

impl ModelCache {
    /// The cache as a description and named tensors: `layers.3.keys`, `layers.3.values`, and quantised
    /// `layers.3.keys.scales` and `.biases` beside. Each is `(1, key_value_heads, positions, width)`
    /// and holds only positions that are kept, oldest first; a layer that keeps none has none. They
    /// are views, not evaluated.
    pub fn to_parts(&self) -> Result<(CacheDescription, Vec<(String, Array)>)> {
        let mut tensors = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let Some(planes) = layer.layout.in_order()? else {
                continue;
            };
            for (kind, plane) in [("keys", &planes.keys), ("values", &planes.values)] {
                let named = plane.arrays().zip(Plane::SUFFIXES);
                tensors.extend(named.map(|(array, suffix)| {
                    (format!("layers.{number}.{kind}{suffix}"), array.clone())
                }));
            }
        }
        let computed_in = self.layers.first().and_then(|layer| layer.computed);
        let description = CacheDescription {
            offset: self.offset(),
            layout: self.layout,
            precision: self.precision(),
            computed_in: computed_in.and_then(ComputedIn::of),
            reach: self.reach(),
        };
        Ok((description, tensors))
    }

    /// The cache that [`ModelCache::to_parts`] took apart, for a model of this shape. `tensor` gives
    /// tensors by name; whatever it gives is checked.
    ///
    /// # Errors
    /// When the description, a tensor and the shape contradict each other.
    pub fn from_parts(
        description: &CacheDescription,
        shape: &ModelShape,
        tensor: &mut dyn FnMut(&str) -> Option<Array>,
    ) -> std::result::Result<Self, CacheStateError> {
        description.check()?;
        let mut cache = Self::new(shape, description.layout);
        cache.reach_to(description.reach);
        for (number, (layer, shape)) in cache.layers.iter_mut().zip(&shape.layers).enumerate() {
            let saved = SavedLayer {
                number,
                shape,
                description,
            };
            saved.restore(layer, tensor)?;
        }
        Ok(cache)
    }
}

impl ComputedIn {
    fn of(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::Float32 => Some(Self::Float32),
            Dtype::Float16 => Some(Self::Float16),
            Dtype::Bfloat16 => Some(Self::Bfloat16),
            _ => None,
        }
    }

    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::Float32 => Dtype::Float32,
            Self::Float16 => Dtype::Float16,
            Self::Bfloat16 => Dtype::Bfloat16,
        }
    }
}

impl CacheDescription {
    fn check(&self) -> std::result::Result<(), CacheStateError> {
        if !(0..=MOST_TOKENS).contains(&self.offset) {
            return Err(refused("offset", self.offset, "0 to 2^30"));
        }
        if self.offset > 0 && self.computed_in.is_none() {
            return Err(refused("computed_in", "absent", "absent before any token"));
        }
        self.check_layout()?;
        self.check_precision()
    }

    fn check_layout(&self) -> std::result::Result<(), CacheStateError> {
        match self.layout {
            CacheLayout::Rotating { max_size } if max_size < ModelCache::SMALLEST_BOUND => {
                let allowed = format!("{} or more", ModelCache::SMALLEST_BOUND);
                Err(refused("max_size", max_size, &allowed))
            }
            CacheLayout::Chunked { chunk_size } if chunk_size < 1 => {
                Err(refused("chunk_size", chunk_size, "1 or more"))
            }
            _ => Ok(()),
        }
    }

    fn check_precision(&self) -> std::result::Result<(), CacheStateError> {
        let CachePrecision::Quantized(CacheQuantization { bits, group_size }) = self.precision
        else {
            return Ok(());
        };
        if !CacheQuantization::BITS.contains(&bits) {
            return Err(refused("bits", bits, "2, 3, 4, 6 or 8"));
        }
        if !CacheQuantization::GROUP_SIZES.contains(&group_size) {
            return Err(refused("group_size", group_size, "32, 64 or 128"));
        }
        Ok(())
    }
}

pub(super) fn refused(field: &'static str, found: impl ToString, allowed: &str) -> CacheStateError {
    CacheStateError::Description {
        field,
        found: found.to_string(),
        allowed: allowed.to_owned(),
    }
}
