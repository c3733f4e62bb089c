//! `model.safetensors.index.json`: which shard holds which tensor.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};

use crate::bounded_json::{duplicate_key, refuse_long_strings};
use crate::bounded_read::read_bounded;
use crate::error::FormatError;
use crate::header_rule::TENSOR_LIMIT;
use crate::quoted::{Quoted, Shortened, brief};
use crate::safetensors_header::name_rule;

/// Longest index that is read: [`TENSOR_LIMIT`] entries of ordinary length.
const INDEX_LIMIT_BYTES: u64 = 32 << 20;
/// Longest string in an index; names have a quarter of a kilobyte.
const STRING_LIMIT_BYTES: usize = 1 << 16;
/// Most shards of one checkpoint; each stays open.
const SHARD_LIMIT: usize = 1_024;
/// Longest file name that the usual file systems take.
const SHARD_NAME_LIMIT_BYTES: usize = 255;

/// What a shard index must keep to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexRule {
    /// It is not JSON of the right structure.
    #[error("it is not the JSON it should be: {}", Shortened(.0))]
    Malformed(String),
    /// It lists no tensor.
    #[error("its weight_map lists no tensor")]
    Empty,
    /// A tensor's name breaks a rule.
    #[error("it lists tensor {}, but tensor names have at most 256 bytes and no control characters", Quoted(.0))]
    TensorName(String),
    /// A shard's name leads out of the directory or is no safetensors file.
    #[error("it puts tensors into {}, but a shard must be a plain file name that ends in .safetensors", Quoted(.0))]
    ShardName(String),
    /// Too many tensors.
    #[error("it lists more than {TENSOR_LIMIT} tensors")]
    TooManyTensors,
    /// Too many shards.
    #[error("it names more than {SHARD_LIMIT} shards")]
    TooManyShards,
    /// A listed tensor is not in its shard.
    #[error(
        "it puts tensor {} into shard {}, which does not hold it",
        Quoted(tensor),
        Quoted(shard)
    )]
    TensorAbsent {
        /// The tensor.
        tensor: String,
        /// The shard it should be in.
        shard: String,
    },
    /// A shard holds a tensor that is not listed.
    #[error(
        "shard {} holds tensor {}, which the index does not list",
        Quoted(shard),
        Quoted(tensor)
    )]
    TensorUnlisted {
        /// The tensor.
        tensor: String,
        /// The shard it is in.
        shard: String,
    },
    /// A tensor lies in another shard than the index says, perhaps in two.
    #[error(
        "shard {} holds tensor {}, which the index puts into shard {}",
        Quoted(shard),
        Quoted(tensor),
        Quoted(listed)
    )]
    WrongShard {
        /// The tensor.
        tensor: String,
        /// The shard it is in.
        shard: String,
        /// The shard that the index names.
        listed: String,
    },
}

/// The parsed index: shard names, and for each tensor the number of its shard.
#[derive(Debug, Default)]
pub(crate) struct ShardIndex {
    pub(crate) shards: Vec<String>,
    pub(crate) tensors: BTreeMap<String, usize>,
}

impl ShardIndex {
    /// Reads and validates an index file.
    pub(crate) fn read(path: &Path) -> Result<Self, FormatError> {
        let bytes = read_bounded(path, INDEX_LIMIT_BYTES)?;
        Self::parse(&bytes).map_err(|rule| FormatError::Index {
            path: path.to_path_buf(),
            rule,
        })
    }

    fn parse(json: &[u8]) -> Result<Self, IndexRule> {
        refuse_long_strings(json, STRING_LIMIT_BYTES).map_err(IndexRule::Malformed)?;
        let mut rule = None;
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let parsed = deserializer
            .deserialize_map(IndexVisitor { rule: &mut rule })
            .and_then(|index| deserializer.end().map(|()| index));
        let index = parsed.map_err(|error| rule.unwrap_or(IndexRule::Malformed(brief(&error))))?;
        if index.tensors.is_empty() {
            return Err(IndexRule::Empty);
        }
        Ok(index)
    }
}

/// Whether a name is one plain file name that stays in its directory.
fn is_plain_shard_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let is_one_component = matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(_)), None)
    );
    is_one_component
        && name.len() <= SHARD_NAME_LIMIT_BYTES
        && name.len() > ".safetensors".len()
        && name.ends_with(".safetensors")
        // A backslash separates elsewhere, and this directory may travel.
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

/// Parses the outermost object; a broken rule goes into `rule` because the parser's own error type
/// has no place for it.
struct IndexVisitor<'a> {
    rule: &'a mut Option<IndexRule>,
}

impl<'de> Visitor<'de> for IndexVisitor<'_> {
    type Value = ShardIndex;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with a weight_map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ShardIndex, A::Error> {
        let mut index = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "weight_map" {
                map.next_value::<IgnoredAny>()?;
            } else if index.is_some() {
                return Err(duplicate_key(&key));
            } else {
                index = Some(map.next_value_seed(WeightMap { rule: self.rule })?);
            }
        }
        index.ok_or_else(|| A::Error::custom("`weight_map` is missing"))
    }
}

struct WeightMap<'a> {
    rule: &'a mut Option<IndexRule>,
}

impl<'de> DeserializeSeed<'de> for WeightMap<'_> {
    type Value = ShardIndex;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ShardIndex, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WeightMap<'_> {
    type Value = ShardIndex;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of shard names in `weight_map`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ShardIndex, A::Error> {
        let mut index = ShardIndex::default();
        let mut numbers = BTreeMap::new();
        while let Some((tensor, shard)) = map.next_entry::<String, String>()? {
            if let Err(rule) = index.add(&mut numbers, &tensor, shard) {
                *self.rule = Some(rule);
                return Err(A::Error::custom("a rule is broken"));
            }
        }
        Ok(index)
    }
}

impl ShardIndex {
    /// Adds one entry of the weight map; `numbers` gives each shard's place in `shards`.
    fn add(
        &mut self,
        numbers: &mut BTreeMap<String, usize>,
        tensor: &str,
        shard: String,
    ) -> Result<(), IndexRule> {
        if name_rule(tensor).is_some() {
            return Err(IndexRule::TensorName(tensor.chars().take(256).collect()));
        }
        if self.tensors.len() == TENSOR_LIMIT {
            return Err(IndexRule::TooManyTensors);
        }
        let number = match numbers.get(&shard) {
            Some(&number) => number,
            None => self.add_shard(numbers, shard)?,
        };
        match self.tensors.insert(tensor.to_owned(), number) {
            None => Ok(()),
            Some(_) => Err(IndexRule::Malformed(format!(
                "tensor {} is listed twice",
                Quoted(tensor)
            ))),
        }
    }

    fn add_shard(
        &mut self,
        numbers: &mut BTreeMap<String, usize>,
        shard: String,
    ) -> Result<usize, IndexRule> {
        if !is_plain_shard_name(&shard) {
            return Err(IndexRule::ShardName(shard.chars().take(256).collect()));
        }
        if self.shards.len() == SHARD_LIMIT {
            return Err(IndexRule::TooManyShards);
        }
        let number = self.shards.len();
        self.shards.push(shard.clone());
        numbers.insert(shard, number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> IndexRule {
        ShardIndex::parse(json.as_bytes()).expect_err("a refusal")
    }

    #[test]
    fn a_usual_index_is_read() {
        let json = r#"{"metadata":{"total_size":8},"weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors","c":"m-2.safetensors"}}"#;
        let index = ShardIndex::parse(json.as_bytes()).expect("a valid index");
        assert_eq!(index.shards, ["m-2.safetensors", "m-1.safetensors"]);
        let tensors: Vec<_> = index.tensors.into_iter().collect();
        assert_eq!(tensors, [("a".into(), 1), ("b".into(), 0), ("c".into(), 0)]);
    }

    #[test]
    fn shard_names_stay_inside_the_directory() {
        let hostile = [
            "../m.safetensors",
            "/etc/m.safetensors",
            "a/m.safetensors",
            "./m.safetensors",
            "m.safetensors/",
            "a\\\\m.safetensors",
            "..",
            "",
            ".safetensors",
            "m.bin",
            "m\\u0000.safetensors",
            "m\\n.safetensors",
        ];
        for name in hostile {
            let json = format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#);
            assert!(matches!(refusal(&json), IndexRule::ShardName(_)), "{name}");
        }
        let long = format!(
            r#"{{"weight_map":{{"a":"{}.safetensors"}}}}"#,
            "x".repeat(250)
        );
        assert!(matches!(refusal(&long), IndexRule::ShardName(_)));
    }

    #[test]
    fn structure_is_demanded() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"weight_map":[]}"#,
            r#"{"weight_map":{"a":1}}"#,
            r#"{"weight_map":{"a":"m.safetensors"}} x"#,
            r#"{"weight_map":{},"weight_map":{}}"#,
            r#"{"weight_map":{"a":"m.safetensors","a":"m.safetensors"}}"#,
        ] {
            assert!(matches!(refusal(json), IndexRule::Malformed(_)), "{json}");
        }
        assert_eq!(refusal(r#"{"weight_map":{}}"#), IndexRule::Empty);
    }

    #[test]
    fn tensor_names_are_checked() {
        for name in ["", "a\\u0007", &"x".repeat(257)] {
            let json = format!(r#"{{"weight_map":{{"{name}":"m.safetensors"}}}}"#);
            assert!(matches!(refusal(&json), IndexRule::TensorName(_)), "{name}");
        }
    }

    #[test]
    fn the_numbers_of_tensors_and_shards_are_bounded() {
        let entries = |count: usize, shard: fn(usize) -> String| {
            let entries: Vec<_> = (0..count)
                .map(|number| format!(r#""t{number}":"{}""#, shard(number)))
                .collect();
            format!(r#"{{"weight_map":{{{}}}}}"#, entries.join(","))
        };
        let one_shard = |_| "m.safetensors".to_owned();
        assert!(ShardIndex::parse(entries(TENSOR_LIMIT, one_shard).as_bytes()).is_ok());
        assert_eq!(
            refusal(&entries(TENSOR_LIMIT + 1, one_shard)),
            IndexRule::TooManyTensors
        );
        let own_shard = |number| format!("m{number}.safetensors");
        assert!(ShardIndex::parse(entries(SHARD_LIMIT, own_shard).as_bytes()).is_ok());
        assert_eq!(
            refusal(&entries(SHARD_LIMIT + 1, own_shard)),
            IndexRule::TooManyShards
        );
    }
}
