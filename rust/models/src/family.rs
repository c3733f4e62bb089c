//! From a directory to a model: which family it is, whether its tensors are what its configuration
//! demands, and only then the reading.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_formats::{Checkpoint, ConfigFile, FormatError, Quantization};

use crate::decoder::{self, Decoder};
use crate::error::ModelError;
use crate::model::{LanguageModel, LoadProgress};
use crate::settings::DecoderSettings;
use crate::tensor_source::{Inventory, Reader, Stored, TensorSource};
use crate::{llama, qwen3};

/// A family: the `model_type` it goes by, and how its configuration and tensors become a model.
pub struct Family {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    settings: fn(&ConfigFile) -> Result<DecoderSettings, FormatError>,
    build: fn(&mut dyn TensorSource, &DecoderSettings) -> Result<Decoder, ModelError>,
}

/// Every family there is. A new one is its file and a line here.
pub const FAMILIES: &[Family] = &[
    Family {
        model_type: "llama",
        settings: llama::settings,
        build: llama::build,
    },
    Family {
        model_type: "qwen3",
        settings: qwen3::settings,
        build: qwen3::build,
    },
];

/// Loads the model in `directory`: `config.json` and safetensors, as Hugging Face and mlx-community
/// publish them. `on_progress` hears of every tensor and may stop the loading.
///
/// # Errors
/// When a file does not pass the gate, the family is unknown, the tensors are not those that the
/// configuration demands, or loading was stopped.
pub fn open(
    directory: &Path,
    on_progress: &mut dyn FnMut(LoadProgress) -> ControlFlow<()>,
) -> Result<Box<dyn LanguageModel>, ModelError> {
    if !directory.is_dir() {
        return Err(ModelError::NoDirectory {
            path: directory.to_owned(),
        });
    }
    let config = ConfigFile::read(&directory.join("config.json"))?;
    let family = family_of(&config)?;
    let settings = (family.settings)(&config)?;
    let quantization = Quantization::from_config(&config)?;
    let checkpoint = Checkpoint::open(directory)?;
    let stored = Stored {
        checkpoint: &checkpoint,
        quantization: quantization.as_ref(),
    };

    let mut inventory = Inventory::new(stored);
    (family.build)(&mut inventory, &settings)?;
    checkpoint.require_apart_from(inventory.expected(), decoder::may_be_left_over)?;

    let model = (family.build)(&mut Reader::new(stored, on_progress), &settings)?;
    Ok(Box::new(model))
}

fn family_of(config: &ConfigFile) -> Result<&'static Family, ModelError> {
    let model_type = config.string("model_type")?;
    FAMILIES
        .iter()
        .find(|family| family.model_type == model_type)
        .ok_or_else(|| {
            let known: Vec<_> = FAMILIES.iter().map(|family| family.model_type).collect();
            ModelError::UnknownFamily {
                path: config.path().to_owned(),
                found: model_type.to_owned(),
                known: known.join(", "),
            }
        })
}
