//! `namespace()`: the one value of Jinja that a template can change. The library's own can be made to
//! hold itself, and printing it then never ends; this one takes plain values only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Kwargs, Object};
use minijinja::{Error, ErrorKind, State, Value};

use super::budget::{Budget, VALUE_BYTES, refused};

/// The method that `{% set name.attribute = value %}` becomes; no template can spell it.
pub(super) const ASSIGN: &str = "=";

/// Named values that assignments in inner scopes can reach.
#[derive(Debug)]
pub(super) struct Namespace {
    values: Mutex<BTreeMap<String, Value>>,
    budget: Arc<Budget>,
}

impl Namespace {
    /// As the template calls it, with its first values by name.
    pub(super) fn value(budget: &Arc<Budget>, first: &Kwargs) -> Result<Value, Error> {
        let namespace = Self {
            values: Mutex::default(),
            budget: Arc::clone(budget),
        };
        for name in first.args() {
            namespace.assign(name, first.get(name)?)?;
        }
        Ok(Value::from_object(namespace))
    }

    fn assign(&self, name: &str, value: Value) -> Result<(), Error> {
        if value.downcast_object_ref::<Self>().is_some() {
            return Err(refused("it keeps a namespace inside another value"));
        }
        self.budget.make(name.len() as u64 + VALUE_BYTES)?;
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(name.to_owned(), value);
        Ok(())
    }
}

impl Object for Namespace {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        Enumerator::Values(values.keys().map(Value::from).collect())
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        match (method, arguments) {
            (ASSIGN, [name, value]) => {
                self.assign(name.as_str().unwrap_or_default(), value.clone())?;
                Ok(Value::UNDEFINED)
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
