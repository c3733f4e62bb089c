//! What stands between Jinja's operators and their operands: each of these filters pays for what the
//! operator is about to do. Their names begin with a sign that no template can spell.

use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::budget::{Budget, VALUE_BYTES, byte_length, refused};
use super::slicing::slice;

/// Operand of a comparison or a search.
pub(super) const COMPARED: &str = "#compared";
/// Operand of `~`: it becomes text.
pub(super) const JOINED: &str = "#joined";
/// Operand of `+`: it is copied, but what it holds is not.
pub(super) const COPIED: &str = "#copied";
/// What a loop goes over.
pub(super) const LOOPED: &str = "#looped";
/// What an element is taken of.
pub(super) const INDEXED: &str = "#indexed";
/// A list or map just written down, or the like.
pub(super) const BUILT: &str = "#built";
/// A result that the library would compute again each time it is looked at.
pub(super) const SETTLED: &str = "#settled";
/// `value[start:stop:step]`.
pub(super) const SLICED: &str = "#sliced";
/// `left * right`.
pub(super) const TIMES: &str = "#times";

/// Gives an environment the filters of this file.
pub(super) fn add_to(environment: &mut Environment<'_>, budget: &Arc<Budget>) {
    let mut add = |name, pay: fn(&Budget, Value) -> Result<Value, Error>| {
        let budget = Arc::clone(budget);
        environment.add_filter(name, move |value: Value| pay(&budget, value));
    };
    add(COMPARED, |budget, value| {
        budget.read_value(&value).map(|()| value)
    });
    add(JOINED, |budget, value| {
        budget.make_text(&value).map(|()| value)
    });
    add(COPIED, |budget, value| {
        budget.make(shallow_bytes(&value)).map(|()| value)
    });
    add(LOOPED, |budget, value| {
        budget.make(looped_bytes(&value)).map(|()| value)
    });
    add(INDEXED, |budget, value| {
        budget.read(byte_length(&value)).map(|()| value)
    });
    add(BUILT, |budget, value| {
        budget.make(shallow_bytes(&value))?;
        budget.extent(&value).map(|_| value)
    });
    add(SETTLED, settled);
    let paying = Arc::clone(budget);
    environment.add_filter(SLICED, move |value: Value, start, stop, step| {
        slice(&paying, &value, [start, stop, step])
    });
    let budget = Arc::clone(budget);
    environment.add_filter(TIMES, move |left: Value, right: Value| {
        times(&budget, &left, &right)
    });
}

/// A copy of the value itself, not of what it holds.
fn shallow_bytes(value: &Value) -> u64 {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => byte_length(value),
        _ => elements_bytes(value),
    }
}

/// Room for the elements of a list or map.
fn elements_bytes(value: &Value) -> u64 {
    let elements = value.len().unwrap_or_default() as u64;
    elements.saturating_add(1).saturating_mul(VALUE_BYTES)
}

/// A loop over a list takes nothing; of a map it copies the keys, of text the characters.
fn looped_bytes(value: &Value) -> u64 {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => 0,
        ValueKind::String => byte_length(value).saturating_mul(VALUE_BYTES),
        _ => elements_bytes(value),
    }
}

/// A lazy sequence as a list: walked once, paid once.
pub(super) fn settled(budget: &Budget, value: Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Iterable {
        return Ok(value);
    }
    let mut items = Vec::new();
    for item in value.try_iter()? {
        budget.make(VALUE_BYTES)?;
        items.push(item);
    }
    Ok(Value::from(items))
}

/// The product of two numbers, or text repeated. Lists are not: no published template does.
fn times(budget: &Budget, left: &Value, right: &Value) -> Result<Value, Error> {
    if let Some((text, count)) = repetition(left, right).or_else(|| repetition(right, left)) {
        budget.make((text.len() as u64).saturating_mul(count))?;
        let count = usize::try_from(count).map_err(|_| refused("it repeats text too often"))?;
        return Ok(Value::from(text.repeat(count)));
    }
    let unfit = || {
        Error::new(
            ErrorKind::InvalidOperation,
            "these values cannot be multiplied",
        )
    };
    match (i128::try_from(left.clone()), i128::try_from(right.clone())) {
        (Ok(left), Ok(right)) => {
            let product = left.checked_mul(right).ok_or_else(unfit)?;
            Ok(i64::try_from(product).map_or_else(|_| Value::from(product), Value::from))
        }
        _ => {
            let left = f64::try_from(left.clone()).map_err(|_| unfit())?;
            let right = f64::try_from(right.clone()).map_err(|_| unfit())?;
            Ok(Value::from(left * right))
        }
    }
}

/// Text and how often it is wanted; a negative count is none, as in Python.
fn repetition<'a>(text: &'a Value, count: &Value) -> Option<(&'a str, u64)> {
    let text = text.as_str()?;
    let count = i128::try_from(count.clone()).ok()?;
    Some((text, u64::try_from(count.max(0)).unwrap_or(u64::MAX)))
}
