//! nanochat (Karpathy, 2025), `model_type` `nanochat`: norms without weights, also after the embedding;
//! RoPE that turns backwards, then queries and keys normalised; MLPs with squared ReLU; soft-capped
//! logits.
//!
//! Reference: `mlx_lm/models/nanochat.py`, version 0.32.2, whose tensor names are the original's;
//! transformers' names are read too. Norms without weights do not change under rotation, so that they
//! may as well come before RoPE.

use headroom_formats::{ConfigFile, FormatError};
use headroom_mlx::{Array, Result};

use crate::activation::Activation;
use crate::architecture::Architecture;
use crate::attention::{Attention, HeadNorms};
use crate::cache::KeyValueCache;
use crate::decoder::{Block, Decoder, Entry};
use crate::error::ModelError;
use crate::head::{HeadSettings, read_embedding_and_head};
use crate::linear::{Linear, LinearShape};
use crate::model::{LanguageModel, ModelShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::Rope;
use crate::settings::{DecoderSettings, FamilyDefaults, SOFT_CAP};
use crate::tensor_source::TensorSource;

#[derive(Debug)]
struct NanoChat {
    settings: DecoderSettings,
    soft_cap: f32,
}

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |hidden_size, heads| hidden_size / heads,
    rope_theta: Some(10_000.0),
    norm_epsilon: Some(1e-6),
};

/// What a `nanochat` configuration means.
pub(crate) fn read(config: &ConfigFile) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    let soft_cap = config.optional_float("final_logit_softcapping", SOFT_CAP)?;
    Ok(Box::new(NanoChat {
        settings: DecoderSettings::from_config(config, &DEFAULTS)?,
        soft_cap: soft_cap.unwrap_or(15.0) as f32,
    }))
}

/// What the two lineages of checkpoints call their tensors, and what they do not agree on.
#[derive(Debug)]
struct Lineage {
    embedding: &'static str,
    layers: &'static str,
    attention: [&'static str; 4],
    mlp: [&'static str; 2],
    /// What norms add under their root, whatever the configuration says.
    norm_epsilon: Option<f32>,
}

const ORIGINAL: Lineage = Lineage {
    embedding: "transformer.wte",
    layers: "transformer.h",
    attention: ["attn.c_q", "attn.c_k", "attn.c_v", "attn.c_proj"],
    mlp: ["mlp.c_fc", "mlp.c_proj"],
    norm_epsilon: Some(1e-5),
};
const TRANSFORMERS: Lineage = Lineage {
    embedding: "model.embed_tokens",
    layers: "model.layers",
    attention: [
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
    ],
    mlp: ["mlp.fc1", "mlp.fc2"],
    norm_epsilon: None,
};

impl Lineage {
    fn of(source: &dyn TensorSource) -> Self {
        match source.contains("model.embed_tokens.weight") {
            true => TRANSFORMERS,
            false => ORIGINAL,
        }
    }
}

#[derive(Debug)]
struct NanoChatBlock {
    norm: RmsNorm,
    attention: Attention,
    expand: Linear,
    project: Linear,
}

impl Block for NanoChatBlock {
    fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        let x = x.add(self.attention.forward(&self.norm.forward(x)?, caches)?)?;
        let expanded = self.expand.forward(&self.norm.forward(&x)?)?;
        let activated = Activation::SquaredRelu.forward(&expanded)?;
        x.add(self.project.forward(&activated)?)
    }
}

impl NanoChat {
    fn norm(&self, lineage: &Lineage) -> RmsNorm {
        RmsNorm::plain(lineage.norm_epsilon.unwrap_or(self.settings.norm_epsilon))
    }

    fn block(
        &self,
        source: &mut dyn TensorSource,
        lineage: &Lineage,
        number: usize,
    ) -> std::result::Result<Box<dyn Block>, ModelError> {
        let (hidden, intermediate) = (self.settings.hidden_size, self.settings.intermediate_size);
        let layer = format!("{}.{number}", lineage.layers);
        let norm = || self.norm(lineage);
        let norms = HeadNorms {
            query: Some(norm()),
            key: Some(norm()),
            value: None,
        };
        let names = lineage.attention.map(|name| format!("{layer}.{name}"));
        let attention = self.attention(source, names, norms)?;
        let mut linear = |name, inputs, outputs| {
            let shape = LinearShape::without_bias(inputs, outputs);
            Linear::read(source, &format!("{layer}.{name}"), shape)
        };
        Ok(Box::new(NanoChatBlock {
            norm: norm(),
            attention,
            expand: linear(lineage.mlp[0], hidden, intermediate)?,
            project: linear(lineage.mlp[1], intermediate, hidden)?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        [query, key, value, output]: [String; 4],
        norms: HeadNorms,
    ) -> std::result::Result<Attention, ModelError> {
        let DecoderSettings {
            heads, hidden_size, ..
        } = self.settings;
        let shape = LinearShape::without_bias(heads.query_width(), hidden_size);
        Ok(Attention {
            projections: Projections::separate(
                source,
                [query, key, value],
                heads,
                (hidden_size, false),
            )?,
            norms,
            rope: Some(Rope::backwards(self.settings.rope.theta, heads.dim)),
            output: Linear::read(source, &output, shape)?,
            heads,
            scale: heads.usual_scale(),
        })
    }
}

impl Architecture for NanoChat {
    fn shape(&self) -> ModelShape {
        ModelShape {
            mlp_is_gated: false,
            ..self.settings.shape(&vec![None; self.settings.layers])
        }
    }

    fn build(
        &self,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Box<dyn LanguageModel>, ModelError> {
        let settings = &self.settings;
        let lineage = Lineage::of(source);
        let head = HeadSettings {
            tied: Some(settings.tied_head.unwrap_or(false)),
            soft_cap: Some(self.soft_cap),
            ..settings.head()
        };
        let names = [lineage.embedding, "lm_head"];
        let (embedding, head) = read_embedding_and_head(source, names, &head)?;
        let blocks = (0..settings.layers).map(|number| self.block(source, &lineage, number));
        Ok(Box::new(Decoder {
            embedding,
            head,
            entry: Entry::Normalized(self.norm(&lineage)),
            blocks: blocks.collect::<std::result::Result<_, _>>()?,
            norm: self.norm(&lineage),
            shape: self.shape(),
        }))
    }
}
