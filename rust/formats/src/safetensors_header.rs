//! The header of a safetensors file, checked field by field while it is parsed.
//!
//! The format: eight bytes of little-endian header length, that many bytes of JSON, then the
//! tensors' bytes without a gap. The usual parser keeps the last of two equal names and accepts any
//! rank, dimension, name and number of tensors; nothing here is allocated before its bound is known.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::header_rule::{
    HEADER_LIMIT_BYTES, HeaderRule, METADATA_LIMIT_BYTES, NAME_LIMIT_BYTES, TENSOR_LIMIT,
    TensorRule,
};
use crate::quoted::brief;
use crate::tensor_entry::TensorEntrySeed;

/// Which of the two kinds of rule a header breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A rule about the file.
    Header(HeaderRule),
    /// A rule about one tensor.
    Tensor(String, TensorRule),
}

impl Violation {
    /// The error that names the file.
    pub(crate) fn at(self, path: &Path) -> FormatError {
        let path = path.to_path_buf();
        match self {
            Self::Header(rule) => FormatError::Header { path, rule },
            Self::Tensor(tensor, rule) => FormatError::Tensor { path, tensor, rule },
        }
    }
}

impl From<HeaderRule> for Violation {
    fn from(rule: HeaderRule) -> Self {
        Self::Header(rule)
    }
}

/// One tensor as a header describes it, all rules that need no other tensor already kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TensorEntry {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    /// First byte, counted from the end of the header.
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: u64,
}

/// All that a header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// In the order of their bytes.
    pub(crate) entries: Vec<TensorEntry>,
    /// The strings of `__metadata__`.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The header length that the first eight bytes give, within bounds for a file of this length.
pub(crate) fn header_length(prefix: [u8; 8], file_bytes: u64) -> Result<u64, HeaderRule> {
    let header_bytes = u64::from_le_bytes(prefix);
    let room = file_bytes
        .checked_sub(8)
        .ok_or(HeaderRule::TooShort { file_bytes })?;
    if header_bytes > room {
        return Err(HeaderRule::HeaderPastEnd {
            header_bytes,
            file_bytes,
        });
    }
    if header_bytes > HEADER_LIMIT_BYTES {
        return Err(HeaderRule::HeaderTooLong { header_bytes });
    }
    Ok(header_bytes)
}

/// Parses the JSON of a header whose file has `data_bytes` bytes after it.
///
/// The entries come back in the order of their bytes and cover the data exactly. A tensor without
/// elements takes no bytes and may lie between any two others.
pub(crate) fn parse_header(json: &[u8], data_bytes: u64) -> Result<Header, Violation> {
    if json.first() != Some(&b'{') {
        let reason = "it does not start with an opening brace".to_owned();
        return Err(HeaderRule::Malformed(reason).into());
    }
    let mut violation = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let parsed = HeaderSeed {
        violation: &mut violation,
    }
    .deserialize(&mut deserializer)
    .and_then(|header| deserializer.end().map(|()| header));
    let mut header = parsed.map_err(|error| {
        violation.unwrap_or_else(|| HeaderRule::Malformed(brief(&error)).into())
    })?;
    refuse_duplicates(&mut header.entries)?;
    check_cover(&mut header.entries, data_bytes)?;
    Ok(header)
}

/// Leaves the entries sorted by name.
fn refuse_duplicates(entries: &mut [TensorEntry]) -> Result<(), Violation> {
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(Violation::Tensor(
            pair[0].name.clone(),
            TensorRule::Duplicate,
        )),
        None => Ok(()),
    }
}

/// Leaves the entries sorted by byte range.
fn check_cover(entries: &mut [TensorEntry], data_bytes: u64) -> Result<(), Violation> {
    entries.sort_unstable_by_key(|entry| (entry.start, entry.end));
    let mut previous_end = 0;
    for entry in entries.iter() {
        let (start, end) = (entry.start, entry.end);
        let broken = if end > data_bytes {
            Some(TensorRule::PastEnd { end, data_bytes })
        } else if start < previous_end {
            Some(TensorRule::Overlap {
                start,
                previous_end,
            })
        } else if start > previous_end {
            Some(TensorRule::Hole {
                start,
                previous_end,
            })
        } else {
            None
        };
        if let Some(rule) = broken {
            return Err(Violation::Tensor(entry.name.clone(), rule));
        }
        previous_end = end;
    }
    if previous_end != data_bytes {
        let covered_bytes = previous_end;
        return Err(HeaderRule::TrailingBytes {
            covered_bytes,
            data_bytes,
        }
        .into());
    }
    Ok(())
}

/// Parses the outermost object; a broken rule is put into `violation` because the parser's own
/// error type has no place for it.
struct HeaderSeed<'a> {
    violation: &'a mut Option<Violation>,
}

impl<'de> DeserializeSeed<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        let mut metadata = None;
        while let Some(key) = map.next_key_seed(HeaderKeySeed)? {
            let broken = match key {
                HeaderKey::Metadata if metadata.is_some() => {
                    let reason = "`__metadata__` occurs twice".to_owned();
                    Err(HeaderRule::Malformed(reason).into())
                }
                HeaderKey::Metadata => {
                    metadata = Some(map.next_value_seed(MetadataSeed)?);
                    continue;
                }
                HeaderKey::Refused(name, rule) => Err(Violation::Tensor(name, rule)),
                HeaderKey::Tensor(_) if entries.len() == TENSOR_LIMIT => {
                    Err(HeaderRule::TooManyTensors.into())
                }
                HeaderKey::Tensor(name) => map.next_value_seed(TensorEntrySeed { name })?,
            };
            match broken {
                Ok(entry) => entries.push(entry),
                Err(violation) => {
                    *self.violation = Some(violation);
                    return Err(A::Error::custom("a rule is broken"));
                }
            }
        }
        Ok(Header {
            entries,
            metadata: metadata.unwrap_or_default(),
        })
    }
}

enum HeaderKey {
    Metadata,
    Tensor(String),
    /// The start of a name that is not allowed.
    Refused(String, TensorRule),
}

struct HeaderKeySeed;

impl<'de> DeserializeSeed<'de> for HeaderKeySeed {
    type Value = HeaderKey;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for HeaderKeySeed {
    type Value = HeaderKey;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a tensor's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<HeaderKey, E> {
        if name == "__metadata__" {
            return Ok(HeaderKey::Metadata);
        }
        Ok(match name_rule(name) {
            None => HeaderKey::Tensor(name.to_owned()),
            Some(rule) => HeaderKey::Refused(name.chars().take(NAME_LIMIT_BYTES).collect(), rule),
        })
    }
}

/// The rule that a tensor's name breaks, if it breaks one.
pub(crate) fn name_rule(name: &str) -> Option<TensorRule> {
    if name.is_empty() || name.len() > NAME_LIMIT_BYTES {
        Some(TensorRule::NameLength(name.len()))
    } else if name.chars().any(char::is_control) {
        Some(TensorRule::NameCharacters)
    } else {
        None
    }
}

/// The free-form object of strings, as far as it is of a sensible length; of two equal keys the last
/// counts.
struct MetadataSeed;

impl<'de> DeserializeSeed<'de> for MetadataSeed {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MetadataSeed {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of strings in `__metadata__`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut metadata = BTreeMap::new();
        let mut room_bytes = METADATA_LIMIT_BYTES;
        while let Some(key) = map.next_key_seed(StringWithin(room_bytes))? {
            let value = map.next_value_seed(StringWithin(room_bytes))?;
            let Some((key, value)) = key.zip(value) else {
                continue;
            };
            room_bytes = room_bytes.saturating_sub(key.len() + value.len());
            metadata.insert(key, value);
        }
        Ok(metadata)
    }
}

/// A string of at most so many bytes; `None` for a longer one, of which nothing is kept.
struct StringWithin(usize);

impl<'de> DeserializeSeed<'de> for StringWithin {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for StringWithin {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string in `__metadata__`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.len() <= self.0).then(|| text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
