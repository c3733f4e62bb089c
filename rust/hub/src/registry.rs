//! The models that Headroom knows by name, with the sizes that decide whether they fit.
//!
//! The rows lie in `registry.json`. Architecture and context length are those of each model's
//! published configuration; parameters and bytes are counted from that architecture at the
//! published bits, and the tests here count them again. Two conversions hold more than their bits
//! say, as their published totals of 5.28 GB and 733 MB show: Llama 3 8B keeps its embedding in 16
//! bits, Gemma 3 1B its tied head a second time. Parameters count every value once.

use std::sync::LazyLock;

use headroom_memory::{Backend, KvQuantization, LayerGeometry, ModelGeometry};
use serde::Deserialize;

use crate::error::{HubError, printable};

#[cfg(test)]
mod recount;

/// A model that can be asked for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryModel {
    /// `owner/name` on the hub.
    pub id: String,
    /// What people call it, such as `Qwen3-1.7B`.
    pub name: String,
    /// `model_type` of its configuration.
    pub family: String,
    /// Values in its weights, each counted once.
    pub parameters: u64,
    /// Bytes of all weights, at the published bits; some may stay in their file (`geometry` says what
    /// comes into memory).
    pub weights_bytes: u64,
    /// How its weights are quantised; `None` for 16 bits throughout.
    pub quantization: Option<WeightQuantization>,
    /// What of its architecture decides the memory it takes.
    pub geometry: ModelGeometry,
}

/// How most of a model's weights are stored, the affine way of MLX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightQuantization {
    /// Bits per value.
    pub bits: u8,
    /// Consecutive values that share a 16-bit scale and a 16-bit bias.
    pub group_size: u32,
}

impl RegistryModel {
    /// Bytes that a token adds to the KV cache in 16 bits, as long as it lies in every layer's
    /// window.
    pub fn kv_bytes_per_token(&self) -> u64 {
        self.geometry
            .kv_bytes_per_token(Some(KvQuantization::SIXTEEN_BITS), Backend::Gpu)
    }

    fn answers_to(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The short name, the id, and the id without its owner.
    fn names(&self) -> impl Iterator<Item = &str> {
        let without_owner = self.id.split('/').next_back();
        [self.name.as_str(), self.id.as_str()]
            .into_iter()
            .chain(without_owner)
    }
}

/// Every model, smallest first.
pub fn registry() -> &'static [RegistryModel] {
    &CATALOG.models
}

/// The model that goes by `name`: its short name, its id, or its id without the owner, in any case.
///
/// # Errors
/// [`HubError::UnknownModel`] with the names that look most like it.
pub fn find(name: &str) -> Result<&'static RegistryModel, HubError> {
    let found = registry().iter().find(|model| model.answers_to(name));
    found.ok_or_else(|| HubError::UnknownModel {
        name: printable(name),
        nearest: nearest_names(name).join(", "),
    })
}

/// The models customarily offered to a machine with that much memory. Whether they fit is another
/// question: see [`crate::pick`].
pub fn tier(available_bytes: u64) -> Vec<&'static RegistryModel> {
    let reached = CATALOG
        .tiers
        .iter()
        .rfind(|tier| tier.from_bytes <= available_bytes);
    let names = reached.map_or(&[] as &[String], |tier| &tier.models);
    names.iter().filter_map(|name| find(name).ok()).collect()
}

fn nearest_names(name: &str) -> Vec<&'static str> {
    const SHOWN: usize = 3;
    let wanted = name.to_ascii_lowercase();
    let likeness = |model: &RegistryModel| {
        let own = model.names().map(str::to_ascii_lowercase);
        own.map(|own| strsim::jaro_winkler(&own, &wanted))
            .fold(0.0, f64::max)
    };
    let mut models: Vec<_> = registry()
        .iter()
        .map(|model| (likeness(model), model))
        .collect();
    models.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let nearest = models.into_iter().take(SHOWN);
    nearest.map(|(_, model)| model.name.as_str()).collect()
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    models: Vec<RegistryModel>,
    tiers: Vec<Tier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    from_bytes: u64,
    models: Vec<String>,
}

/// The text is compiled in and a test reads it, so that reading it cannot fail at a user's.
static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| serde_json::from_str(CATALOG_TEXT).unwrap_or_default());

const CATALOG_TEXT: &str = include_str!("registry.json");

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    family: String,
    parameters: u64,
    weights_bytes: u64,
    /// Of these, what stays in its file and is read by row.
    #[serde(default)]
    bytes_read_by_row: u64,
    quantization: Option<WeightQuantization>,
    hidden_size: u32,
    #[serde(default = "one")]
    residual_streams: u32,
    intermediate_size: u32,
    heads: u32,
    vocabulary_size: u32,
    context_length: u32,
    layers: Vec<LayerRun>,
}

fn one() -> u32 {
    1
}

/// Layers in a row that are alike.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerRun {
    count: u16,
    key_value_heads: u32,
    head_dim: u32,
    #[serde(default)]
    window: Option<u32>,
}

impl LayerRun {
    fn layers(&self) -> Vec<LayerGeometry> {
        let layer = LayerGeometry {
            key_value_heads: self.key_value_heads,
            head_dim: self.head_dim,
            window: self.window,
        };
        vec![layer; self.count.into()]
    }
}

impl From<Row> for RegistryModel {
    fn from(row: Row) -> Self {
        Self {
            geometry: ModelGeometry {
                weights_bytes: row.weights_bytes.saturating_sub(row.bytes_read_by_row),
                weights_are_quantized: row.quantization.is_some(),
                hidden_size: row.hidden_size,
                residual_streams: row.residual_streams,
                mlp_is_gated: true,
                intermediate_size: row.intermediate_size,
                heads: row.heads,
                vocabulary_size: row.vocabulary_size,
                context_length: Some(row.context_length),
                layers: row.layers.iter().flat_map(LayerRun::layers).collect(),
            },
            id: row.id,
            name: row.name,
            family: row.family,
            parameters: row.parameters,
            weights_bytes: row.weights_bytes,
            quantization: row.quantization,
        }
    }
}

impl<'de> Deserialize<'de> for RegistryModel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Row::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rows_can_be_read() {
        let catalog = serde_json::from_str::<Catalog>(CATALOG_TEXT).expect("a readable catalog");
        assert_eq!(catalog.models.len(), 12);
        assert_eq!(catalog.tiers.len(), 4);
    }

    #[test]
    fn rows_come_smallest_first_and_no_name_is_taken_twice() {
        assert!(registry().is_sorted_by(|a, b| a.parameters < b.parameters));
        for model in registry() {
            for name in model.names() {
                let owners = registry().iter().filter(|other| other.answers_to(name));
                assert_eq!(owners.count(), 1, "{name}");
            }
        }
    }

    #[test]
    fn a_model_is_found_by_short_name_by_id_and_in_any_case() {
        for name in [
            "Qwen3-1.7B",
            "mlx-community/Qwen3-1.7B-4bit",
            "qwen3-1.7b-4bit",
        ] {
            assert_eq!(find(name).unwrap().name, "Qwen3-1.7B");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_ones() {
        let sentence = find("qwen3-7b").unwrap_err().to_string();
        assert!(
            sentence.starts_with("the registry has no model `qwen3-7b`; the nearest are Qwen3-"),
            "{sentence}"
        );
        let sentence = find("llama3.2-1b").unwrap_err().to_string();
        assert!(sentence.contains("Llama-3.2-1B"), "{sentence}");
    }

    #[test]
    fn a_long_or_hostile_name_cannot_control_a_terminal() {
        let sentence = find(&"\u{1b}[2J".repeat(1000)).unwrap_err().to_string();
        assert!(!sentence.contains('\u{1b}') && sentence.len() < 300);
    }

    #[test]
    fn tiers_are_those_of_the_usual_tables() {
        let names = |bytes| {
            tier(bytes)
                .iter()
                .map(|model| model.name.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(0), ["OpenELM-270M", "SmolLM3-3B", "Qwen3-0.6B"]);
        assert_eq!(names(1_999_999_999), names(0));
        assert_eq!(
            names(2_000_000_000),
            ["SmolLM3-3B", "Qwen3-1.7B", "Phi-3.5-mini", "Llama-3.2-1B"]
        );
        assert_eq!(
            names(4_000_000_000),
            ["Qwen3-1.7B", "Qwen3-4B", "Llama-3.2-3B", "Gemma-3-1B"]
        );
        assert_eq!(
            names(u64::MAX),
            ["Qwen3-4B", "Qwen3-8B", "Llama-3-8B", "Gemma-3n-E2B"]
        );
    }

    #[test]
    fn every_model_of_the_registry_is_in_a_tier() {
        let offered: Vec<_> = [0, 2, 4, 8]
            .into_iter()
            .flat_map(|gb| tier(gb * 1_000_000_000))
            .collect();
        assert!(registry().iter().all(|model| offered.contains(&model)));
    }

    #[test]
    fn a_tokens_keys_and_values_are_counted_over_layers_that_keep_them() {
        let per_token = |name| find(name).unwrap().kv_bytes_per_token();
        assert_eq!(per_token("Qwen3-1.7B"), 28 * 2 * 8 * 128 * 2);
        assert_eq!(per_token("Gemma-3n-E2B"), 20 * 2 * 2 * 256 * 2);
        assert_eq!(
            per_token("OpenELM-270M"),
            (5 * 3 + 7 * 4 + 4 * 5) * 2 * 64 * 2
        );
    }
}
