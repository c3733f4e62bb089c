//! Grouped-query self-attention with RoPE (Ainslie et al., 2023), as the Llama line has it.

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Result};

use crate::cache::KeyValueCache;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::normalization::RmsNorm;
use crate::rope::Rope;
use crate::settings::DecoderSettings;
use crate::tensor_source::TensorSource;

#[derive(Debug)]
pub(crate) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norms: Option<QueryKeyNorms>,
    rope: Rope,
    heads: i32,
    key_value_heads: i32,
    head_dim: i32,
}

/// RMSNorm over each head, before RoPE.
#[derive(Debug)]
struct QueryKeyNorms {
    query: RmsNorm,
    key: RmsNorm,
}

impl Attention {
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        settings: &DecoderSettings,
    ) -> std::result::Result<Self, ModelError> {
        let DecoderSettings {
            hidden_size,
            head_dim,
            ..
        } = *settings;
        let (query_width, key_width) = (
            settings.heads * head_dim,
            settings.key_value_heads * head_dim,
        );
        let mut linear = |name: &str, inputs, outputs| {
            let shape = LinearShape {
                inputs,
                outputs,
                has_bias: settings.attention_bias,
            };
            Linear::read(source, &format!("{layer}.{name}"), shape)
        };
        Ok(Self {
            query: linear("q_proj", hidden_size, query_width)?,
            key: linear("k_proj", hidden_size, key_width)?,
            value: linear("v_proj", hidden_size, key_width)?,
            output: linear("o_proj", query_width, hidden_size)?,
            norms: QueryKeyNorms::read(source, layer, settings)?,
            rope: Rope::new(&settings.rope, head_dim),
            heads: settings.heads as i32,
            key_value_heads: settings.key_value_heads as i32,
            head_dim: head_dim as i32,
        })
    }

    /// `(sequences, tokens, hidden)` to the same shape; each sequence's cache learns its tokens' keys
    /// and values.
    pub(crate) fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        let mut queries = self.split_heads(&self.query.forward(x)?, self.heads)?;
        let mut keys = self.split_heads(&self.key.forward(x)?, self.key_value_heads)?;
        let values = self.split_heads(&self.value.forward(x)?, self.key_value_heads)?;
        if let Some(norms) = &self.norms {
            queries = norms.query.forward(&queries)?;
            keys = norms.key.forward(&keys)?;
        }
        let attended = match caches {
            [cache] => self.attend(&queries, &keys, &values, cache)?,
            caches => self.attend_each(&queries, &keys, &values, caches)?,
        };
        self.output.forward(&self.join_heads(&attended)?)
    }

    /// Attention of one sequence, `(1, heads, tokens, head_dim)`.
    fn attend(
        &self,
        queries: &Array,
        keys: &Array,
        values: &Array,
        cache: &mut KeyValueCache,
    ) -> Result<Array> {
        let queries = self.rope.forward(queries, cache.offset())?;
        let keys = self.rope.forward(keys, cache.offset())?;
        let seen = cache.update(&keys, values)?;
        seen.attend(&queries, (self.head_dim as f32).powf(-0.5))
    }

    /// Sequences stand at different positions and see different lengths, so that each attends alone.
    fn attend_each(
        &self,
        queries: &Array,
        keys: &Array,
        values: &Array,
        caches: &mut [&mut KeyValueCache],
    ) -> Result<Array> {
        let mut attended = Vec::with_capacity(caches.len());
        for (row, cache) in (0..).zip(caches) {
            let [queries, keys, values] =
                [queries, keys, values].map(|array| array.try_index(row..row + 1));
            attended.push(self.attend(&queries?, &keys?, &values?, cache)?);
        }
        concatenate(&attended, 0)
    }

    /// `(sequences, tokens, heads * head_dim)` to `(sequences, heads, tokens, head_dim)`.
    fn split_heads(&self, x: &Array, heads: i32) -> Result<Array> {
        x.reshape(&[x.dim(0), x.dim(1), heads, self.head_dim])?
            .transpose_axes(&[0, 2, 1, 3])
    }

    /// `(sequences, heads, tokens, head_dim)` to `(sequences, tokens, heads * head_dim)`.
    fn join_heads(&self, x: &Array) -> Result<Array> {
        let [sequences, tokens] = [0, 2].map(|axis| x.dim(axis));
        x.transpose_axes(&[0, 2, 1, 3])?
            .reshape(&[sequences, tokens, self.heads * self.head_dim])
    }
}

impl QueryKeyNorms {
    fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        settings: &DecoderSettings,
    ) -> std::result::Result<Option<Self>, ModelError> {
        if !settings.query_key_norm {
            return Ok(None);
        }
        let mut norm = |name: &str| {
            RmsNorm::read(
                source,
                &format!("{layer}.{name}"),
                settings.head_dim,
                settings.norm_epsilon,
            )
        };
        Ok(Some(Self {
            query: norm("q_norm")?,
            key: norm("k_norm")?,
        }))
    }
}
