//! The `quantization` section of `config.json`, as MLX writes it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checkpoint::Checkpoint;
use crate::config_file::ConfigFile;
use crate::config_section::ConfigSection;
use crate::error::FormatError;
use crate::quantized_layout::{AFFINE_BITS, AFFINE_GROUP_SIZES, FloatingLayout, QuantizedLayout};

/// Fields of the section that are no layer's name.
const OWN_FIELDS: [&str; 3] = ["bits", "group_size", "mode"];

/// How a quantised checkpoint stores its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantization {
    /// The layout of every quantised layer that is not named on its own.
    pub default: QuantizedLayout,
    overrides: BTreeMap<String, LayerQuantization>,
}

/// How one layer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerQuantization {
    /// As floating-point weights.
    Dense,
    /// As packed weights with scales.
    Quantized(QuantizedLayout),
}

impl Quantization {
    /// Reads the section; `None` when the checkpoint is not quantised.
    ///
    /// MLX repeats the section as `quantization_config` for other readers; the repetition is not
    /// looked at, but a `quantization_config` alone belongs to another scheme and is refused.
    ///
    /// # Errors
    /// When mode, bits and group size are not those of one of MLX's modes, or a layer's entry is
    /// neither an object nor a boolean.
    pub fn from_config(config: &ConfigFile) -> Result<Option<Self>, FormatError> {
        if let Some(section) = config.section("quantization")? {
            return Self::from_section(&section).map(Some);
        }
        match config.section("quantization_config")? {
            None => Ok(None),
            Some(foreign) => Err(foreign.refused(
                "quant_method",
                foreign.optional_string("quant_method")?.unwrap_or("unnamed"),
                "MLX's own quantisation, described by the field `quantization`; quantise the original weights again with this tool",
            )),
        }
    }

    /// What the section says about one layer by name; `None` when it does not name it.
    pub fn override_for(&self, layer: &str) -> Option<LayerQuantization> {
        self.overrides.get(layer).copied()
    }

    /// How a layer with `inputs` inputs is stored: what the section says about it by name, else
    /// what its tensors tell, as MLX's own reader does; without scales it is dense.
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
            Some((info.shape.last().copied()?, info.dtype))
        };
        let Some(scales) = columns("scales") else {
            return LayerQuantization::Dense;
        };
        let told = columns("weight")
            .and_then(|(words, _)| QuantizedLayout::from_columns(inputs, words, scales));
        LayerQuantization::Quantized(told.unwrap_or(self.default))
    }

    /// Every layer that the section names, sorted.
    pub fn overrides(&self) -> impl ExactSizeIterator<Item = (&str, LayerQuantization)> {
        self.overrides
            .iter()
            .map(|(layer, &quantization)| (layer.as_str(), quantization))
    }

    fn from_section(section: &ConfigSection) -> Result<Self, FormatError> {
        let default = layout(section, Absent::Refused)?;
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
            layout(&own, Absent::Default).map(LayerQuantization::Quantized)
        }
        _ => Err(section.refused_value(
            layer,
            "an object with mode, bits and group_size for the layer of that name, or true or false",
        )),
    }
}

/// What a field that is not there means.
#[derive(Clone, Copy)]
enum Absent {
    /// The section must say it.
    Refused,
    /// A layer's own entry gets the mode's default in MLX, not the section's.
    Default,
}

fn layout(section: &ConfigSection, absent: Absent) -> Result<QuantizedLayout, FormatError> {
    match mode(section)? {
        Mode::Affine => affine(section, absent),
        Mode::Floating(layout) => floating(section, layout, absent),
    }
}

enum Mode {
    Affine,
    Floating(FloatingLayout),
}

fn mode(section: &ConfigSection) -> Result<Mode, FormatError> {
    let name = match section.optional_string("mode")? {
        None | Some("affine") => return Ok(Mode::Affine),
        Some(name) => name,
    };
    let mut floating = FloatingLayout::ALL.into_iter();
    let found = floating.find(|layout| layout.name() == name);
    found.map(Mode::Floating).ok_or_else(|| {
        section.refused_value("mode", "one of MLX's modes: affine, mxfp4, mxfp8, nvfp4")
    })
}

fn affine(section: &ConfigSection, absent: Absent) -> Result<QuantizedLayout, FormatError> {
    let bits = number(section, "bits", (&AFFINE_BITS, 4), absent)?;
    let group_size = number(section, "group_size", (&AFFINE_GROUP_SIZES, 64), absent)?;
    let layout = QuantizedLayout::affine(bits as u8, group_size as u16);
    layout.ok_or_else(|| section.refused_value("bits", "a width that MLX has"))
}

/// The mode says it all, and what is said beside it must not be something else.
fn floating(
    section: &ConfigSection,
    layout: FloatingLayout,
    absent: Absent,
) -> Result<QuantizedLayout, FormatError> {
    let (bits, group_size) = (layout.bits().into(), layout.group_size().into());
    number(section, "bits", (&[bits], bits), absent)?;
    number(section, "group_size", (&[group_size], group_size), absent)?;
    Ok(QuantizedLayout::Floating(layout))
}

/// A field that must be one of a few numbers, of which one is MLX's default.
fn number(
    section: &ConfigSection,
    name: &str,
    (allowed, default): (&[u64], u64),
    absent: Absent,
) -> Result<u64, FormatError> {
    match (section.value(name), absent) {
        (None, Absent::Default) => Ok(default),
        _ => one_of(section, name, allowed),
    }
}

fn one_of(section: &ConfigSection, name: &str, allowed: &[u64]) -> Result<u64, FormatError> {
    let found = section.value(name).and_then(Value::as_u64);
    found
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            let listed: Vec<_> = allowed.iter().map(u64::to_string).collect();
            let listed = listed.join(", ");
            let what = match allowed {
                [_] => listed,
                _ => format!("one of {listed}"),
            };
            section.refused_value(name, &what)
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

    fn affine(bits: u8, group_size: u16) -> QuantizedLayout {
        QuantizedLayout::affine(bits, group_size).expect("allowed")
    }

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
        assert_eq!(quantization.default, affine(4, 64));
    }

    #[test]
    fn layers_named_on_their_own_differ_from_the_default() {
        let json = r#"{"quantization":{"group_size":64,"bits":4,"mode":"affine",
            "a.q":{"group_size":32,"bits":8,"mode":"affine"},"a.k":false,"a.v":true}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        let own = affine(8, 32);
        let named = |layer| quantization.override_for(layer);
        assert_eq!(named("a.q"), Some(LayerQuantization::Quantized(own)));
        assert_eq!(named("a.k"), Some(LayerQuantization::Dense));
        let default = LayerQuantization::Quantized(affine(4, 64));
        assert_eq!(named("a.v"), Some(default));
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
            refusal(r#"{"quantization":{"group_size":32,"bits":4,"mode":"gguf"}}"#),
            "in config.json, field `quantization.mode` is the string `gguf`, but must be one of MLX's modes: affine, mxfp4, mxfp8, nvfp4"
        );
        assert_eq!(
            refusal(r#"{"quantization":{"group_size":64,"bits":4,"mode":"mxfp4"}}"#),
            "in config.json, field `quantization.group_size` is 64, but must be 32"
        );
        assert!(
            refusal(r#"{"quantization":{"group_size":32,"bits":4,"l.0":8}}"#)
                .contains("`quantization.l.0` is 8")
        );
        assert!(refusal(r#"{"quantization_config":{"quant_method":"awq"}}"#).contains("awq"));
        assert!(refusal(r#"{"quantization":4}"#).contains("must be an object"));
    }

    #[test]
    fn a_floating_mode_has_one_width_and_one_group_size() {
        for layout in FloatingLayout::ALL {
            for (bits, group_size) in [(4, 16), (4, 32), (8, 32), (4, 64), (8, 16)] {
                let json = format!(
                    r#"{{"quantization":{{"group_size":{group_size},"bits":{bits},"mode":"{}"}}}}"#,
                    layout.name()
                );
                let is_its = (layout.bits(), layout.group_size()) == (bits, group_size);
                let found = read(&json).ok().flatten();
                let found = found.map(|quantization| quantization.default);
                assert_eq!(
                    found,
                    is_its.then_some(QuantizedLayout::Floating(layout)),
                    "{json}"
                );
            }
        }
    }

    #[test]
    fn a_layer_may_be_stored_in_another_mode() {
        let json = r#"{"quantization":{"group_size":32,"bits":4,"mode":"mxfp4",
            "l.0":{"mode":"nvfp4"},"l.1":{"group_size":64,"bits":6}}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        let nvfp4 = QuantizedLayout::Floating(FloatingLayout::Nvfp4);
        for (layer, own) in [("l.0", nvfp4), ("l.1", affine(6, 64))] {
            let found = quantization.override_for(layer);
            assert_eq!(found, Some(LayerQuantization::Quantized(own)), "{layer}");
        }
    }

    #[test]
    fn what_a_layer_leaves_out_is_the_default_of_mlx_and_not_of_the_section() {
        let json = r#"{"quantization":{"group_size":32,"bits":8,"l.0":{"bits":3},"l.1":{}}}"#;
        let quantization = read(json).expect("valid").expect("quantised");
        let own = affine(3, 64);
        assert_eq!(
            quantization.override_for("l.0"),
            Some(LayerQuantization::Quantized(own))
        );
        assert_eq!(
            quantization.override_for("l.1"),
            Some(LayerQuantization::Dense)
        );
    }
}
