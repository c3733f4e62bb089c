//! The pre-norm decoder of the Llama line: `x + attention(norm(x))`, then `x + mlp(norm(x))`, block
//! after block, a last norm and the head.

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::sigmoid;
use headroom_mlx::{Array, Result};

use crate::attention::Attention;
use crate::cache::{KeyValueCache, ModelCache};
use crate::embedding::{Embedding, Head};
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::model::{LanguageModel, LogitRows, ModelShape};
use crate::normalization::RmsNorm;
use crate::settings::DecoderSettings;
use crate::tensor_source::TensorSource;

#[derive(Debug)]
pub(crate) struct Decoder {
    embedding: Embedding,
    blocks: Vec<Block>,
    norm: RmsNorm,
    head: Head,
    shape: ModelShape,
}

impl Decoder {
    /// Reads all weights under the names that Hugging Face gives them.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        settings: &DecoderSettings,
    ) -> std::result::Result<Self, ModelError> {
        let DecoderSettings {
            vocabulary_size,
            hidden_size,
            norm_epsilon,
            ..
        } = *settings;
        // The largest first: what reading it takes beside itself is free again for the rest.
        let embedding =
            Embedding::read(source, "model.embed_tokens", vocabulary_size, hidden_size)?;
        let head = match is_tied(source, settings) {
            true => Head::Tied,
            false => Head::read(source, HEAD, vocabulary_size, hidden_size)?,
        };
        let blocks = (0..settings.layers)
            .map(|number| Block::read(source, &format!("model.layers.{number}"), settings))
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            embedding,
            blocks,
            norm: RmsNorm::read(source, "model.norm", hidden_size, norm_epsilon)?,
            head,
            shape: settings.shape(),
        })
    }

    fn refuse_foreign_caches(
        &self,
        tokens: &Array,
        caches: &mut [&mut ModelCache],
    ) -> std::result::Result<(), ModelError> {
        let sequences = tokens.shape().first().map_or(0, |&count| count as usize);
        let layers = self.blocks.len();
        let are_ours = caches
            .iter_mut()
            .all(|cache| cache.layers_mut().len() == layers);
        match sequences == caches.len() && are_ours {
            true => Ok(()),
            false => Err(ModelError::CachesDoNotFit {
                sequences,
                layers,
                caches: caches.len(),
            }),
        }
    }
}

const HEAD: &str = "lm_head";

/// Where the configuration does not say, a head in the checkpoint is one to use.
fn is_tied(source: &dyn TensorSource, settings: &DecoderSettings) -> bool {
    settings
        .tied_head
        .unwrap_or_else(|| !source.contains("lm_head.weight"))
}

/// Tensors that exporters leave in a checkpoint though nothing reads them: RoPE's frequencies,
/// which are computed, and a copy of the tied head.
pub(crate) fn may_be_left_over(tensor: &str) -> bool {
    tensor.ends_with(".rotary_emb.inv_freq")
        || tensor
            .strip_prefix(HEAD)
            .is_some_and(|rest| rest.starts_with('.'))
}

impl LanguageModel for Decoder {
    fn shape(&self) -> &ModelShape {
        &self.shape
    }

    fn forward(
        &self,
        tokens: &Array,
        caches: &mut [&mut ModelCache],
        rows: LogitRows,
    ) -> std::result::Result<Array, ModelError> {
        self.refuse_foreign_caches(tokens, caches)?;
        let mut hidden = self.embedding.forward(tokens)?;
        for (number, block) in self.blocks.iter().enumerate() {
            let mut layer: Vec<_> = caches
                .iter_mut()
                .filter_map(|cache| cache.layers_mut().get_mut(number))
                .collect();
            hidden = block.forward(&hidden, &mut layer)?;
        }
        let hidden = match rows {
            LogitRows::All => hidden,
            LogitRows::Last => hidden.try_index((.., -1.., ..))?,
        };
        self.head
            .forward(&self.norm.forward(&hidden)?, &self.embedding)
    }
}

#[derive(Debug)]
struct Block {
    attention_norm: RmsNorm,
    attention: Attention,
    mlp_norm: RmsNorm,
    mlp: GatedMlp,
}

impl Block {
    fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        settings: &DecoderSettings,
    ) -> std::result::Result<Self, ModelError> {
        let (width, epsilon) = (settings.hidden_size, settings.norm_epsilon);
        Ok(Self {
            attention_norm: RmsNorm::read(
                source,
                &format!("{layer}.input_layernorm"),
                width,
                epsilon,
            )?,
            attention: Attention::read(source, &format!("{layer}.self_attn"), settings)?,
            mlp_norm: RmsNorm::read(
                source,
                &format!("{layer}.post_attention_layernorm"),
                width,
                epsilon,
            )?,
            mlp: GatedMlp::read(source, &format!("{layer}.mlp"), settings)?,
        })
    }

    /// `(sequences, tokens, hidden)` to the same shape.
    fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        let x = x.add(
            self.attention
                .forward(&self.attention_norm.forward(x)?, caches)?,
        )?;
        x.add(self.mlp.forward(&self.mlp_norm.forward(&x)?)?)
    }
}

/// SwiGLU (Shazeer, 2020): `down(silu(gate(x)) * up(x))`.
#[derive(Debug)]
struct GatedMlp {
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl GatedMlp {
    fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        settings: &DecoderSettings,
    ) -> std::result::Result<Self, ModelError> {
        let mut linear = |name: &str, inputs, outputs| {
            let shape = LinearShape {
                inputs,
                outputs,
                has_bias: settings.mlp_bias,
            };
            Linear::read(source, &format!("{layer}.{name}"), shape)
        };
        Ok(Self {
            gate: linear(
                "gate_proj",
                settings.hidden_size,
                settings.intermediate_size,
            )?,
            up: linear("up_proj", settings.hidden_size, settings.intermediate_size)?,
            down: linear(
                "down_proj",
                settings.intermediate_size,
                settings.hidden_size,
            )?,
        })
    }

    fn forward(&self, x: &Array) -> Result<Array> {
        let gate = self.gate.forward(x)?;
        let activated = gate.multiply(sigmoid(&gate)?)?;
        self.down.forward(&activated.multiply(self.up.forward(x)?)?)
    }
}
