//! Gemma 3n (Gemma Team, 2025), `model_type` `gemma3n` and, without its eyes and ears, `gemma3n_text`:
//! several residual streams (AltUp), a low-rank residual beside attention (Laurel), an embedding per
//! layer, MLPs that keep few of their gates, layers that share keys and values, soft-capped logits.
//! MatFormer's sizes are configurations of it.
//!
//! Reference: `mlx_lm/models/gemma3n.py`, version 0.32.2. Keys and values of layers that share are not
//! loaded.

mod altup;
mod config;
mod layer;
mod per_layer;
mod self_attention;

use headroom_formats::{ConfigFile, ConfigSection, FormatError};
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::{concatenate, maximum, mean_axis, stack};
use headroom_mlx::{Array, Result};

use crate::architecture::{Architecture, is_known_leftover};
use crate::cache::ModelCache;
use crate::decoder::{layer_caches, refuse_foreign_caches, wanted_rows};
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::head::{Head, read_embedding_and_head};
use crate::linear::{Linear, LinearShape};
use crate::model::{LanguageModel, LogitRows, ModelShape};
use crate::normalization::RmsNorm;
use crate::tensor_source::TensorSource;
use crate::text_part::TextPart;
use config::Gemma3nConfig;
use layer::Layer;
use per_layer::PerLayerEmbeddings;
use self_attention::Views;

/// What a `gemma3n` configuration means: its text part is loaded.
pub(crate) fn read(config: &ConfigFile) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    match config.section("text_config")? {
        Some(text) => architecture(&text),
        None => Err(config.refused_value("text_config", "the text model's configuration")),
    }
}

/// What a `gemma3n_text` configuration means.
pub(crate) fn read_text(
    config: &ConfigFile,
) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    architecture(config)
}

fn architecture(config: &ConfigSection) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    let config = Gemma3nConfig::from_section(config)?;
    Ok(Box::new(Gemma3n { config }))
}

#[derive(Debug)]
struct Gemma3n {
    config: Gemma3nConfig,
}

impl Gemma3n {
    /// One matrix for each stream but the first.
    fn stream_projections(
        &self,
        source: &mut dyn TensorSource,
        name: &str,
    ) -> std::result::Result<Vec<Linear>, ModelError> {
        let width = self.config.hidden_size;
        let shape = LinearShape::without_bias(width, width);
        (0..self.config.altup.streams - 1)
            .map(|number| Linear::read(source, &format!("{name}.{number}"), shape))
            .collect()
    }
}

impl Architecture for Gemma3n {
    fn shape(&self) -> ModelShape {
        self.config.shape()
    }

    fn build(
        &self,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Box<dyn LanguageModel>, ModelError> {
        let config = &self.config;
        let part = TextPart::of(source);
        let width = config.hidden_size;
        let table = part.tensor("embed_tokens");
        let (embedding, head) =
            read_embedding_and_head(source, [&table, part.head], &config.head())?;
        let layers = (0..config.layers.len()).map(|number| {
            let name = part.tensor(&format!("layers.{number}"));
            Layer::read(source, &name, config, number)
        });
        let layers = layers.collect::<std::result::Result<_, _>>()?;
        Ok(Box::new(Model {
            embedding,
            layers,
            per_layer: PerLayerEmbeddings::read(source, part, config)?,
            spread: self.stream_projections(source, &part.tensor("altup_projections"))?,
            gather: self.stream_projections(source, &part.tensor("altup_unembed_projections"))?,
            norm: RmsNorm::read(source, &part.tensor("norm"), width, config.norm_epsilon)?,
            head,
            shape: self.shape(),
        }))
    }

    fn may_be_left_over(&self, tensor: &str) -> bool {
        let name = tensor.strip_prefix("model.").unwrap_or(tensor);
        let is_other_sense = [
            "vision_tower.",
            "audio_tower.",
            "embed_audio.",
            "embed_vision.",
        ]
        .iter()
        .any(|part| name.starts_with(part));
        let is_head = tensor.starts_with("language_model.lm_head.");
        is_known_leftover(tensor) || is_other_sense || is_head || self.is_unused_key(tensor)
    }
}

impl Gemma3n {
    /// Exporters write keys and values for layers that share them, too.
    fn is_unused_key(&self, tensor: &str) -> bool {
        let Some((_, rest)) = tensor.split_once("layers.") else {
            return false;
        };
        let Some((number, name)) = rest.split_once('.') else {
            return false;
        };
        let is_key = [
            "self_attn.k_proj.",
            "self_attn.v_proj.",
            "self_attn.k_norm.",
        ]
        .iter()
        .any(|part| name.starts_with(part));
        let number = number.parse::<usize>().ok();
        is_key && number.is_some_and(|number| number >= self.config.first_shared)
    }
}

#[derive(Debug)]
struct Model {
    embedding: Embedding,
    per_layer: PerLayerEmbeddings,
    /// From the first stream to the others.
    spread: Vec<Linear>,
    layers: Vec<Layer>,
    /// From the others back.
    gather: Vec<Linear>,
    norm: RmsNorm,
    head: Head,
    shape: ModelShape,
}

impl LanguageModel for Model {
    fn shape(&self) -> &ModelShape {
        &self.shape
    }

    fn forward(
        &self,
        tokens: &Array,
        caches: &mut [&mut ModelCache],
        rows: LogitRows,
    ) -> std::result::Result<Array, ModelError> {
        refuse_foreign_caches(&self.shape, tokens, caches)?;
        let embedded = self.embedding.forward(tokens)?;
        let scale = Array::from_f32((self.shape.hidden_size as f32).sqrt());
        let embedded = embedded.multiply(scale.as_dtype(embedded.dtype())?)?;
        let own = self.per_layer.forward(tokens, &embedded)?;
        let mut streams = self.spread(&embedded)?;
        let mut views = Views::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let own = own.try_index((.., .., number as i32, ..))?;
            let mut caches = layer_caches(caches, number);
            streams = layer.forward(&streams, &own, &mut caches, &mut views)?;
        }
        let hidden = self.gather(&streams, rows)?;
        Ok(self.head.forward(&self.norm.forward(&hidden)?)?)
    }
}

impl Model {
    /// `(sequences, tokens, hidden)` to `(streams, sequences, tokens, hidden)`.
    fn spread(&self, embedded: &Array) -> Result<Array> {
        let others = self.spread.iter().map(|matrix| {
            let stream = matrix.forward(embedded)?;
            with_magnitude_of(embedded, &stream)
        });
        let mut streams = vec![embedded.clone()];
        streams.extend(others.collect::<Result<Vec<_>>>()?);
        stack(&streams, 0)
    }

    /// The mean of all streams' wanted rows, each brought back to where the first one lives.
    fn gather(&self, streams: &Array, rows: LogitRows) -> Result<Array> {
        let first = wanted_rows(streams.try_index(0)?, rows)?;
        let others = self.gather.iter().enumerate().map(|(number, matrix)| {
            let stream = wanted_rows(streams.try_index(number as i32 + 1)?, rows)?;
            with_magnitude_of(&first, &matrix.forward(&stream)?)?.expand_dims(0)
        });
        let mut gathered = vec![first.expand_dims(0)?];
        gathered.extend(others.collect::<Result<Vec<_>>>()?);
        mean_axis(concatenate(&gathered, 0)?, 0, false)
    }
}

/// `x` with rows as long as `target`'s.
fn with_magnitude_of(target: &Array, x: &Array) -> Result<Array> {
    x.multiply(magnitude(target)?.divide(magnitude(x)?)?)
}

/// The root of each row's mean square, and never nothing.
fn magnitude(x: &Array) -> Result<Array> {
    let least = Array::from_f32(1e-5).as_dtype(x.dtype())?;
    maximum(mean_axis(x.square()?, -1, true)?.sqrt()?, least)
}
