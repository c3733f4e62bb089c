//! What differs between two sets of settings.

use std::collections::BTreeSet;
use std::fmt;

use headroom_formats::{Quoted, Shortened};
use serde_json::{Map, Value};

/// A setting that is not what it was; `None` where it is not given at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// What the run began with.
    pub saved: Option<Value>,
    /// What it is to go on with.
    pub current: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => Shortened(&value.to_string()).to_string(),
            None => "not given".to_owned(),
        };
        let field = Quoted(&self.field);
        let (saved, current) = (shown(&self.saved), shown(&self.current));
        write!(formatter, "{field} was {saved} and is {current}")
    }
}

/// By the names of fields.
pub(super) fn differences(saved: &Value, current: &Value) -> Vec<Difference> {
    let objects = [saved, current].map(Value::as_object);
    let fields = objects.into_iter().flatten().flat_map(Map::keys);
    let fields: BTreeSet<_> = fields.collect();
    let fields = fields.into_iter();
    fields
        .filter(|field| saved.get(field) != current.get(field))
        .map(|field| Difference {
            field: field.clone(),
            saved: saved.get(field).cloned(),
            current: current.get(field).cloned(),
        })
        .collect()
}
