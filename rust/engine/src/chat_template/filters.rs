//! The library's filters and tests that published templates use, each paying for what it will do.
//! What is not listed here does not exist for a template.

use std::sync::Arc;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value, filters, tests};

use super::budget::{Budget, VALUE_BYTES, byte_length, refused};
use super::json;
use super::operators::settled;

/// Widest indentation that a filter takes.
const INDENT_LIMIT: u64 = 64;
/// What sorting reads of a list, at most: each value once for each level of a tree of 2^32.
const SORT_LEVELS: u64 = 32;
/// Most bytes that one byte becomes when its case is changed.
pub(super) const CASE_FACTOR: u64 = 3;

/// Pays for a call with these arguments, the piped value first.
type Payment = fn(&Budget, &[Value]) -> Result<(), Error>;

/// Gives an environment the filters and tests of this file.
pub(super) fn add_to(environment: &mut Environment<'_>, budget: &Arc<Budget>) {
    for (name, filter, pay) in all_filters() {
        environment.add_filter(name, paying(budget, filter, pay));
    }
    for (name, test, pay) in all_tests() {
        environment.add_test(name, paying(budget, test, pay));
    }
    let budget = Arc::clone(budget);
    environment.add_filter(
        "tojson",
        move |value: Value, indent: Option<Value>, named| {
            json::to_json(&budget, &value, indent, &named)
        },
    );
}

/// A function that pays, calls another, and settles what that gives.
fn paying(
    budget: &Arc<Budget>,
    inner: Value,
    pay: Payment,
) -> impl Fn(&mut State, Rest<ValueOrKwargs>) -> Result<Value, Error> + Send + Sync + 'static {
    let budget = Arc::clone(budget);
    move |state, arguments| {
        let arguments = arguments.into_values();
        pay(&budget, &arguments)?;
        let result = inner.call(state, &arguments)?;
        match result.kind() {
            ValueKind::Iterable => settled(&budget, result),
            _ => Ok(result),
        }
    }
}

fn all_filters() -> Vec<(&'static str, Value, Payment)> {
    let length = || Value::from_function(filters::length);
    let default = || Value::from_function(filters::default);
    vec![
        ("abs", Value::from_function(filters::abs), looks),
        ("bool", Value::from_function(filters::bool), looks),
        (
            "capitalize",
            Value::from_function(filters::capitalize),
            changes_case,
        ),
        ("count", length(), looks),
        ("d", default(), looks),
        ("default", default(), looks),
        ("dictsort", Value::from_function(filters::dictsort), sorts),
        ("first", Value::from_function(filters::first), looks),
        ("float", Value::from_function(filters::float), looks),
        ("indent", Value::from_function(filters::indent), indents),
        ("int", Value::from_function(filters::int), looks),
        ("items", Value::from_function(filters::items), spreads),
        ("join", Value::from_function(filters::join), joins),
        ("last", Value::from_function(filters::last), spreads),
        ("length", length(), looks),
        ("list", Value::from_function(filters::list), spreads),
        ("lower", Value::from_function(filters::lower), changes_case),
        ("map", Value::from_function(filters::map), spreads),
        ("max", Value::from_function(filters::max), sorts),
        ("min", Value::from_function(filters::min), sorts),
        ("reject", Value::from_function(filters::reject), spreads),
        (
            "rejectattr",
            Value::from_function(filters::rejectattr),
            spreads,
        ),
        ("replace", Value::from_function(filters::replace), replaces),
        ("reverse", Value::from_function(filters::reverse), spreads),
        ("round", Value::from_function(filters::round), looks),
        ("safe", Value::from_function(filters::string), copies),
        ("select", Value::from_function(filters::select), spreads),
        (
            "selectattr",
            Value::from_function(filters::selectattr),
            spreads,
        ),
        ("sort", Value::from_function(filters::sort), sorts),
        ("string", Value::from_function(filters::string), copies),
        ("title", Value::from_function(filters::title), changes_case),
        ("trim", Value::from_function(filters::trim), copies),
        ("unique", Value::from_function(filters::unique), sorts),
        ("upper", Value::from_function(filters::upper), changes_case),
    ]
}

fn all_tests() -> Vec<(&'static str, Value, Payment)> {
    vec![
        ("boolean", Value::from_function(tests::is_boolean), nothing),
        ("defined", Value::from_function(tests::is_defined), nothing),
        (
            "divisibleby",
            Value::from_function(tests::is_divisibleby),
            nothing,
        ),
        (
            "endingwith",
            Value::from_function(tests::is_endingwith),
            compares,
        ),
        ("eq", Value::from_function(tests::is_eq), compares),
        ("equalto", Value::from_function(tests::is_eq), compares),
        ("even", Value::from_function(tests::is_even), nothing),
        ("false", Value::from_function(tests::is_false), nothing),
        ("float", Value::from_function(tests::is_float), nothing),
        ("ge", Value::from_function(tests::is_ge), compares),
        ("greaterthan", Value::from_function(tests::is_gt), compares),
        ("gt", Value::from_function(tests::is_gt), compares),
        ("in", Value::from_function(tests::is_in), compares),
        ("integer", Value::from_function(tests::is_integer), nothing),
        (
            "iterable",
            Value::from_function(tests::is_iterable),
            nothing,
        ),
        ("le", Value::from_function(tests::is_le), compares),
        ("lessthan", Value::from_function(tests::is_lt), compares),
        ("lower", Value::from_function(tests::is_lower), compares),
        ("lt", Value::from_function(tests::is_lt), compares),
        ("mapping", Value::from_function(tests::is_mapping), nothing),
        ("ne", Value::from_function(tests::is_ne), compares),
        ("none", Value::from_function(tests::is_none), nothing),
        ("number", Value::from_function(tests::is_number), nothing),
        ("odd", Value::from_function(tests::is_odd), nothing),
        (
            "sequence",
            Value::from_function(tests::is_sequence),
            nothing,
        ),
        (
            "startingwith",
            Value::from_function(tests::is_startingwith),
            compares,
        ),
        ("string", Value::from_function(tests::is_string), nothing),
        ("true", Value::from_function(tests::is_true), nothing),
        (
            "undefined",
            Value::from_function(tests::is_undefined),
            nothing,
        ),
        ("upper", Value::from_function(tests::is_upper), compares),
    ]
}

fn nothing(_: &Budget, _: &[Value]) -> Result<(), Error> {
    Ok(())
}

/// Goes over text once, and never into a list.
fn looks(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    budget.read(arguments.iter().map(byte_length).sum())
}

/// Reads everything in its arguments.
fn compares(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    arguments
        .iter()
        .try_for_each(|value| budget.read_value(value))
}

/// Writes its first argument's text.
fn copies(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    compares(budget, arguments)?;
    budget.make_text(first(arguments))
}

/// Writes its first argument's text in other letters.
fn changes_case(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    compares(budget, arguments)?;
    let text_bytes = budget.extent(first(arguments))?.text_bytes;
    budget.make(text_bytes.saturating_mul(CASE_FACTOR))
}

/// Makes a list with a value for each element or character of its first argument.
fn spreads(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    compares(budget, arguments)?;
    let first = first(arguments);
    let elements = match first.as_str() {
        Some(text) => text.len() as u64,
        None => first.len().unwrap_or_default() as u64,
    };
    budget.make(elements.saturating_mul(2 * VALUE_BYTES))
}

/// As [`spreads`], and compares the elements with each other.
fn sorts(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    let extent = budget.extent(first(arguments))?;
    budget.read(extent.text_bytes.saturating_mul(SORT_LEVELS))?;
    spreads(budget, arguments)
}

fn joins(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    let separator = arguments.get(1).map_or(0, byte_length);
    pay_for_joined(budget, first(arguments), separator)
}

/// Pays for the texts of all elements with a separator of this length between them.
pub(super) fn pay_for_joined(
    budget: &Budget,
    list: &Value,
    separator_bytes: u64,
) -> Result<(), Error> {
    let extent = budget.extent(list)?;
    let characters = list.as_str().map_or(0, str::len) as u64;
    let separators = extent.values.max(characters);
    let separator_bytes = separators.saturating_mul(separator_bytes);
    budget.make(extent.text_bytes.saturating_add(separator_bytes))
}

fn replaces(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    compares(budget, arguments)?;
    match arguments {
        [text, old, new, ..] => pay_for_replaced(budget, text, old, new),
        _ => Ok(()),
    }
}

/// Pays for a text in which every occurrence of another is replaced by a third.
pub(super) fn pay_for_replaced(
    budget: &Budget,
    text: &Value,
    old: &Value,
    new: &Value,
) -> Result<(), Error> {
    let (Some(text), Some(old)) = (text.as_str(), old.as_str()) else {
        return Err(refused("it replaces in something that is not text"));
    };
    let new_bytes = byte_length(new).saturating_mul(text.matches(old).count() as u64);
    budget.make((text.len() as u64).saturating_add(new_bytes))
}

fn indents(budget: &Budget, arguments: &[Value]) -> Result<(), Error> {
    let widths = arguments.iter().skip(1).flat_map(numbers);
    if widths.into_iter().any(|width| width > INDENT_LIMIT) {
        return Err(refused(format!(
            "it indents by more than {INDENT_LIMIT} spaces"
        )));
    }
    let text = first(arguments).as_str().unwrap_or_default();
    let lines = text.matches('\n').count() as u64 + 1;
    budget.make(text.len() as u64 + lines * INDENT_LIMIT)
}

/// The integers of an argument, or of arguments given by name.
fn numbers(argument: &Value) -> Vec<u64> {
    let own = u64::try_from(argument.clone()).ok();
    let names = argument
        .is_kwargs()
        .then(|| argument.try_iter().ok())
        .flatten();
    let named = names.into_iter().flatten().filter_map(|name| {
        let value = argument.get_item(&name).ok()?;
        u64::try_from(value).ok()
    });
    own.into_iter().chain(named).collect()
}

fn first(arguments: &[Value]) -> &Value {
    const NONE: &Value = &Value::UNDEFINED;
    arguments.first().unwrap_or(NONE)
}
