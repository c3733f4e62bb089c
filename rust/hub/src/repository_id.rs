//! `owner/name`: what a hub calls a model or a dataset.

use std::fmt;
use std::str::FromStr;

use crate::error::{HubError, printable};

/// A repository's owner and name. Both hold only what hubs allow, so that neither a path nor a URL
/// made of them can lead elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryId {
    text: String,
    kind: RepositoryKind,
}

/// What a repository holds. A model and a dataset may have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RepositoryKind {
    Model,
    Dataset,
}

impl RepositoryKind {
    /// For messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
        }
    }
}

impl RepositoryId {
    /// The dataset that `owner/name` or `datasets/owner/name` means.
    ///
    /// # Errors
    /// As for a model.
    pub fn dataset(text: &str) -> Result<Self, HubError> {
        let name = text.strip_prefix("datasets/").unwrap_or(text);
        Ok(Self {
            kind: RepositoryKind::Dataset,
            ..name.parse()?
        })
    }

    pub(crate) fn kind(&self) -> RepositoryKind {
        self.kind
    }

    /// `owner/name`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for RepositoryId {
    type Err = HubError;

    /// # Errors
    /// [`HubError::NotAModel`] if the text is not `owner/name` in the letters that hubs allow.
    fn from_str(text: &str) -> Result<Self, HubError> {
        check(text).map_err(|reason| HubError::NotAModel {
            text: printable(text),
            reason,
        })?;
        Ok(Self {
            text: text.to_owned(),
            kind: RepositoryKind::Model,
        })
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    let (owner, name) = text.split_once('/').ok_or("it has no owner")?;
    check_part(owner)?;
    check_part(name)
}

/// The rules of Hugging Face's own client, but for names without an owner.
fn check_part(part: &str) -> Result<(), &'static str> {
    const MOST_LETTERS: usize = 96;
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if part.is_empty() {
        Err("its owner or name is empty")
    } else if part.len() > MOST_LETTERS {
        Err("its owner or name is longer than 96 letters")
    } else if !part.chars().all(is_allowed) {
        Err("it holds other letters than A-Z, a-z, 0-9, `-`, `_` and `.`, or more than one `/`")
    } else if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
        Err("its owner or name begins or ends with `-` or `.`")
    } else if part.contains("--") || part.contains("..") {
        Err("it holds `--` or `..`")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::registry;

    #[test]
    fn every_id_of_the_registry_is_a_repository() {
        for model in registry() {
            assert_eq!(model.id.parse::<RepositoryId>().unwrap().as_str(), model.id);
        }
    }

    #[test]
    fn a_dataset_is_no_model_of_the_same_name() {
        let dataset = RepositoryId::dataset("owner/name").unwrap();
        assert_eq!(
            RepositoryId::dataset("datasets/owner/name").unwrap(),
            dataset
        );
        assert_ne!("owner/name".parse::<RepositoryId>().unwrap(), dataset);
        assert_eq!(dataset.as_str(), "owner/name");
        assert!(RepositoryId::dataset("datasets/name").is_err());
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused_with_the_rule() {
        for (text, rule) in [
            ("gpt2", "no owner"),
            ("/name", "empty"),
            ("owner/", "empty"),
            ("a/b/c", "more than one `/`"),
            ("../etc", "begins or ends"),
            ("a/..b", "begins or ends"),
            ("a/b..c", "`..`"),
            ("a/b--c", "`--`"),
            ("a/b c", "other letters"),
            ("a/b?x=1", "other letters"),
            ("a/b\u{1b}[2J", "other letters"),
            ("a/größe", "other letters"),
        ] {
            let sentence = text.parse::<RepositoryId>().unwrap_err().to_string();
            assert!(sentence.contains(rule), "{text}: {sentence}");
            assert!(!sentence.contains('\u{1b}'));
        }
        let long = format!("a/{}", "b".repeat(97));
        assert!(long.parse::<RepositoryId>().is_err());
    }
}
