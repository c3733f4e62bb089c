//! The `quantization` section of `config.json`, as MLX writes it, and the shapes it demands.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checkpoint::Checkpoint;
use crate::config_file::ConfigFile;
use crate::config_section::ConfigSection;
use crate::error::FormatError;
use crate::expected::ExpectedTensor;

/// Bits per weight that MLX's affine mode has.
pub const AFFINE_BITS: [u64; 6] = [2, 3, 4, 5, 6, 8];
/// Group sizes that MLX's affine mode has.
pub const AFFINE_GROUP_SIZES: [u64; 3] = [32, 64, 128];

/// Fields of the section that are no layer's name.
const OWN_FIELDS: [&str; 3] = ["bits", "group_size", "mode"];

/// How a quantised checkpoint stores its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantization {
    /// The layout of every quantised layer that is not named on its own.
    pub default: QuantizedLayout,
    overrides: BTreeMap<String, LayerQuantization>,
}

/// Affine quantisation: each group of consecutive weights in a row shares a scale and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantizedLayout {
    /// Bits per weight: 2, 3, 4, 5, 6 or 8.
    pub bits: u8,
    /// Weights per group: 32, 64 or 128.
    pub group_size: u16,
}

/// How one layer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerQuantization {
    /// As floating-point weights.
    Dense,
    /// As packed weights with scales and biases.
    Quantized(QuantizedLayout),
}

impl Quantization {
    /// Reads the section; `None` when the checkpoint is not quantised.
    ///
    /// MLX repeats the section as `quantization_config` for other readers; the repetition is not
    /// looked at, but a `quantization_config` alone belongs to another scheme and is refused.
    ///
    /// # Errors
    /// When bits, group size or mode are not those of MLX's affine quantisation, or a layer's
    /// entry is neither an object with bits and group size nor a boolean.
    pub fn from_config(config: &ConfigFile) -> Result<Option<Self>, FormatError> {
        if let Some(section) = config.section("quantization")? {
            return Self::from_section(&section).map(Some);
        }
        match config.section("quantization_config")? {
            None => Ok(None),
            Some(foreign) => Err(foreign.refused(
                "quant_method",
                foreign.optional_string("quant_method")?.unwrap_or("unnamed"),
                "MLX's own affine quantisation, described by the field `quantization`; quantise the original weights again with this tool",
            )),
        }
    }

    /// What the section says about one layer by name; `None` when it does not name it.
    pub fn override_for(&self, layer: &str) -> Option<LayerQuantization> {
        self.overrides.get(layer).copied()
    }

    /// How a layer with `inputs` inputs is stored: what the section says about it by name, else
    /// what the shapes of its tensors tell, as MLX's own reader does; without scales it is dense.
    pub fn for_layer(
        &self,
        layer: &str,
        inputs: usize,
        checkpoint: &Checkpoint,
    ) -> LayerQuantization {
        if let Some(named) = self.override_for(layer) {
            return named;
        }
        let columns = |part: &str| {
            let info = checkpoint.info(&format!("{layer}.{part}"))?;
            info.shape.last().copied()
        };
        let Some(groups) = columns("scales") else {
            return LayerQuantization::Dense;
        };
        let told =
            columns("weight").and_then(|words| QuantizedLayout::from_shapes(inputs, words, groups));
        LayerQuantization::Quantized(told.unwrap_or(self.default))
    }

    /// Every layer that the section names, sorted.
    pub fn overrides(&self) -> impl ExactSizeIterator<Item = (&str, LayerQuantization)> {
        self.overrides
            .iter()
            .map(|(layer, &quantization)| (layer.as_str(), quantization))
    }

    fn from_section(section: &ConfigSection) -> Result<Self, FormatError> {
        let default = QuantizedLayout::from_section(section)?;
        let mut overrides = BTreeMap::new();
        for layer in section.field_names() {
            if !OWN_FIELDS.contains(&layer) {
                overrides.insert(layer.to_owned(), layer_entry(section, layer, default)?);
            }
        }
        Ok(Self { default, overrides })
    }
}

/// One layer's entry: `false` or `{}` for dense, `true` for the default, or a layout of its own.
fn layer_entry(
    section: &ConfigSection,
    layer: &str,
    default: QuantizedLayout,
) -> Result<LayerQuantization, FormatError> {
    match section.value(layer) {
        Some(Value::Bool(false)) => Ok(LayerQuantization::Dense),
        Some(Value::Bool(true)) => Ok(LayerQuantization::Quantized(default)),
        Some(Value::Object(fields)) if fields.is_empty() => Ok(LayerQuantization::Dense),
        Some(Value::Object(_)) => {
            let own = section.section(layer)?;
            let own = own.ok_or_else(|| section.refused_value(layer, "an object"))?;
            QuantizedLayout::from_layer_section(&own).map(LayerQuantization::Quantized)
        }
        _ => Err(section.refused_value(
            layer,
            "an object with bits and group_size for the layer of that name, or true or false",
        )),
    }
}

impl QuantizedLayout {
    /// Checks that the three tensors of a quantised layer can exist and says what they are:
    /// `{layer}.weight` packed into 32-bit words `(..., input * bits / 32)`, `{layer}.scales` and
    /// `{layer}.biases` as floats `(..., input / group_size)`. `shape` is that of the weight
    /// before packing, `(output, input)` for a linear layer, input last.
    ///
    /// # Errors
    /// When the input is not a multiple of the group size.
    pub fn expected_tensors(
        self,
        layer: &str,
        shape: &[usize],
    ) -> Result<[ExpectedTensor; 3], FormatError> {
        let group_size = usize::from(self.group_size);
        let Some((&input, outer)) = shape
            .split_last()
            .filter(|(input, _)| *input % group_size == 0)
        else {
            return Err(FormatError::QuantizedShape {
                layer: layer.to_owned(),
                shape: shape.to_vec(),
                group_size: self.group_size,
            });
        };
        let groups = input / group_size;
        // Exact: every group size is a multiple of 32.
        let words = groups * (group_size / 32) * usize::from(self.bits);
        let with_last = |last| [outer, &[last]].concat();
        Ok([
            ExpectedTensor::packed(format!("{layer}.weight"), with_last(words)),
            ExpectedTensor::float(format!("{layer}.scales"), with_last(groups)),
            ExpectedTensor::float(format!("{layer}.biases"), with_last(groups)),
        ])
    }

    /// What the columns of `weight` and `scales` tell of a layer with `inputs` inputs; `None` when
    /// they are those of no layout.
    fn from_shapes(inputs: usize, words: usize, groups: usize) -> Option<Self> {
        let divided = |whole: usize, part: usize| {
            let quotient = whole.checked_div(part)?;
            (quotient * part == whole).then_some(quotient as u64)
        };
        let bits = divided(words.checked_mul(32)?, inputs)?;
        let group_size = divided(inputs, groups)?;
        let allowed = AFFINE_BITS.contains(&bits) && AFFINE_GROUP_SIZES.contains(&group_size);
        allowed.then_some(Self {
            bits: bits as u8,
            group_size: group_size as u16,
        })
    }

    /// A layer's own entry; what it leaves out is MLX's default, not the section's.
    fn from_layer_section(section: &ConfigSection) -> Result<Self, FormatError> {
        refuse_other_modes(section)?;
        let or_default = |name, allowed: &[u64], default| match section.value(name) {
            None => Ok(default),
            Some(_) => one_of(section, name, allowed),
        };
        Ok(Self {
            bits: or_default("bits", &AFFINE_BITS, 4)? as u8,
            group_size: or_default("group_size", &AFFINE_GROUP_SIZES, 64)? as u16,
        })
    }

    fn from_section(section: &ConfigSection) -> Result<Self, FormatError> {
        refuse_other_modes(section)?;
        Ok(Self {
            bits: one_of(section, "bits", &AFFINE_BITS)? as u8,
            group_size: one_of(section, "group_size", &AFFINE_GROUP_SIZES)? as u16,
        })
    }
}

fn refuse_other_modes(section: &ConfigSection) -> Result<(), FormatError> {
    match section.optional_string("mode")? {
        None | Some("affine") => Ok(()),
        Some(_) => Err(section.refused_value("mode", "`affine`, the only mode that is read")),
    }
}

/// A field that must be one of a few numbers.
fn one_of(section: &ConfigSection, name: &str, allowed: &[u64]) -> Result<u64, FormatError> {
    let found = section.value(name).and_then(Value::as_u64);
    found
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            let listed: Vec<_> = allowed.iter().map(u64::to_string).collect();
            section.refused_value(name, &format!("one of {}", listed.join(", ")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(json: &str) -> Result<Option<Quantization>, FormatError> {
        let config = ConfigFile::parse(json.as_bytes(), Path::new("config.json"));
        Quantization::from_config(&config.expect("valid JSON"))
    }

    fn refusal(json: &str) -> String {
        read(json).expect_err("a refusal").to_string()
    }

    const FOUR_BITS: QuantizedLayout = QuantizedLayout {
        bits: 4,
        group_size: 64,
    };

    #[test]
    fn absent_and_null_mean_dense() {
        assert_eq!(read("{}").expect("dense"), None);
        let json = r#"{"quantization":null,"quantization_config":null}"#;
        assert_eq!(read(json).expect("dense"), None);
    }

    #[test]
    fn the_repetition_for_other_readers_is_tolerated() {
        let json = r#"{"quantization":{"group_size":64,"bits":4},
            "quantization_config":{"group_size":64,"bits":4}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        assert_eq!(quantization.default, FOUR_BITS);
    }

    #[test]
    fn layers_named_on_their_own_differ_from_the_default() {
        let json = r#"{"quantization":{"group_size":64,"bits":4,"mode":"affine",
            "a.q":{"group_size":32,"bits":8,"mode":"affine"},"a.k":false,"a.v":true}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        let own = QuantizedLayout {
            bits: 8,
            group_size: 32,
        };
        let named = |layer| quantization.override_for(layer);
        assert_eq!(named("a.q"), Some(LayerQuantization::Quantized(own)));
        assert_eq!(named("a.k"), Some(LayerQuantization::Dense));
        assert_eq!(named("a.v"), Some(LayerQuantization::Quantized(FOUR_BITS)));
        assert_eq!(named("a.o"), None);
        assert_eq!(quantization.overrides().len(), 3);
    }

    #[test]
    fn every_allowed_layout_and_no_other_is_read() {
        for bits in 0..=16 {
            for group_size in [0, 16, 32, 64, 128, 256] {
                let json =
                    format!(r#"{{"quantization":{{"group_size":{group_size},"bits":{bits}}}}}"#);
                let allowed =
                    AFFINE_BITS.contains(&bits) && AFFINE_GROUP_SIZES.contains(&group_size);
                assert_eq!(read(&json).is_ok(), allowed, "{json}");
            }
        }
    }

    #[test]
    fn refusals_say_what_is_allowed() {
        assert_eq!(
            refusal(r#"{"quantization":{"group_size":64,"bits":7}}"#),
            "in config.json, field `quantization.bits` is 7, but must be one of 2, 3, 4, 5, 6, 8"
        );
        assert_eq!(
            refusal(r#"{"quantization":{"bits":4}}"#),
            "in config.json, field `quantization.group_size` is missing, but must be one of 32, 64, 128"
        );
        assert_eq!(
            refusal(r#"{"quantization":{"group_size":32,"bits":4,"mode":"mxfp4"}}"#),
            "in config.json, field `quantization.mode` is the string `mxfp4`, but must be `affine`, the only mode that is read"
        );
        assert!(
            refusal(r#"{"quantization":{"group_size":32,"bits":4,"l.0":8}}"#)
                .contains("`quantization.l.0` is 8")
        );
        assert!(refusal(r#"{"quantization_config":{"quant_method":"awq"}}"#).contains("awq"));
        assert!(refusal(r#"{"quantization":4}"#).contains("must be an object"));
    }

    #[test]
    fn what_a_layer_leaves_out_is_the_default_of_mlx_and_not_of_the_section() {
        let json = r#"{"quantization":{"group_size":32,"bits":8,"l.0":{"bits":3},"l.1":{}}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        let own = QuantizedLayout {
            bits: 3,
            group_size: 64,
        };
        assert_eq!(
            quantization.override_for("l.0"),
            Some(LayerQuantization::Quantized(own))
        );
        assert_eq!(
            quantization.override_for("l.1"),
            Some(LayerQuantization::Dense)
        );
    }

    #[test]
    fn shapes_tell_bits_and_group_size() {
        for bits in AFFINE_BITS.map(|bits| bits as u8) {
            for group_size in AFFINE_GROUP_SIZES.map(|size| size as u16) {
                let layout = QuantizedLayout { bits, group_size };
                let [weight, scales, _] = layout.expected_tensors("l", &[5, 256]).expect("fits");
                assert_eq!(
                    QuantizedLayout::from_shapes(256, weight.shape[1], scales.shape[1]),
                    Some(layout)
                );
            }
        }
        assert_eq!(QuantizedLayout::from_shapes(256, 33, 4), None);
        assert_eq!(QuantizedLayout::from_shapes(256, 32, 0), None);
        assert_eq!(QuantizedLayout::from_shapes(0, 32, 4), None);
    }

    #[test]
    fn packed_shapes_follow_bits_and_groups() {
        for (bits, words) in [(2, 8), (3, 12), (4, 16), (5, 20), (6, 24), (8, 32)] {
            let layout = QuantizedLayout {
                bits,
                group_size: 32,
            };
            let [weight, scales, biases] = layout.expected_tensors("l", &[5, 128]).expect("fits");
            assert_eq!(weight, ExpectedTensor::packed("l.weight", [5, words]));
            assert_eq!(scales, ExpectedTensor::float("l.scales", [5, 4]));
            assert_eq!(biases, ExpectedTensor::float("l.biases", [5, 4]));
        }
    }

    #[test]
    fn an_input_that_does_not_divide_is_refused() {
        let error = FOUR_BITS
            .expected_tensors("l", &[5, 96])
            .expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "layer `l` with weight [5, 96] cannot be quantised in groups of 64: its last dimension must be a multiple of the group size"
        );
        assert!(FOUR_BITS.expected_tensors("l", &[]).is_err());
    }
}
