//! Counts each row's parameters and bytes again, tensor by tensor, from its architecture.

use super::{RegistryModel, find, registry};

/// What has been counted so far.
#[derive(Default)]
struct Count {
    parameters: u64,
    bytes: u64,
}

/// How matrices are stored; vectors always have 16 bits.
#[derive(Clone, Copy)]
enum Storage {
    SixteenBits,
    Affine { bits: u64, group_size: u64 },
}

impl Storage {
    fn of(model: &RegistryModel) -> Self {
        match model.quantization {
            None => Self::SixteenBits,
            Some(affine) => Self::Affine {
                bits: affine.bits.into(),
                group_size: affine.group_size.into(),
            },
        }
    }

    /// MLX leaves a matrix as it is whose rows are no whole number of groups.
    fn matrix_bytes(self, rows: u64, columns: u64) -> u64 {
        match self {
            Self::Affine { bits, group_size } if columns.is_multiple_of(group_size) => {
                rows * columns * bits / 8 + rows * (columns / group_size) * 4
            }
            _ => rows * columns * 2,
        }
    }
}

impl Count {
    fn matrices(&mut self, storage: Storage, times: u64, (rows, columns): (u64, u64)) {
        self.parameters += times * rows * columns;
        self.bytes += times * storage.matrix_bytes(rows, columns);
    }

    fn vectors(&mut self, times: u64, length: u64) {
        self.parameters += times * length;
        self.bytes += times * length * 2;
    }
}

/// What of a plain pre-norm decoder the row itself does not say.
struct Dense {
    name: &'static str,
    has_own_head: bool,
    norms_per_layer: u64,
    normalizes_heads: bool,
}

const DENSE: [Dense; 10] = [
    Dense::llama("Llama-3.2-1B", false),
    Dense::llama("Llama-3.2-3B", false),
    Dense::llama("Llama-3-8B", true),
    Dense::llama("SmolLM3-3B", false),
    Dense::llama("Phi-3.5-mini", true),
    Dense::qwen3("Qwen3-0.6B", false),
    Dense::qwen3("Qwen3-1.7B", false),
    Dense::qwen3("Qwen3-4B", false),
    Dense::qwen3("Qwen3-8B", true),
    Dense {
        name: "Gemma-3-1B",
        has_own_head: false,
        norms_per_layer: 4,
        normalizes_heads: true,
    },
];

impl Dense {
    const fn llama(name: &'static str, has_own_head: bool) -> Self {
        Self {
            name,
            has_own_head,
            norms_per_layer: 2,
            normalizes_heads: false,
        }
    }

    const fn qwen3(name: &'static str, has_own_head: bool) -> Self {
        Self {
            normalizes_heads: true,
            ..Self::llama(name, has_own_head)
        }
    }

    fn count(&self) -> (u64, u64) {
        let model = find(self.name).unwrap();
        let (storage, geometry) = (Storage::of(model), &model.geometry);
        let hidden = u64::from(geometry.hidden_size);
        let mut count = Count::default();
        let vocabulary = (geometry.vocabulary_size.into(), hidden);
        count.matrices(storage, 1 + u64::from(self.has_own_head), vocabulary);
        count.vectors(1, hidden);
        for layer in &geometry.layers {
            let head_dim = u64::from(layer.head_dim);
            let queries = u64::from(geometry.heads) * head_dim;
            let keys = u64::from(layer.key_value_heads) * head_dim;
            count.matrices(storage, 1, (queries, hidden));
            count.matrices(storage, 2, (keys, hidden));
            count.matrices(storage, 1, (hidden, queries));
            count.vectors(self.norms_per_layer, hidden);
            count.vectors(2 * u64::from(self.normalizes_heads), head_dim);
            let intermediate = u64::from(geometry.intermediate_size);
            count.matrices(storage, 2, (intermediate, hidden));
            count.matrices(storage, 1, (hidden, intermediate));
        }
        (count.parameters, count.bytes)
    }
}

/// What these two conversions store beyond their architecture at their bits.
fn bytes_beyond_the_bits(model: &RegistryModel) -> u64 {
    let geometry = &model.geometry;
    let vocabulary = (geometry.vocabulary_size.into(), geometry.hidden_size.into());
    let quantized = Storage::of(model).matrix_bytes(vocabulary.0, vocabulary.1);
    match model.name.as_str() {
        "Llama-3-8B" => Storage::SixteenBits.matrix_bytes(vocabulary.0, vocabulary.1) - quantized,
        "Gemma-3-1B" => quantized,
        _ => 0,
    }
}

fn assert_row((parameters, bytes): (u64, u64), name: &str) {
    let model = find(name).unwrap();
    assert_eq!(parameters, model.parameters, "parameters of {name}");
    let expected = bytes + bytes_beyond_the_bits(model);
    assert_eq!(expected, model.weights_bytes, "bytes of {name}");
}

#[test]
fn the_plain_decoders_have_the_parameters_and_bytes_of_their_architecture() {
    for dense in &DENSE {
        assert_row(dense.count(), dense.name);
    }
}

/// OpenELM's query heads and MLP widths grow from layer to layer (Mehta et al., 2024, table 9).
#[test]
fn openelm_has_the_parameters_and_bytes_of_its_layers() {
    const QUERY_HEADS: [u64; 16] = [
        12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20,
    ];
    const MLP_WIDTHS: [u64; 16] = [
        768, 1024, 1280, 1536, 1792, 2048, 2560, 2816, 3072, 3328, 3584, 3840, 4352, 4608, 4864,
        5120,
    ];
    let model = find("OpenELM-270M").unwrap();
    let hidden = u64::from(model.geometry.hidden_size);
    let storage = Storage::of(model);
    let mut count = Count::default();
    count.matrices(storage, 1, (model.geometry.vocabulary_size.into(), hidden));
    count.vectors(1, hidden);
    let widths = QUERY_HEADS.into_iter().zip(MLP_WIDTHS);
    for (layer, (heads, width)) in model.geometry.layers.iter().zip(widths) {
        let head_dim = u64::from(layer.head_dim);
        let projections = (heads + 2 * u64::from(layer.key_value_heads)) * head_dim;
        count.matrices(storage, 1, (projections, hidden));
        count.matrices(storage, 1, (hidden, heads * head_dim));
        count.matrices(storage, 1, (2 * width, hidden));
        count.matrices(storage, 1, (hidden, width));
        count.vectors(2, head_dim);
        count.vectors(2, hidden);
    }
    assert_row((count.parameters, count.bytes), "OpenELM-270M");
}

/// The language part alone; layers that share keys and values still have matrices for them.
#[test]
fn gemma_3n_has_the_parameters_and_bytes_of_its_language_model() {
    const PER_LAYER_VOCABULARY: u64 = 262_144;
    const PER_LAYER_WIDTH: u64 = 256;
    const LAUREL_RANK: u64 = 64;
    const STREAMS: u64 = 4;
    const KEY_HEADS: u64 = 2;
    let model = find("Gemma-3n-E2B").unwrap();
    let (storage, geometry) = (Storage::of(model), &model.geometry);
    let (hidden, width) = (
        u64::from(geometry.hidden_size),
        u64::from(geometry.intermediate_size),
    );
    let layers = geometry.layers.len() as u64;
    let per_layer = layers * PER_LAYER_WIDTH;
    let mut count = Count::default();
    count.matrices(storage, 1, (geometry.vocabulary_size.into(), hidden));
    count.matrices(storage, 1, (PER_LAYER_VOCABULARY, per_layer));
    let in_memory = model.weights_bytes - storage.matrix_bytes(PER_LAYER_VOCABULARY, per_layer);
    assert_eq!(geometry.weights_bytes, in_memory);
    count.matrices(storage, 1, (per_layer, hidden));
    count.vectors(1, PER_LAYER_WIDTH);
    count.matrices(storage, 2 * (STREAMS - 1), (hidden, hidden));
    count.vectors(1, hidden);
    let head_dim = u64::from(geometry.layers[0].head_dim);
    let queries = u64::from(geometry.heads) * head_dim;
    for shape in [
        (queries, hidden),
        (KEY_HEADS * head_dim, hidden),
        (KEY_HEADS * head_dim, hidden),
        (hidden, queries),
        (width, hidden),
        (width, hidden),
        (hidden, width),
        (PER_LAYER_WIDTH, hidden),
        (hidden, PER_LAYER_WIDTH),
        (LAUREL_RANK, hidden),
        (hidden, LAUREL_RANK),
        (STREAMS, STREAMS),
        (STREAMS * STREAMS, STREAMS),
        (STREAMS, hidden),
    ] {
        count.matrices(storage, layers, shape);
    }
    const NORMS_AND_SCALE: u64 = 8;
    count.vectors(NORMS_AND_SCALE * layers, hidden);
    count.vectors(2 * layers, head_dim);
    assert_row((count.parameters, count.bytes), "Gemma-3n-E2B");
}

#[test]
fn every_row_is_counted_again() {
    assert_eq!(DENSE.len() + 2, registry().len());
}
