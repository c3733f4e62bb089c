//! A repository's list of files: which of them a model needs or a dataset is made of, under names,
//! sizes and checksums that are safe to use.

use std::collections::HashSet;

use serde::Deserialize;

use crate::checksum::Checksum;
use crate::error::{HubError, printable};
use crate::repository_id::{RepositoryId, RepositoryKind};

/// Most files that a repository may list, and that a model may need.
const MOST_LISTED: usize = 20_000;
const MOST_NEEDED: usize = 1_000;

/// The files of a model or a dataset at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) commit: CommitHash,
    /// What is needed to run the model, or what has the dataset's text, in the order of the repository.
    pub(crate) files: Vec<RemoteFile>,
}

/// A file that may be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// A plain name, without any directory where it is a model's.
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    pub(crate) checksum: Checksum,
}

/// A commit's 40 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitHash(String);

impl CommitHash {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A commit's name has the form of a blob's.
        Checksum::git_blob(text).map(|digits| Self(digits.to_string()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Listing {
    /// Bytes of all files together.
    pub(crate) fn total_bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    /// Takes over what a hub says of a repository.
    ///
    /// # Errors
    /// [`HubError::Listing`] if a name, a size or a checksum breaks a rule, or if this is no model.
    pub(crate) fn check(answer: Answer, repository: &RepositoryId) -> Result<Self, HubError> {
        let checked = match repository.kind() {
            RepositoryKind::Model => Self::checked(answer),
            RepositoryKind::Dataset => Self::of_dataset(answer),
        };
        checked.map_err(|reason| HubError::Listing {
            repository: repository.to_string(),
            reason,
        })
    }

    fn checked(answer: Answer) -> Result<Self, String> {
        let listing = Self::of_needed(answer, is_needed)?;
        refuse_no_model(&listing.files)?;
        refuse_equal_names(&listing.files)?;
        Ok(listing)
    }

    fn of_dataset(answer: Answer) -> Result<Self, String> {
        let listing = Self::of_needed(answer, is_text)?;
        refuse_equal_names(&listing.files)?;
        Ok(listing)
    }

    fn of_needed(answer: Answer, is_needed: fn(&str) -> bool) -> Result<Self, String> {
        let commit = CommitHash::parse(&answer.sha)
            .ok_or_else(|| format!("`{}` is no commit", printable(&answer.sha)))?;
        if answer.siblings.len() > MOST_LISTED {
            return Err(format!("it has more than {MOST_LISTED} files"));
        }
        for sibling in &answer.siblings {
            refuse_escaping(&sibling.rfilename)?;
        }
        let needed = answer
            .siblings
            .into_iter()
            .filter(|sibling| is_needed(&sibling.rfilename));
        let files = needed
            .map(Sibling::checked)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { commit, files })
    }
}

/// What the hub's API says of a repository; everything else in it is ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<LargeFile>,
}

#[derive(Debug, Deserialize)]
struct LargeFile {
    #[serde(alias = "oid")]
    sha256: String,
    size: u64,
}

impl Sibling {
    fn checked(self) -> Result<RemoteFile, String> {
        let name = plain_name(self.rfilename)?;
        let (size, checksum) = match self.lfs {
            Some(large) => (Some(large.size), Checksum::sha256(&large.sha256)),
            None => (
                self.size,
                self.blob_id.as_deref().and_then(Checksum::git_blob),
            ),
        };
        Ok(RemoteFile {
            size_bytes: size.ok_or_else(|| format!("{name} has no size"))?,
            checksum: checksum.ok_or_else(|| format!("{name} has no checksum"))?,
            name,
        })
    }
}

/// Whether a model needs a file to run: weights, their index, configuration, tokenizer, template.
fn is_needed(name: &str) -> bool {
    let is_json_of = |stem: &str| name.starts_with(stem) && name.ends_with(".json");
    !name.contains('/')
        && (["config.json", "generation_config.json"].contains(&name)
            || is_json_of("tokenizer")
            || name.starts_with("chat_template")
            || name.ends_with(".safetensors")
            || name.ends_with(".safetensors.index.json"))
}

/// Whether a file can hold the text of a dataset.
fn is_text(name: &str) -> bool {
    let endings = [".parquet", ".jsonl", ".txt"];
    endings.into_iter().any(|ending| name.ends_with(ending))
}

/// One such name makes the whole repository one not to be trusted.
fn refuse_escaping(name: &str) -> Result<(), String> {
    let escapes = name.starts_with('/')
        || name.contains('\\')
        || name.chars().any(char::is_control)
        || name.split('/').any(|part| ["", ".", ".."].contains(&part));
    match escapes {
        true => Err(format!(
            "the name `{}` could lead out of its directory",
            printable(name)
        )),
        false => Ok(()),
    }
}

fn plain_name(name: String) -> Result<String, String> {
    const MOST_LETTERS: usize = 200;
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_plain = |part: &str| !part.starts_with('.') && part.chars().all(is_allowed);
    if name.len() <= MOST_LETTERS && name.split('/').all(is_plain) {
        return Ok(name);
    }
    Err(format!(
        "the name `{}` holds other letters than A-Z, a-z, 0-9, `-`, `_` and `.`, or too many",
        printable(&name)
    ))
}

fn refuse_no_model(files: &[RemoteFile]) -> Result<(), String> {
    if files.len() > MOST_NEEDED {
        return Err(format!(
            "a model would need more than {MOST_NEEDED} of its files"
        ));
    }
    if !files.iter().any(|file| file.name == "config.json") {
        return Err("it has no config.json, so it is no model".to_owned());
    }
    if !files.iter().any(|file| file.name.ends_with(".safetensors")) {
        return Err(
            "it has no .safetensors file, so it has no weights that can be read".to_owned(),
        );
    }
    Ok(())
}

/// Also when only case tells them apart: the file systems of Apple see one name then.
fn refuse_equal_names(files: &[RemoteFile]) -> Result<(), String> {
    let mut seen = HashSet::new();
    let twice = files
        .iter()
        .find(|file| !seen.insert(file.name.to_ascii_lowercase()));
    twice.map_or(Ok(()), |file| Err(format!("{} is in it twice", file.name)))
}

#[cfg(test)]
mod tests;
