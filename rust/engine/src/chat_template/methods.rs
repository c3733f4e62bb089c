//! Python's methods of text, lists and maps, each paying for what it will do.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::budget::{Budget, VALUE_BYTES, byte_length, refused};
use super::filters::{CASE_FACTOR, pay_for_joined, pay_for_replaced};
use super::operators::settled;

/// Calls a method as Python would, if it is one of those that templates may use.
pub(super) fn call(
    budget: &Budget,
    state: &mut State,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    for argument in arguments {
        budget.read_value(argument)?;
    }
    match value.kind() {
        ValueKind::String => pay_for_text(budget, value, method, arguments)?,
        ValueKind::Map => pay_for_map(budget, value, method)?,
        ValueKind::Seq => budget.read_value(value)?,
        _ => {}
    }
    settled(
        budget,
        unknown_method_callback(state, value, method, arguments)?,
    )
}

fn pay_for_text(
    budget: &Budget,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<(), Error> {
    let text = value.as_str().unwrap_or_default();
    let text_bytes = text.len() as u64;
    budget.read(text_bytes)?;
    match method {
        "upper" | "lower" | "title" | "capitalize" => {
            budget.make(text_bytes.saturating_mul(CASE_FACTOR))
        }
        "strip" | "lstrip" | "rstrip" => {
            let characters = arguments.first().map_or(1, byte_length);
            budget.read(text_bytes.saturating_mul(characters))?;
            budget.make(text_bytes)
        }
        "split" => pay_for_pieces(budget, text, pieces(text, arguments.first())),
        "splitlines" => pay_for_pieces(budget, text, text.matches(['\n', '\r']).count()),
        "replace" => match arguments {
            [old, new, ..] => pay_for_replaced(budget, value, old, new),
            _ => Ok(()),
        },
        "join" => match arguments {
            [list, ..] => pay_for_joined(budget, list, text_bytes),
            _ => Ok(()),
        },
        "startswith" | "endswith" | "find" | "rfind" | "count" | "isalnum" | "isalpha"
        | "isascii" | "isdigit" | "islower" | "isnumeric" | "isspace" | "isupper" => Ok(()),
        "format" => Err(refused("it calls `format`, whose widths have no limit")),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn pieces(text: &str, separator: Option<&Value>) -> usize {
    match separator.and_then(Value::as_str) {
        Some(separator) => text.matches(separator).count(),
        None => text.split_whitespace().count(),
    }
}

fn pay_for_pieces(budget: &Budget, text: &str, separators: usize) -> Result<(), Error> {
    let values_bytes = (separators as u64 + 1).saturating_mul(2 * VALUE_BYTES);
    budget.make((text.len() as u64).saturating_add(values_bytes))
}

fn pay_for_map(budget: &Budget, value: &Value, method: &str) -> Result<(), Error> {
    match method {
        "keys" | "values" | "items" => {
            let entries = value.len().unwrap_or_default() as u64;
            budget.make(entries.saturating_mul(4 * VALUE_BYTES))
        }
        "get" => Ok(()),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
