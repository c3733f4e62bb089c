//! One tensor's entry in a safetensors header: element type, shape and byte range.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::dtype::Dtype;
use crate::header_rule::{DIMENSION_LIMIT, RANK_LIMIT, TensorRule};
use crate::quoted::{Quoted, brief};
use crate::safetensors_header::{TensorEntry, Violation};

/// Longest element type name that an error repeats.
const DTYPE_NAME_LIMIT_BYTES: usize = 32;

/// Parses one entry. What breaks a rule of the gate comes back as the inner error; only JSON that
/// cannot be parsed at all is the parser's own error.
pub(crate) struct TensorEntrySeed {
    pub(crate) name: String,
}

impl<'de> DeserializeSeed<'de> for TensorEntrySeed {
    type Value = Result<TensorEntry, Violation>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut rule = None;
        let parsed = deserializer.deserialize_map(FieldsVisitor { rule: &mut rule });
        let broken = match parsed {
            Ok(fields) => match fields.checked() {
                Ok((dtype, shape, start, end)) => {
                    let name = self.name;
                    return Ok(Ok(TensorEntry {
                        name,
                        dtype,
                        shape,
                        start,
                        end,
                    }));
                }
                Err(broken) => broken,
            },
            Err(error) => rule.unwrap_or_else(|| TensorRule::Malformed(brief(&error))),
        };
        Ok(Err(Violation::Tensor(self.name, broken)))
    }
}

/// The fields of an entry as far as they have been seen.
#[derive(Default)]
struct Fields {
    dtype: Option<Dtype>,
    shape: Option<Vec<usize>>,
    range: Option<(u64, u64)>,
}

impl Fields {
    fn checked(self) -> Result<(Dtype, Vec<usize>, u64, u64), TensorRule> {
        let missing = |field| TensorRule::Malformed(format!("`{field}` is missing"));
        let dtype = self.dtype.ok_or_else(|| missing("dtype"))?;
        let shape = self.shape.ok_or_else(|| missing("shape"))?;
        let (start, end) = self.range.ok_or_else(|| missing("data_offsets"))?;
        let range_bytes = end
            .checked_sub(start)
            .ok_or(TensorRule::BackwardRange { start, end })?;
        let Some(demanded_bytes) = byte_length(dtype, &shape) else {
            return Err(TensorRule::Overflow(shape));
        };
        if range_bytes != demanded_bytes {
            return Err(TensorRule::Length {
                range_bytes,
                demanded_bytes,
            });
        }
        Ok((dtype, shape, start, end))
    }
}

/// Bytes that a tensor takes, or `None` when its dimensions multiply past 64 bits.
fn byte_length(dtype: Dtype, shape: &[usize]) -> Option<u64> {
    shape
        .iter()
        .try_fold(dtype.size_bytes(), |product, &dimension| {
            product.checked_mul(dimension as u64)
        })
}

struct FieldsVisitor<'a> {
    rule: &'a mut Option<TensorRule>,
}

impl<'de> Visitor<'de> for FieldsVisitor<'_> {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(field) = map.next_key_seed(FieldSeed)? {
            let is_repeated = match field {
                Field::Dtype => {
                    let dtype = map.next_value_seed(DtypeSeed { rule: self.rule })?;
                    fields.dtype.replace(dtype).is_some()
                }
                Field::Shape => {
                    let shape = map.next_value_seed(ShapeSeed { rule: self.rule })?;
                    fields.shape.replace(shape).is_some()
                }
                Field::DataOffsets => fields.range.replace(map.next_value()?).is_some(),
            };
            if is_repeated {
                return Err(A::Error::custom("a field occurs twice"));
            }
        }
        Ok(fields)
    }
}

enum Field {
    Dtype,
    Shape,
    DataOffsets,
}

struct FieldSeed;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldSeed {
    type Value = Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dtype, shape or data_offsets")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        match name {
            "dtype" => Ok(Field::Dtype),
            "shape" => Ok(Field::Shape),
            "data_offsets" => Ok(Field::DataOffsets),
            other => Err(E::custom(format_args!("unknown field {}", Quoted(other)))),
        }
    }
}

struct DtypeSeed<'a> {
    rule: &'a mut Option<TensorRule>,
}

impl<'de> DeserializeSeed<'de> for DtypeSeed<'_> {
    type Value = Dtype;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Dtype, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for DtypeSeed<'_> {
    type Value = Dtype;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of an element type")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Dtype, E> {
        Dtype::from_name(name).ok_or_else(|| {
            let shown = name.chars().take(DTYPE_NAME_LIMIT_BYTES).collect();
            *self.rule = Some(TensorRule::UnknownDtype(shown));
            E::custom("unknown element type")
        })
    }
}

struct ShapeSeed<'a> {
    rule: &'a mut Option<TensorRule>,
}

impl<'de> DeserializeSeed<'de> for ShapeSeed<'_> {
    type Value = Vec<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<usize>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ShapeSeed<'_> {
    type Value = Vec<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of dimensions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut dimensions: A) -> Result<Vec<usize>, A::Error> {
        let mut shape = Vec::new();
        while let Some(dimension) = dimensions.next_element::<u64>()? {
            let broken = if shape.len() == RANK_LIMIT {
                Some(TensorRule::Rank)
            } else if dimension > DIMENSION_LIMIT {
                Some(TensorRule::Dimension(dimension))
            } else {
                None
            };
            if broken.is_some() {
                *self.rule = broken;
                return Err(A::Error::custom("a rule is broken"));
            }
            // Fits: the limit is below 2^31.
            shape.push(dimension as usize);
        }
        Ok(shape)
    }
}
