//! Which shards there are, and which part of them trains and which validates.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headroom_hub::HubError;

use super::error::DataError;
use super::position::{Part, Position};
use super::remote::RemoteShards;
use super::settings::DataSource;
use super::shard::{Shard, ShardFault, ShardKind};

/// One shard of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedShard {
    /// Its name in its directory or repository.
    pub(crate) name: String,
    pub(crate) kind: ShardKind,
    pub(crate) length_bytes: u64,
    pub(crate) place: Place,
    /// What of it belongs here.
    pub(crate) part: Part,
}

/// Where a shard is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Local(PathBuf),
    Remote {
        /// Its number among all shards of the repository.
        number: usize,
    },
}

/// All shards, sorted by name. The last one validates; of a single one, its last hundredth does.
pub(crate) struct ShardList {
    /// The file, directory or repository, for messages.
    pub(crate) source_name: String,
    /// At least one.
    pub(crate) training: Vec<ListedShard>,
    pub(crate) validation: ListedShard,
    /// Where they come from, unless they are files here.
    pub(crate) remote: Option<Arc<RemoteShards>>,
}

impl ShardList {
    /// Looks up which shards there are.
    pub(crate) fn of(source: &DataSource) -> Result<Self, DataError> {
        let (shards, remote) = match source {
            DataSource::Local(path) => (local(path)?, None),
            DataSource::Hub {
                repository,
                settings,
            } => {
                let remote = RemoteShards::of(repository, settings);
                let remote = remote.map_err(|reason| nowhere(repository.to_string(), reason))?;
                (listed(&remote), Some(Arc::new(remote)))
            }
        };
        Self::divided(source.to_string(), shards, remote)
    }

    fn divided(
        source_name: String,
        mut shards: Vec<ListedShard>,
        remote: Option<Arc<RemoteShards>>,
    ) -> Result<Self, DataError> {
        let Some(last) = shards.pop() else {
            return Err(DataError::NoShards { source_name });
        };
        let (training, validation) = match shards.is_empty() {
            true => {
                let (first, last) = divided_shard(last, &source_name)?;
                (vec![first], last)
            }
            false => (shards, last),
        };
        Ok(Self {
            source_name,
            training,
            validation,
            remote,
        })
    }
}

/// What the hub does not have may have been meant for a file.
fn nowhere(name: String, reason: HubError) -> DataError {
    match Path::new(&name).exists() {
        true => reason.into(),
        false => DataError::Nowhere {
            name,
            reason: Box::new(reason),
        },
    }
}

/// The first and the last documents of a single shard.
fn divided_shard(
    shard: ListedShard,
    source_name: &str,
) -> Result<(ListedShard, ListedShard), DataError> {
    let Place::Local(path) = &shard.place else {
        return Err(DataError::OneRemoteShard {
            source_name: source_name.to_owned(),
            shard: shard.name,
        });
    };
    let place = Shard::hold_out(path, shard.kind);
    let place = place.map_err(|ShardFault(reason)| DataError::Shard {
        shard: shard.name.clone(),
        reason,
    })?;
    let Some(place) = place else {
        return Err(DataError::NothingToHoldOut { shard: shard.name });
    };
    let part = |from, until| ListedShard {
        part: Part { from, until },
        ..shard.clone()
    };
    Ok((part(Position::default(), Some(place)), part(place, None)))
}

fn listed(remote: &RemoteShards) -> Vec<ListedShard> {
    let files = remote.files().iter().enumerate();
    let listed = files.filter_map(|(number, file)| {
        Some(ListedShard {
            name: file.name().to_owned(),
            kind: ShardKind::of(file.name())?,
            length_bytes: file.size_bytes(),
            place: Place::Remote { number },
            part: Part::default(),
        })
    });
    listed.collect()
}

fn local(path: &Path) -> Result<Vec<ListedShard>, DataError> {
    let found = fs::metadata(path).map_err(DataError::read(path))?;
    if !found.is_dir() {
        let shard = local_shard(path.to_owned())?;
        return shard.map_or_else(
            || {
                Err(DataError::UnknownKind {
                    path: path.to_owned(),
                })
            },
            |shard| Ok(vec![shard]),
        );
    }
    let mut shards = Vec::new();
    for entry in fs::read_dir(path).map_err(DataError::read(path))? {
        let entry = entry.map_err(DataError::read(path))?;
        shards.extend(local_shard(entry.path())?);
    }
    shards.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(shards)
}

/// A file as a shard; `None` where it is none. Hidden files are what other programs leave.
fn local_shard(path: PathBuf) -> Result<Option<ListedShard>, DataError> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| !name.starts_with('.'));
    let Some((name, kind)) = name.and_then(|name| ShardKind::of(&name).map(|kind| (name, kind)))
    else {
        return Ok(None);
    };
    // A link that leads nowhere is a shard that is missing, which is found when it is its turn.
    let found = fs::metadata(&path);
    if found.as_ref().is_ok_and(|found| !found.is_file()) {
        return Ok(None);
    }
    Ok(Some(ListedShard {
        name,
        kind,
        length_bytes: found.map_or(0, |found| found.len()),
        place: Place::Local(path),
        part: Part::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<ShardList, DataError>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let list = ShardList::of(&DataSource::Local(folder.path().to_owned()));
        (folder, list)
    }

    #[test]
    fn shards_are_sorted_and_the_last_one_validates() {
        let files = ["c.txt", "a.jsonl", "b.txt", "notes.md", ".d.txt"].map(|name| (name, ""));
        let (_folder, list) = list(&files);
        let list = list.unwrap();
        let names: Vec<_> = list.training.iter().map(|shard| &*shard.name).collect();
        assert_eq!(names, ["a.jsonl", "b.txt"]);
        assert_eq!(list.validation.name, "c.txt");
        assert_eq!(list.validation.part, Part::default());
    }

    #[test]
    fn a_single_shard_is_divided() {
        let (_folder, list) = list(&[("a.txt", "one\n<|endoftext|>\ntwo\n")]);
        let list = list.unwrap();
        let place = list.validation.part.from;
        assert_eq!(list.training[0].part.until, Some(place));
        assert_eq!(place.offset, 18);
    }

    #[test]
    fn what_holds_no_data_is_refused_with_what_to_give() {
        let sentence = |files| list(files).1.err().unwrap().to_string();
        assert!(sentence(&[]).contains("holds no shard"));
        assert!(sentence(&[("notes.md", "")]).contains("holds no shard"));
        assert!(sentence(&[("a.txt", "one document")]).contains("single document"));
        assert!(sentence(&[("a.txt", "")]).contains("single document"));
        let of = |path: &Path| {
            ShardList::of(&DataSource::Local(path.to_owned()))
                .err()
                .unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        assert!(
            of(&folder.path().join("missing"))
                .to_string()
                .contains("cannot read")
        );
        let note = folder.path().join("notes.md");
        fs::write(&note, "").unwrap();
        assert!(of(&note).to_string().contains("is no .parquet"));
    }
}
