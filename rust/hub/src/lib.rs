//! Which models there are, which of them fits, and how it comes onto this machine; and datasets, file
//! by file.
//!
//! This room owns the registry of known models with their sizes, the choice of the best one that
//! fits with its KV cache, and the download into the cache that Python's tools share. What a hub
//! answers is hostile until it has the announced size and checksum. It may depend on `memory` and
//! `formats`. It must never know MLX, a model family's computation, or the engine: which families
//! run, and how many bytes one needs, come in as closures.

#![forbid(unsafe_code)]

mod backoff;
mod cache;
mod checksum;
mod client;
mod dataset;
mod download;
mod error;
mod failure;
mod hub;
mod listing;
mod partial_file;
mod progress;
mod registry;
mod repository_id;
mod selection;
mod settings;

pub use dataset::{Dataset, DatasetFile};
pub use error::HubError;
pub use hub::{Fetch, Hub, repository_of};
pub use progress::{DownloadProgress, OnProgress};
pub use registry::{RegistryModel, WeightQuantization, find, registry, tier};
pub use repository_id::RepositoryId;
pub use selection::{Candidate, Selection, SelectionRequest, pick};
pub use settings::{HubSettings, Token};
