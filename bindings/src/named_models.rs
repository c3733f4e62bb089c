//! Models by name: found in a directory or in the cache, downloaded if need be, and loaded.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_engine::{LoadProgress, Model};
use headroom_hub::{DownloadProgress, Fetch, Hub, HubSettings, Token};

use crate::fault::Fault;

/// What a host says about the hub; for what it leaves out, the environment speaks.
#[derive(Debug, Default)]
pub(crate) struct HubChoice {
    /// Where models are kept; empty for the usual place.
    pub(crate) cache_directory: String,
    /// Lets gated models be read; empty for that of the environment.
    pub(crate) token: String,
    /// Whether nothing may be asked of the network, whatever the environment says.
    pub(crate) is_offline: bool,
}

/// What is being done to get a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Download,
    Load,
}

/// How far a stage has come. `total_bytes` is 0 while the hub is asked what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ModelProgress {
    pub(crate) stage: Stage,
    pub(crate) done_bytes: u64,
    pub(crate) total_bytes: u64,
}

/// Hears of progress, and stops the work by breaking.
pub(crate) type OnProgress<'a> = &'a mut dyn FnMut(ModelProgress) -> ControlFlow<()>;

/// The directory of the model that goes by `name`: a directory, a name of the registry, or
/// `owner/name` on the hub, from which it is downloaded if it is not complete in the cache.
///
/// # Errors
/// Those of the hub.
pub(crate) fn find(
    name: &str,
    choice: &HubChoice,
    on_progress: OnProgress,
) -> Result<PathBuf, Fault> {
    let hub = Hub::new(choice.settings()?);
    let directory = hub.resolve(name, Fetch::IfMissing, &mut |now| on_progress(now.into()))?;
    Ok(directory)
}

/// Finds a model and loads it.
///
/// # Errors
/// Those of [`find`], and of loading.
pub(crate) fn load(
    name: &str,
    choice: &HubChoice,
    on_progress: OnProgress,
) -> Result<Model, Fault> {
    let directory = find(name, choice, on_progress)?;
    Ok(Model::load(&directory, |now| on_progress(now.into()))?)
}

impl HubChoice {
    fn settings(&self) -> Result<HubSettings, Fault> {
        let mut settings = HubSettings::from_environment()?;
        if !self.cache_directory.is_empty() {
            settings.cache_directory = PathBuf::from(&self.cache_directory);
        }
        if !self.token.is_empty() {
            settings.token = Some(Token::new(&self.token)?);
        }
        settings.offline |= self.is_offline;
        Ok(settings)
    }
}

impl From<DownloadProgress<'_>> for ModelProgress {
    fn from(progress: DownloadProgress) -> Self {
        Self {
            stage: Stage::Download,
            done_bytes: progress.done_bytes,
            total_bytes: progress.total_bytes,
        }
    }
}

impl From<LoadProgress> for ModelProgress {
    fn from(progress: LoadProgress) -> Self {
        Self {
            stage: Stage::Load,
            done_bytes: progress.read_bytes,
            total_bytes: progress.total_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    fn offline() -> HubChoice {
        HubChoice {
            cache_directory: "/nowhere/models".to_owned(),
            is_offline: true,
            ..HubChoice::default()
        }
    }

    fn refusal(name: &str, choice: &HubChoice) -> Fault {
        find(name, choice, &mut |_| ControlFlow::Continue(())).unwrap_err()
    }

    #[test]
    fn a_directory_is_itself() {
        let here = find(".", &offline(), &mut |_| ControlFlow::Continue(()));
        assert_eq!(here.unwrap(), PathBuf::from("."));
    }

    #[test]
    fn offline_a_model_that_is_not_cached_says_where_it_was_looked_for() {
        let fault = refusal("Qwen3-0.6B", &offline());
        assert_eq!(fault.kind, FaultKind::NotCached);
        assert!(
            fault.message.contains("/nowhere/models"),
            "{}",
            fault.message
        );
    }

    #[test]
    fn a_name_of_no_model_and_a_token_that_is_none_are_refused() {
        assert_eq!(refusal("qwen9", &offline()).kind, FaultKind::UnknownModel);
        assert_eq!(refusal("", &offline()).kind, FaultKind::UnknownModel);
        let choice = HubChoice {
            token: "with space".to_owned(),
            ..offline()
        };
        let fault = refusal("Qwen3-0.6B", &choice);
        assert_eq!(fault.kind, FaultKind::InvalidParameter);
    }
}
