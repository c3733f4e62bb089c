//! `tojson` as transformers has it: Python's `json.dumps` with characters left as they are. The
//! library's own escapes angle brackets for web pages, which changes the prompt.

use std::fmt::Write;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use super::budget::{Budget, refused};

/// Widest indentation, in spaces for each level.
const INDENT_LIMIT: usize = 16;
/// Indentation of one value at most: as deep as values may nest, as wide as is allowed.
const INDENT_BYTES: u64 = 32 * INDENT_LIMIT as u64;

/// A value as JSON, on one line or indented.
pub(super) fn to_json(
    budget: &Budget,
    value: &Value,
    indent: Option<Value>,
    named: &Kwargs,
) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => named.get::<Option<Value>>("indent")?,
    };
    let indent = indent
        .filter(|indent| !indent.is_none())
        .map(usize::try_from);
    let indent = indent.transpose()?;
    if indent.is_some_and(|indent| indent > INDENT_LIMIT) {
        return Err(refused(format!(
            "it indents JSON by more than {INDENT_LIMIT} spaces"
        )));
    }
    let extent = budget.extent(value)?;
    let indents_bytes = indent.map_or(0, |_| INDENT_BYTES);
    budget.make(
        extent
            .text_bytes
            .saturating_add(extent.values.saturating_mul(indents_bytes)),
    )?;
    let mut writer = Writer {
        text: String::new(),
        indent,
    };
    writer.value(value, 0)?;
    Ok(Value::from(writer.text))
}

struct Writer {
    text: String,
    indent: Option<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        match value.kind() {
            ValueKind::None => self.text.push_str("null"),
            ValueKind::Bool => self
                .text
                .push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => {
                let _ = write!(self.text, "{value}");
            }
            ValueKind::String => self.string(value.as_str().unwrap_or_default())?,
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.bracketed(['[', ']'], items.len(), depth, |writer, index| {
                    writer.value(&items[index], depth + 1)
                })?;
            }
            ValueKind::Map => {
                let keys: Vec<Value> = value.try_iter()?.collect();
                self.bracketed(['{', '}'], keys.len(), depth, |writer, index| {
                    let key = &keys[index];
                    writer.string(&key.to_string())?;
                    writer.text.push_str(": ");
                    writer.value(&value.get_item(key)?, depth + 1)
                })?;
            }
            kind => {
                let reason = format!("{kind} cannot be written as JSON");
                return Err(Error::new(ErrorKind::InvalidOperation, reason));
            }
        }
        Ok(())
    }

    fn bracketed(
        &mut self,
        [open, close]: [char; 2],
        count: usize,
        depth: usize,
        mut element: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.text.push(open);
        for index in 0..count {
            if index > 0 {
                self.text
                    .push_str(if self.indent.is_some() { "," } else { ", " });
            }
            self.line(depth + 1);
            element(self, index)?;
        }
        if count > 0 {
            self.line(depth);
        }
        self.text.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn string(&mut self, text: &str) -> Result<(), Error> {
        let quoted = serde_json::to_string(text);
        let quoted = quoted.map_err(|_| refused("it holds text that JSON cannot"))?;
        self.text.push_str(&quoted);
        Ok(())
    }
}
