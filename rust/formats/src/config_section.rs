//! Typed access to the fields of a configuration object; every refusal says which field of which
//! file it is about, what it holds and what it may hold.

use std::fmt::{Debug, Display};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::FormatError;
use crate::quoted::{Quoted, Shortened};

/// One object in a configuration file. A field whose value is `null` counts as absent, because
/// Hugging Face writes unset fields so.
#[derive(Clone, Debug)]
pub struct ConfigSection {
    path: PathBuf,
    /// Dotted path of this object with a dot at its end; empty for the outermost.
    prefix: String,
    fields: Map<String, Value>,
}

impl ConfigSection {
    pub(crate) fn outermost(path: &Path, fields: Map<String, Value>) -> Self {
        Self {
            path: path.to_path_buf(),
            prefix: String::new(),
            fields,
        }
    }

    /// The file this comes from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the fields that are present and not null, in the order of the file.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.as_str())
    }

    /// The raw value of a field; `None` when it is absent or null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// The same section, which takes `name` from `other` where it does not have it itself.
    pub fn with_default_from(mut self, other: &Self, name: &str) -> Self {
        if let (None, Some(value)) = (self.value(name), other.value(name)) {
            self.fields.insert(name.to_owned(), value.clone());
        }
        self
    }

    /// A nested object; `None` when it is absent or null.
    ///
    /// # Errors
    /// When the field holds anything but an object.
    pub fn section(&self, name: &str) -> Result<Option<Self>, FormatError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match value {
            Value::Object(fields) => Ok(Some(Self {
                path: self.path.clone(),
                prefix: format!("{}{name}.", self.prefix),
                fields: fields.clone(),
            })),
            other => Err(self.refused(name, &describe(other), "an object")),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// When the field is absent or no string.
    pub fn string(&self, name: &str) -> Result<&str, FormatError> {
        self.optional_string(name)?
            .ok_or_else(|| self.missing(name, "a string"))
    }

    /// A string, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no string.
    pub fn optional_string(&self, name: &str) -> Result<Option<&str>, FormatError> {
        self.optional(name, "a string", Value::as_str)
    }

    /// A boolean.
    ///
    /// # Errors
    /// When the field is absent or no boolean.
    pub fn boolean(&self, name: &str) -> Result<bool, FormatError> {
        self.optional_boolean(name)?
            .ok_or_else(|| self.missing(name, "true or false"))
    }

    /// A boolean, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no boolean.
    pub fn optional_boolean(&self, name: &str) -> Result<Option<bool>, FormatError> {
        self.optional(name, "true or false", Value::as_bool)
    }

    /// A whole number within the range.
    ///
    /// # Errors
    /// When the field is absent, no whole number, or outside the range.
    pub fn integer(&self, name: &str, range: RangeInclusive<u64>) -> Result<u64, FormatError> {
        let allowed = whole_number(&range);
        self.optional_integer(name, range)?
            .ok_or_else(|| self.missing(name, &allowed))
    }

    /// A whole number within the range, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no whole number or outside the range.
    pub fn optional_integer(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, FormatError> {
        self.optional(name, &whole_number(&range), |value| {
            integer_within(value, &range)
        })
    }

    /// A finite number within the range.
    ///
    /// # Errors
    /// When the field is absent, no number, or outside the range.
    pub fn float(&self, name: &str, range: RangeInclusive<f64>) -> Result<f64, FormatError> {
        let allowed = number(&range);
        self.optional_float(name, range)?
            .ok_or_else(|| self.missing(name, &allowed))
    }

    /// A finite number within the range, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no number or outside the range.
    pub fn optional_float(
        &self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, FormatError> {
        self.optional(name, &number(&range), |value| float_within(value, &range))
    }

    /// A list of strings, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no list or an element no string.
    pub fn optional_strings(&self, name: &str) -> Result<Option<Vec<&str>>, FormatError> {
        self.optional_list(name, "a string", Value::as_str)
    }

    /// A list of whole numbers within the range, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no list or an element no whole number within the range.
    pub fn optional_integers(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Vec<u64>>, FormatError> {
        self.optional_list(name, &whole_number(&range), |value| {
            integer_within(value, &range)
        })
    }

    /// A list of finite numbers within the range, or `None` when the field is absent.
    ///
    /// # Errors
    /// When the field is no list or an element no number within the range.
    pub fn optional_floats(
        &self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<Vec<f64>>, FormatError> {
        self.optional_list(name, &number(&range), |value| float_within(value, &range))
    }

    /// A whole number or a list of them, such as `eos_token_id`; empty when the field is absent.
    ///
    /// # Errors
    /// When the field is neither, or a number is outside the range.
    pub fn one_or_more_integers(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Vec<u64>, FormatError> {
        let list = match self.value(name) {
            Some(Value::Array(_)) => self.optional_integers(name, range)?,
            _ => self.optional_integer(name, range)?.map(|one| vec![one]),
        };
        Ok(list.unwrap_or_default())
    }

    /// The error for a field of this object that holds what it must not; `allowed` completes "but
    /// must be". For rules that the getters cannot express.
    pub fn refused(&self, name: &str, found: &str, allowed: &str) -> FormatError {
        FormatError::Field {
            path: self.path.clone(),
            field: format!("{}{name}", self.prefix),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
        }
    }

    /// As [`Self::refused`], with what the field holds now as what was found.
    pub fn refused_value(&self, name: &str, allowed: &str) -> FormatError {
        match self.value(name) {
            Some(value) => self.refused(name, &describe(value), allowed),
            None => self.missing(name, allowed),
        }
    }

    fn missing(&self, name: &str, allowed: &str) -> FormatError {
        self.refused(name, "missing", allowed)
    }

    fn optional<'a, T>(
        &'a self,
        name: &str,
        allowed: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, FormatError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match convert(value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(self.refused(name, &describe(value), allowed)),
        }
    }

    fn optional_list<'a, T>(
        &'a self,
        name: &str,
        allowed: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, FormatError> {
        let Some(elements) = self.optional(name, "a list", Value::as_array)? else {
            return Ok(None);
        };
        let converted = elements.iter().enumerate().map(|(place, element)| {
            convert(element).ok_or_else(|| {
                self.refused(&format!("{name}[{place}]"), &describe(element), allowed)
            })
        });
        converted.collect::<Result<_, _>>().map(Some)
    }
}

fn integer_within(value: &Value, range: &RangeInclusive<u64>) -> Option<u64> {
    value.as_u64().filter(|number| range.contains(number))
}

fn float_within(value: &Value, range: &RangeInclusive<f64>) -> Option<f64> {
    value
        .as_f64()
        .filter(|number| number.is_finite() && range.contains(number))
}

fn whole_number(range: &RangeInclusive<u64>) -> String {
    between("a whole number", range)
}

fn number(range: &RangeInclusive<f64>) -> String {
    between("a number", range)
}

fn between<T: Display + Debug>(kind: &str, range: &RangeInclusive<T>) -> String {
    format!("{kind} from {:?} to {:?}", range.start(), range.end())
}

/// What a value is, for "is ..., but must be ...".
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(number) => Shortened(&number.to_string()).to_string(),
        Value::String(text) => format!("the string {}", Quoted(text)),
        Value::Array(elements) => format!("a list of {}", elements.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config_file::ConfigFile;
    use std::path::Path;

    const JSON: &str = r#"{
        "text": "llama", "whole": 12, "negative": -3, "real": 1.5, "yes": true, "unset": null,
        "ids": [1, 2], "names": ["a", "b"], "factors": [1, 2.5], "mixed": [1, "b"],
        "rope_scaling": {"factor": "eight", "inner": {"deep": 7}}
    }"#;

    fn config() -> ConfigFile {
        ConfigFile::parse(JSON.as_bytes(), Path::new("m/config.json")).expect("valid JSON")
    }

    #[test]
    fn values_of_the_right_type_are_returned() {
        let config = config();
        assert_eq!(config.string("text").expect("text"), "llama");
        assert_eq!(config.integer("whole", 1..=12).expect("whole"), 12);
        assert_eq!(config.float("real", 0.0..=2.0).expect("real"), 1.5);
        assert_eq!(config.float("whole", 0.0..=20.0).expect("whole"), 12.0);
        assert!(config.boolean("yes").expect("yes"));
        let ids = config.optional_integers("ids", 0..=9).expect("ids");
        assert_eq!(ids, Some(vec![1, 2]));
        let factors = config
            .optional_floats("factors", 0.0..=9.0)
            .expect("factors");
        assert_eq!(factors, Some(vec![1.0, 2.5]));
        let names = config.optional_strings("names").expect("names");
        assert_eq!(names, Some(vec!["a", "b"]));
    }

    #[test]
    fn one_id_and_a_list_of_ids_read_alike() {
        let config = config();
        let read = |name| config.one_or_more_integers(name, 0..=99);
        assert_eq!(read("whole").expect("one"), [12]);
        assert_eq!(read("ids").expect("two"), [1, 2]);
        assert!(read("unset").expect("none").is_empty());
        assert!(read("text").is_err());
    }

    #[test]
    fn null_is_absent() {
        let config = config();
        assert!(config.value("unset").is_none());
        assert_eq!(config.optional_integer("unset", 0..=1).expect("none"), None);
        assert!(config.section("unset").expect("none").is_none());
        assert!(config.field_names().all(|name| name != "unset"));
    }

    #[test]
    fn refusals_name_file_field_value_and_what_is_allowed() {
        let config = config();
        let scaling = config.section("rope_scaling").expect("an object");
        let scaling = scaling.expect("present");
        let inner = scaling.section("inner").expect("an object");
        let inner = inner.expect("present");
        let messages = [
            config.string("absent").map(|_| ()),
            config.integer("negative", 1..=8).map(|_| ()),
            config.integer("real", 1..=8).map(|_| ()),
            config.optional_integers("mixed", 0..=9).map(|_| ()),
            config.section("ids").map(|_| ()),
            scaling.float("factor", 1.0..=64.0).map(|_| ()),
            inner.integer("deep", 1..=6).map(|_| ()),
        ]
        .map(|result| result.expect_err("a refusal").to_string());
        assert_eq!(
            messages,
            [
                "in m/config.json, field `absent` is missing, but must be a string",
                "in m/config.json, field `negative` is -3, but must be a whole number from 1 to 8",
                "in m/config.json, field `real` is 1.5, but must be a whole number from 1 to 8",
                "in m/config.json, field `mixed[1]` is the string `b`, but must be a whole number from 0 to 9",
                "in m/config.json, field `ids` is a list of 2, but must be an object",
                "in m/config.json, field `rope_scaling.factor` is the string `eight`, but must be a number from 1.0 to 64.0",
                "in m/config.json, field `rope_scaling.inner.deep` is 7, but must be a whole number from 1 to 6",
            ]
        );
    }
}
