//! From what `--model` says to a loaded model, with a progress bar on a terminal only.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_engine::{Admission, Model};
use headroom_hub::{Fetch, Hub, HubError, HubSettings, repository_of};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::CliError;
use crate::pull;

pub(crate) fn model(name: &str, admission: Admission) -> Result<Model, CliError> {
    let directory = directory(name)?;
    let bar = ProgressBar::new(0).with_style(style());
    let model = Model::load_with(&directory, admission, |progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.read_bytes);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    Ok(model?)
}

/// A directory is itself, and so is what can only be a path; other names are looked up in the cache
/// and downloaded when they are not there.
pub(crate) fn directory(name: &str) -> Result<PathBuf, CliError> {
    let path = Path::new(name);
    if path.exists() || name.starts_with(['.', '/', '~']) || name.is_empty() {
        return Ok(path.to_owned());
    }
    find_or_fetch(name).map_err(|error| match error {
        CliError::Hub(reason) => CliError::NoModel {
            name: name.to_owned(),
            reason: Box::new(reason),
        },
        other => other,
    })
}

fn find_or_fetch(name: &str) -> Result<PathBuf, CliError> {
    let repository = repository_of(name)?;
    let hub = Hub::new(HubSettings::from_environment()?);
    match hub.resolve(name, Fetch::Never, &mut |_| ControlFlow::Continue(())) {
        Err(HubError::NotCached { .. }) => pull::fetch(hub, repository),
        found => Ok(found?),
    }
}

pub(crate) fn style() -> ProgressStyle {
    ProgressStyle::with_template("Loading {bar:30} {bytes} of {total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
