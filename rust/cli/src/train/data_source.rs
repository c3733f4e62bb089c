//! What `--data` names.

use std::path::Path;

use headroom_hub::{HubSettings, RepositoryId};
use headroom_train::data::DataSource;

use crate::error::CliError;

/// A path is itself, and so is what can only be one; other names are datasets on the hub.
pub(crate) fn data_source(name: &str) -> Result<DataSource, CliError> {
    let path = Path::new(name);
    if path.exists() || name.starts_with(['.', '/', '~']) {
        return Ok(DataSource::Local(path.to_owned()));
    }
    match RepositoryId::dataset(name) {
        Ok(repository) => Ok(DataSource::Hub {
            repository,
            settings: HubSettings::from_environment()?,
        }),
        Err(_) => Ok(DataSource::Local(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_an_owner_that_is_no_path_is_a_dataset() {
        let is_remote = |name| matches!(data_source(name), Ok(DataSource::Hub { .. }));
        assert!(is_remote("owner/name") && is_remote("datasets/owner/name"));
        for path in [
            ".",
            "./owner/name",
            "/owner/name",
            "src/main.rs",
            "shards",
            "a/b/c",
        ] {
            assert!(!is_remote(path), "{path}");
        }
    }
}
