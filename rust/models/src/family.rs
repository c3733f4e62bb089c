//! From a directory to a model: which family it is, whether its tensors are what its configuration
//! demands, and only then the reading.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_formats::{Checkpoint, ConfigFile, FormatError, Quantization};

use crate::decoder::{self, Decoder};
use crate::error::ModelError;
use crate::model::{LanguageModel, LoadProgress, ModelOutline};
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
    let files = ModelFiles::open(directory)?;
    files.take_inventory()?;
    let mut reader = Reader::new(files.stored(), on_progress);
    let model = (files.family.build)(&mut reader, &files.settings)?;
    Ok(Box::new(model))
}

/// What is known of the model in `directory` from its headers and configuration alone.
///
/// # Errors
/// Those of [`open`], except that nothing is read that could be stopped.
pub fn outline(directory: &Path) -> Result<ModelOutline, ModelError> {
    let files = ModelFiles::open(directory)?;
    let inventory = files.take_inventory()?;
    let tensors = files.checkpoint.tensors();
    Ok(ModelOutline {
        family: files.family.model_type,
        shape: files.settings.shape(),
        weights_bytes: inventory.resident_bytes(),
        weights_are_quantized: files.quantization.is_some(),
        largest_tensor_bytes: tensors.map(|(_, info)| info.byte_len()).max().unwrap_or(0),
    })
}

/// A model's files past the gate, before any tensor is read.
struct ModelFiles {
    family: &'static Family,
    settings: DecoderSettings,
    quantization: Option<Quantization>,
    checkpoint: Checkpoint,
}

impl ModelFiles {
    fn open(directory: &Path) -> Result<Self, ModelError> {
        if !directory.is_dir() {
            return Err(ModelError::NoDirectory {
                path: directory.to_owned(),
            });
        }
        let config = ConfigFile::read(&directory.join("config.json"))?;
        let family = family_of(&config)?;
        Ok(Self {
            family,
            settings: (family.settings)(&config)?,
            quantization: Quantization::from_config(&config)?,
            checkpoint: Checkpoint::open(directory)?,
        })
    }

    fn stored(&self) -> Stored<'_> {
        Stored {
            checkpoint: &self.checkpoint,
            quantization: self.quantization.as_ref(),
        }
    }

    /// Holds the checkpoint to what the configuration demands.
    fn take_inventory(&self) -> Result<Inventory<'_>, ModelError> {
        let mut inventory = Inventory::new(self.stored());
        (self.family.build)(&mut inventory, &self.settings)?;
        self.checkpoint
            .require_apart_from(inventory.expected(), decoder::may_be_left_over)?;
        Ok(inventory)
    }
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
