//! Settings by name, from whoever has something to say: the later goes before the earlier.

use std::io;
use std::path::Path;

use headroom_memory::ByteSize;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::CliError;

/// Settings so far.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// What a preset says; nothing where it is null.
    pub(crate) fn of(preset: &Value) -> Self {
        Self(preset.as_object().cloned().unwrap_or_default())
    }

    /// And what a TOML file says; a size may have its unit there, too.
    pub(crate) fn with_file(mut self, path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(self);
        };
        let unreadable = |reason: String| CliError::ReadConfig {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let mut said: Map<String, Value> =
            toml::from_str(&text).map_err(|error| unreadable(error.message().to_owned()))?;
        if let Some(Value::String(size)) = said.get("max-memory") {
            let size: ByteSize = size.parse()?;
            said.insert("max-memory".to_owned(), json!(size));
        }
        self.0.extend(said);
        Ok(self)
    }

    /// And what flags say, as far as they are given.
    pub(crate) fn with_flags(mut self, flags: &impl Serialize) -> Result<Self, CliError> {
        let flags = serde_json::to_value(flags).map_err(io::Error::other)?;
        let all = flags.as_object().into_iter().flatten();
        let said = all.filter(|(_, value)| !value.is_null() && **value != Value::Bool(false));
        self.0
            .extend(said.map(|(name, value)| (name.clone(), value.clone())));
        Ok(self)
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}
