//! From a directory to a model: which family it is, whether its tensors are what its configuration
//! demands, and only then the reading.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_formats::{Checkpoint, ConfigFile, FormatError, Quantization};

use crate::architecture::Architecture;
use crate::contents::ModelContents;
use crate::error::ModelError;
use crate::model::{LanguageModel, LoadProgress, ModelOutline, ModelShape};
use crate::table::EmbeddingPlacement;
use crate::tensor_source::{Inventory, Reader, Stored};
use crate::weights::read_weights;
use crate::{gemma3, gemma3_text, gemma3n, llama, nanochat, openelm, phi3, qwen3, smollm3};

/// A family: the `model_type` it goes by, and what its configuration means.
pub struct Family {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    read: fn(&ConfigFile) -> Result<Box<dyn Architecture>, FormatError>,
}

impl Family {
    const fn new(
        model_type: &'static str,
        read: fn(&ConfigFile) -> Result<Box<dyn Architecture>, FormatError>,
    ) -> Self {
        Self { model_type, read }
    }
}

/// Every family there is. A new one is its file and a line here.
pub const FAMILIES: &[Family] = &[
    Family::new("gemma3", gemma3::read),
    Family::new("gemma3_text", gemma3_text::read),
    Family::new("gemma3n", gemma3n::read),
    Family::new("gemma3n_text", gemma3n::read_text),
    Family::new("llama", llama::read),
    Family::new("nanochat", nanochat::read),
    Family::new("openelm", openelm::read),
    Family::new("phi3", phi3::read),
    Family::new("qwen3", qwen3::read),
    Family::new("smollm3", smollm3::read),
];

/// Loads the model in `directory`: `config.json` and safetensors, as Hugging Face and mlx-community
/// publish them. Its embedding goes to memory or, where no head shares it, may stay in its file.
/// `on_progress` hears how far it has come and may stop the loading.
///
/// # Errors
/// When a file does not pass the gate, the family is unknown, the tensors are not those that the
/// configuration demands, or loading was stopped.
pub fn open(
    directory: &Path,
    embedding: EmbeddingPlacement,
    on_progress: &mut dyn FnMut(LoadProgress) -> ControlFlow<()>,
) -> Result<Box<dyn LanguageModel>, ModelError> {
    let files = ModelFiles::open(directory)?;
    let inventory = files.take_inventory(embedding)?;
    let weights = read_weights(&files.checkpoint, inventory.to_read(), on_progress)?;
    let mut reader = Reader::new(files.stored(embedding), weights);
    files.architecture.build(&mut reader)
}

/// What is known of the model in `directory` from its headers and configuration alone.
///
/// # Errors
/// Those of [`open`], except that nothing is read that could be stopped.
pub fn outline(directory: &Path) -> Result<ModelOutline, ModelError> {
    let files = ModelFiles::open(directory)?;
    let resident_bytes = |embedding| -> Result<u64, ModelError> {
        Ok(files.take_inventory(embedding)?.resident_bytes())
    };
    Ok(ModelOutline {
        family: files.family.model_type,
        shape: files.architecture.shape(),
        weights_bytes: resident_bytes(EmbeddingPlacement::Memory)?,
        weights_bytes_without_embedding: resident_bytes(EmbeddingPlacement::File)?,
        weights_are_quantized: files.quantization.is_some(),
    })
}

/// What the directory holds for its model. Reads headers and configuration only.
///
/// # Errors
/// Those of [`outline`].
pub fn contents(directory: &Path) -> Result<ModelContents, ModelError> {
    let files = ModelFiles::open(directory)?;
    let (tensors, matrices) = files
        .take_inventory(EmbeddingPlacement::Memory)?
        .into_parts();
    Ok(ModelContents {
        checkpoint: files.checkpoint,
        tensors,
        matrices,
    })
}

/// The sizes of the model that a configuration describes, by itself.
///
/// # Errors
/// When the family is unknown or a field is missing or not allowed.
pub fn shape_of(config: &ConfigFile) -> Result<ModelShape, ModelError> {
    Ok(architecture_of(config)?.shape())
}

/// What a configuration means.
pub(crate) fn architecture_of(config: &ConfigFile) -> Result<Box<dyn Architecture>, ModelError> {
    Ok((family_of(config)?.read)(config)?)
}

/// A model's files past the gate, before any tensor is read.
pub(crate) struct ModelFiles {
    family: &'static Family,
    pub(crate) architecture: Box<dyn Architecture>,
    quantization: Option<Quantization>,
    pub(crate) checkpoint: Checkpoint,
}

impl ModelFiles {
    pub(crate) fn open(directory: &Path) -> Result<Self, ModelError> {
        if !directory.is_dir() {
            return Err(ModelError::NoDirectory {
                path: directory.to_owned(),
            });
        }
        let config = ConfigFile::read(&directory.join("config.json"))?;
        let family = family_of(&config)?;
        Ok(Self {
            family,
            architecture: (family.read)(&config)?,
            quantization: Quantization::from_config(&config)?,
            checkpoint: Checkpoint::open(directory)?,
        })
    }

    pub(crate) fn stored(&self, embedding: EmbeddingPlacement) -> Stored<'_> {
        Stored {
            checkpoint: &self.checkpoint,
            quantization: self.quantization.as_ref(),
            embedding,
        }
    }

    /// Holds the checkpoint to what the configuration demands.
    pub(crate) fn take_inventory(
        &self,
        embedding: EmbeddingPlacement,
    ) -> Result<Inventory<'_>, ModelError> {
        let mut inventory = Inventory::new(self.stored(embedding));
        self.architecture.build(&mut inventory)?;
        self.checkpoint
            .require_apart_from(inventory.expected(), |tensor| {
                self.architecture.may_be_left_over(tensor)
            })?;
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
