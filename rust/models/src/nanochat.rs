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
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::head::{Head, HeadSettings};
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
    norm_epsilon: Some(1e-5),
};

/// What a `nanochat` configuration means.
pub(crate) fn read(config: &ConfigFile) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    let soft_cap = config.optional_float("final_logit_softcapping", SOFT_CAP)?;
    Ok(Box::new(NanoChat {
        settings: DecoderSettings::from_config(config, &DEFAULTS)?,
        soft_cap: soft_cap.unwrap_or(15.0) as f32,
    }))
}

/// What the tensors are called.
struct Names {
    embedding: &'static str,
    layers: &'static str,
    attention: [&'static str; 4],
    mlp: [&'static str; 2],
}

const ORIGINAL: Names = Names {
    embedding: "transformer.wte",
    layers: "transformer.h",
    attention: ["attn.c_q", "attn.c_k", "attn.c_v", "attn.c_proj"],
    mlp: ["mlp.c_fc", "mlp.c_proj"],
};
const TRANSFORMERS: Names = Names {
    embedding: "model.embed_tokens",
    layers: "model.layers",
    attention: [
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
    ],
    mlp: ["mlp.fc1", "mlp.fc2"],
};

impl Names {
    fn used_in(source: &dyn TensorSource) -> Self {
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
    fn block(
        &self,
        source: &mut dyn TensorSource,
        names: &Names,
        number: usize,
    ) -> std::result::Result<Box<dyn Block>, ModelError> {
        let (hidden, intermediate) = (self.settings.hidden_size, self.settings.intermediate_size);
        let layer = format!("{}.{number}", names.layers);
        let attention = self.attention(
            source,
            names.attention.map(|name| format!("{layer}.{name}")),
        )?;
        let mut linear = |name, inputs, outputs| {
            let shape = LinearShape::without_bias(inputs, outputs);
            Linear::read(source, &format!("{layer}.{name}"), shape)
        };
        Ok(Box::new(NanoChatBlock {
            norm: RmsNorm::plain(self.settings.norm_epsilon),
            attention,
            expand: linear(names.mlp[0], hidden, intermediate)?,
            project: linear(names.mlp[1], intermediate, hidden)?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        [query, key, value, output]: [String; 4],
    ) -> std::result::Result<Attention, ModelError> {
        let DecoderSettings {
            heads,
            hidden_size,
            norm_epsilon,
            ..
        } = self.settings;
        let shape = LinearShape::without_bias(heads.query_width(), hidden_size);
        Ok(Attention {
            projections: Projections::separate(
                source,
                [query, key, value],
                heads,
                (hidden_size, false),
            )?,
            norms: HeadNorms {
                query: Some(RmsNorm::plain(norm_epsilon)),
                key: Some(RmsNorm::plain(norm_epsilon)),
                value: None,
            },
            rope: Some(Rope::backwards(self.settings.rope.theta, heads.dim)),
            output: Linear::read(source, &output, shape)?,
            heads,
            scale: heads.usual_scale(),
        })
    }
}

impl Architecture for NanoChat {
    fn shape(&self) -> ModelShape {
        self.settings.shape(&vec![None; self.settings.layers])
    }

    fn build(
        &self,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Box<dyn LanguageModel>, ModelError> {
        let settings = &self.settings;
        let names = Names::used_in(source);
        let head = HeadSettings {
            tied: Some(settings.tied_head.unwrap_or(false)),
            soft_cap: Some(self.soft_cap),
            ..settings.head()
        };
        let (vocabulary, width) = (settings.vocabulary_size, settings.hidden_size);
        let norm = || RmsNorm::plain(settings.norm_epsilon);
        let embedding = Embedding::read(source, names.embedding, vocabulary, width)?;
        let head = Head::read(source, "lm_head", &head)?;
        let blocks = (0..settings.layers).map(|number| self.block(source, &names, number));
        Ok(Box::new(Decoder {
            embedding,
            head,
            entry: Entry::Normalized(norm()),
            blocks: blocks.collect::<std::result::Result<_, _>>()?,
            norm: norm(),
            shape: self.shape(),
        }))
    }
}
