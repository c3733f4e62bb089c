//! `value[start:stop:step]` as Python has it. The library's own panics on an empty list read backwards
//! and on bounds that cross.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::budget::{Budget, VALUE_BYTES, byte_length};

/// The elements of a list, or the characters of a text, from `start` to before `stop`.
pub(super) fn slice(
    budget: &Budget,
    value: &Value,
    bounds: [Option<i64>; 3],
) -> Result<Value, Error> {
    match (value.kind(), value.as_str()) {
        (_, Some(text)) => {
            budget.make(byte_length(value).saturating_mul(size_of::<char>() as u64))?;
            let characters: Vec<char> = text.chars().collect();
            let places = places(characters.len(), bounds)?;
            let picked = places.map(|place| characters[place]);
            Ok(Value::from(picked.collect::<String>()))
        }
        (ValueKind::Undefined | ValueKind::None, _) => Ok(Value::from(Vec::<Value>::new())),
        (ValueKind::Seq | ValueKind::Iterable, _) => {
            let length = value.len().unwrap_or_default() as u64;
            budget.make(length.saturating_mul(2 * VALUE_BYTES))?;
            let elements: Vec<Value> = value.try_iter()?.collect();
            let places = places(elements.len(), bounds)?;
            Ok(Value::from_iter(
                places.map(|place| elements[place].clone()),
            ))
        }
        (kind, _) => {
            let reason = format!("value of type {kind} cannot be sliced");
            Err(Error::new(ErrorKind::InvalidOperation, reason))
        }
    }
}

/// The places that a slice picks out of `length` elements, in its order.
fn places(
    length: usize,
    [start, stop, step]: [Option<i64>; 3],
) -> Result<impl Iterator<Item = usize>, Error> {
    let step = i128::from(step.unwrap_or(1));
    if step == 0 {
        let reason = "cannot slice by step size of 0";
        return Err(Error::new(ErrorKind::InvalidOperation, reason));
    }
    let length = length as i128;
    let (lowest, highest) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let bound = |bound: i64| {
        let bound = i128::from(bound);
        let counted = if bound < 0 { bound + length } else { bound };
        counted.clamp(lowest, highest)
    };
    let (first, end) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let (start, stop) = (start.map_or(first, bound), stop.map_or(end, bound));
    let count = ((stop - start) + step - step.signum()) / step;
    Ok((0..count.max(0)).map(move |number| (start + number * step) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_four(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> Vec<usize> {
        places(4, [start, stop, step]).unwrap().collect()
    }

    #[test]
    fn places_are_those_of_python() {
        assert_eq!(of_four(None, None, None), [0, 1, 2, 3]);
        assert_eq!(of_four(Some(1), Some(-1), None), [1, 2]);
        assert_eq!(of_four(None, None, Some(-1)), [3, 2, 1, 0]);
        assert_eq!(of_four(Some(2), None, Some(-2)), [2, 0]);
        assert_eq!(of_four(None, None, Some(3)), [0, 3]);
        assert_eq!(of_four(Some(3), Some(1), None), [0; 0]);
        assert_eq!(of_four(Some(1), Some(3), Some(-1)), [0; 0]);
        assert_eq!(of_four(Some(-99), Some(99), Some(2)), [0, 2]);
        assert_eq!(of_four(Some(i64::MAX), Some(i64::MIN), Some(i64::MIN)), [3]);
        assert_eq!(of_four(Some(i64::MIN), Some(i64::MAX), Some(i64::MAX)), [0]);
    }

    #[test]
    fn nothing_read_backwards_is_nothing() {
        let places = places(0, [None, None, Some(-1)]).unwrap();
        assert_eq!(places.count(), 0);
    }

    #[test]
    fn a_step_of_nothing_is_refused() {
        assert!(places(4, [None, None, Some(0)]).is_err());
    }
}
