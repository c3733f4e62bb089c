//! What of a model's architecture decides the memory it takes.

/// A model's sizes, known from its headers and configuration before anything is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelGeometry {
    /// Bytes of all weights, as they lie in memory.
    pub weights_bytes: u64,
    /// Whether matrices are packed integers, which a CPU expands block by block.
    pub weights_are_quantized: bool,
    /// Width of the residual stream.
    pub hidden_size: u32,
    /// How many such streams there are: one, but for Gemma 3n.
    pub residual_streams: u32,
    /// Width of the widest MLP.
    pub intermediate_size: u32,
    /// Whether MLPs multiply two products of that width.
    pub mlp_is_gated: bool,
    /// Query heads of the layer that has the most.
    pub heads: u32,
    /// Columns of the logits.
    pub vocabulary_size: u32,
    /// The longest sequence the model was made for; `None` where its configuration does not say.
    pub context_length: Option<u32>,
    /// Every decoder block, first to last.
    pub layers: Vec<LayerGeometry>,
}

/// What one decoder block keeps of each token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerGeometry {
    /// Heads of keys and values; 0 for a layer that uses those of another.
    pub key_value_heads: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// The most tokens this layer looks back at; `None` for all.
    pub window: Option<u32>,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// In float32, whatever the weights are stored in.
    Cpu,
    /// In 16 bits, on Metal.
    Gpu,
}

impl Backend {
    /// Bytes of a number in activations, keys and values.
    pub const fn computed_bytes(self) -> u64 {
        match self {
            Self::Cpu => 4,
            Self::Gpu => 2,
        }
    }
}

impl ModelGeometry {
    /// Layers that are all alike.
    pub fn uniform_layers(layers: usize, layer: LayerGeometry) -> Vec<LayerGeometry> {
        vec![layer; layers]
    }
}
