//! `config.json` of the new checkpoint.

use headroom_formats::{ConfigFile, LayerQuantization, QuantizedLayout, read_bounded};
use serde_json::{Map, Value, json};

use crate::error::QuantizeError;
use crate::float_dtype::FloatDtype;
use crate::recipe::{MixedRecipe, Recipe};
use crate::rewriting::Request;

const CONFIG_LIMIT_BYTES: u64 = 8 << 20;

/// `config.json` with what it says of quantisation replaced, twice as mlx-lm writes it.
pub(crate) fn configuration(request: &Request) -> Result<Value, QuantizeError> {
    let path = request.model.join("config.json");
    let bytes = read_bounded(&path, CONFIG_LIMIT_BYTES)?;
    // These very bytes are an object, whatever the file was when its tensors were looked at.
    ConfigFile::parse(&bytes, &path)?;
    let mut config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let Some(fields) = config.as_object_mut() else {
        return Ok(config);
    };
    if let Some(dtype) = request.dtype {
        state(dtype, fields);
        if let Some(Value::Object(of_text)) = fields.get_mut("text_config") {
            state(dtype, of_text);
        }
    }
    for name in ["quantization", "quantization_config"] {
        fields.remove(name);
        if let Some(section) = section(&request.recipe) {
            fields.insert(name.to_owned(), section);
        }
    }
    Ok(config)
}

/// Replaces what is said of the type of numbers, where something is.
fn state(dtype: FloatDtype, fields: &mut Map<String, Value>) {
    for name in ["torch_dtype", "dtype"] {
        if let Some(stated) = fields.get_mut(name) {
            *stated = json!(dtype.name());
        }
    }
}

fn section(recipe: &Recipe) -> Option<Value> {
    match recipe {
        Recipe::Dense => None,
        Recipe::Uniform(layout) => Some(entry(*layout)),
        Recipe::Mixed(mixed) => Some(mixed_section(mixed)),
    }
}

/// The default, and an entry for each layer that differs from it: `false` where it is dense.
fn mixed_section(mixed: &MixedRecipe) -> Value {
    let mut section = entry(mixed.default);
    for (layer, stored_as) in &mixed.layers {
        match stored_as {
            LayerQuantization::Quantized(layout) if *layout == mixed.default => {}
            LayerQuantization::Quantized(layout) => section[layer] = entry(*layout),
            LayerQuantization::Dense => section[layer] = json!(false),
        }
    }
    section
}

fn entry(layout: QuantizedLayout) -> Value {
    json!({"group_size": layout.group_size(), "bits": layout.bits(), "mode": layout.mode()})
}
