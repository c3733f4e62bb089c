//! JSON of unknown origin as a tree of bounded size.
//!
//! A value in memory takes some forty times the two bytes that it may take in the file, and of two
//! equal keys the usual parser keeps the last without a word; both are refused here.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::quoted::Quoted;

/// What a JSON document may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonBounds {
    /// Levels of nesting.
    pub(crate) depth: usize,
    /// Values of any kind, in all.
    pub(crate) values: usize,
}

/// Parses a document within the bounds; the error says what is wrong and in which line.
pub(crate) fn parse_bounded(bytes: &[u8], bounds: JsonBounds) -> Result<Value, serde_json::Error> {
    let values_left = Cell::new(bounds.values);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = BoundedValue {
        depth_left: bounds.depth,
        values_left: &values_left,
    };
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Parses one value inside a larger document; `values_left` is shared by the whole document.
#[derive(Clone, Copy)]
pub(crate) struct BoundedValue<'a> {
    pub(crate) depth_left: usize,
    pub(crate) values_left: &'a Cell<usize>,
}

impl BoundedValue<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth_left = self
            .depth_left
            .checked_sub(1)
            .ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Self { depth_left, ..self })
    }

    fn count_one<E: Error>(self) -> Result<(), E> {
        let left = self
            .values_left
            .get()
            .checked_sub(1)
            .ok_or_else(|| E::custom("it holds too many values"))?;
        self.values_left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for BoundedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count_one()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundedValue<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let element = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(element)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let element = self.inside()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(duplicate_key(&key));
            }
            let value = entries.next_value_seed(element)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Refuses a document with a string longer than any honest one, before a parser copies it into a value
/// and its complaint.
pub(crate) fn refuse_long_strings(json: &[u8], limit_bytes: usize) -> Result<(), String> {
    let mut start = None;
    let mut is_escaped = false;
    for (place, &byte) in json.iter().enumerate() {
        if start.is_some_and(|start| place - start > limit_bytes + 1) {
            return Err(format!("a string has more than {limit_bytes} bytes"));
        }
        match (byte, start) {
            _ if is_escaped => is_escaped = false,
            (b'\\', Some(_)) => is_escaped = true,
            (b'"', None) => start = Some(place),
            (b'"', Some(_)) => start = None,
            _ => {}
        }
    }
    Ok(())
}

/// The error for a key that an object has twice.
pub(crate) fn duplicate_key<E: Error>(key: &str) -> E {
    E::custom(format_args!("key {} occurs twice", Quoted(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: JsonBounds = JsonBounds {
        depth: 3,
        values: 10,
    };

    fn reason(json: &str) -> String {
        parse_bounded(json.as_bytes(), BOUNDS)
            .expect_err("a refusal")
            .to_string()
    }

    #[test]
    fn agrees_with_the_usual_parser() {
        let json = r#"{"a":[1,-2,3.5,true,null],"b":{"c":"d\n"}}"#;
        let usual: Value = serde_json::from_str(json).expect("valid JSON");
        assert_eq!(
            parse_bounded(json.as_bytes(), BOUNDS).expect("within bounds"),
            usual
        );
    }

    #[test]
    fn refuses_two_equal_keys() {
        assert!(reason(r#"{"a":1,"a":2}"#).contains("`a` occurs twice"));
    }

    #[test]
    fn refuses_depth_and_number_of_values() {
        assert!(parse_bounded(b"[[[1]]]", BOUNDS).is_ok());
        assert!(reason("[[[[1]]]]").contains("nested too deeply"));
        assert!(parse_bounded(b"[1,2,3,4,5,6,7,8,9]", BOUNDS).is_ok());
        assert!(reason("[1,2,3,4,5,6,7,8,9,10]").contains("too many values"));
    }

    #[test]
    fn refuses_long_strings_whatever_they_are_made_of() {
        for (inside, fits) in [
            ("aaa", true),
            ("aaaa", false),
            ("a\\\"", true),
            ("\\\"\\\"", false),
        ] {
            let json = format!("[\"{inside}\", 12345678, \"\"]");
            let outcome = refuse_long_strings(json.as_bytes(), 3);
            assert_eq!(outcome.is_ok(), fits, "{json}: {outcome:?}");
        }
    }

    #[test]
    fn refuses_what_follows_the_value() {
        assert!(reason("{} x").contains("trailing characters"));
        assert!(reason("").contains("EOF"));
        assert!(reason("1e999").contains("out of range"));
    }
}
