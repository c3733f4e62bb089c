//! `config.json`, `generation_config.json`, `tokenizer_config.json`: a JSON object, read within
//! bounds.

use std::ops::Deref;
use std::path::Path;

use serde_json::Value;

use crate::bounded_json::{JsonBounds, parse_bounded};
use crate::bounded_read::{read_bounded, read_bounded_optional};
use crate::config_section::ConfigSection;
use crate::error::FormatError;

/// Longest configuration file that is read.
const CONFIG_LIMIT_BYTES: u64 = 8 << 20;
/// Deepest nesting and most values of a configuration file.
const CONFIG_BOUNDS: JsonBounds = JsonBounds {
    depth: 32,
    values: 250_000,
};

/// A configuration file: its outermost section, with the getters of [`ConfigSection`].
#[derive(Clone, Debug)]
pub struct ConfigFile {
    root: ConfigSection,
}

impl ConfigFile {
    /// Reads a file that must be there.
    ///
    /// # Errors
    /// When the file is missing, unreadable, too large or no JSON object, when it is nested more
    /// than 32 deep, or when an object has a key twice.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        Self::parse(&read_bounded(path, CONFIG_LIMIT_BYTES)?, path)
    }

    /// Reads a file that may be absent.
    ///
    /// # Errors
    /// As [`Self::read`], except that a missing file is `None`.
    pub fn read_optional(path: &Path) -> Result<Option<Self>, FormatError> {
        match read_bounded_optional(path, CONFIG_LIMIT_BYTES)? {
            Some(bytes) => Self::parse(&bytes, path).map(Some),
            None => Ok(None),
        }
    }

    /// Parses text already in memory; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, FormatError> {
        let refused = |reason: String| FormatError::Json {
            path: path.to_path_buf(),
            reason,
        };
        match parse_bounded(bytes, CONFIG_BOUNDS) {
            Ok(Value::Object(fields)) => Ok(Self {
                root: ConfigSection::outermost(path, fields),
            }),
            Ok(_) => Err(refused("its JSON must be an object".to_owned())),
            Err(error) => Err(refused(error.to_string())),
        }
    }
}

impl Deref for ConfigFile {
    type Target = ConfigSection;

    fn deref(&self) -> &ConfigSection {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn parse(json: &str) -> Result<ConfigFile, FormatError> {
        ConfigFile::parse(json.as_bytes(), Path::new("config.json"))
    }

    #[test]
    fn only_an_object_is_a_configuration() {
        assert!(parse("{}").is_ok());
        for json in ["", "[]", "3", "{", "{}{}", "\u{feff}{}", "{\"a\":NaN}"] {
            assert!(
                matches!(parse(json), Err(FormatError::Json { .. })),
                "{json}"
            );
        }
    }

    #[test]
    fn depth_values_and_duplicate_keys_are_bounded() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
        assert!(parse(&deep).is_err());
        let wide = format!("{{\"a\":[{}0]}}", "0,".repeat(CONFIG_BOUNDS.values));
        assert!(parse(&wide).is_err());
        let error = parse(r#"{"a":{"b":1,"b":2}}"#).expect_err("a duplicate");
        assert_eq!(
            error.to_string(),
            "config.json cannot be read: key `b` occurs twice at line 1 column 15"
        );
    }

    #[test]
    fn absent_is_none_and_malformed_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("generation_config.json");
        assert!(matches!(ConfigFile::read_optional(&path), Ok(None)));
        assert!(matches!(
            ConfigFile::read(&path),
            Err(FormatError::Io { .. })
        ));
        fs::write(&path, "{\"eos_token_id\": [1, 2]}").expect("a file");
        assert!(matches!(ConfigFile::read_optional(&path), Ok(Some(_))));
        fs::write(&path, "{").expect("a file");
        assert!(ConfigFile::read_optional(&path).is_err());
        fs::write(&path, vec![b' '; CONFIG_LIMIT_BYTES as usize + 1]).expect("a file");
        assert!(matches!(
            ConfigFile::read_optional(&path),
            Err(FormatError::TooLarge { .. })
        ));
    }
}
