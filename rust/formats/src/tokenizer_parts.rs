//! The small parts of a `tokenizer.json`: normaliser, pre-tokeniser, post-processor, decoder,
//! truncation and padding. Each rule here stands for an input on which the library panics, asks for
//! absurd memory, or lets text grow without bound.

use serde_json::{Map, Value};

use crate::charsmap::check_charsmap;
use crate::quoted::Quoted;
use crate::tokenizer_rule::{TEXT_LIMIT_BYTES, TOKEN_ID_LIMIT, TokenizerRule};

/// Most components that one kind of part may chain.
const COMPONENT_LIMIT: usize = 64;
/// How often one text may grow by all replacements of a part together.
const GROWTH_LIMIT: u64 = 256;
/// Most special tokens that templates may add to a text.
const SPECIAL_TOKEN_LIMIT: usize = 64;
/// Longest padding, and largest multiple that lengths are padded to.
const PADDING_LIMIT: u64 = 1 << 20;
/// How often all counted repetitions of a pattern together may repeat.
const REPETITION_LIMIT: u64 = 10_000;

/// One of the four parts that are components or chains of components.
struct Kind {
    part: &'static str,
    field: &'static str,
    /// Where a `Sequence` keeps its components.
    chain_field: &'static str,
    types: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        part: "normaliser",
        field: "normalizer",
        chain_field: "normalizers",
        types: &[
            "BertNormalizer",
            "Bert",
            "Strip",
            "StripAccents",
            "NFC",
            "NFD",
            "NFKC",
            "NFKD",
            "Lowercase",
            "Nmt",
            "Precompiled",
            "Replace",
            "Prepend",
            "ByteLevel",
        ],
    },
    Kind {
        part: "pre-tokeniser",
        field: "pre_tokenizer",
        chain_field: "pretokenizers",
        types: &[
            "BertPreTokenizer",
            "ByteLevel",
            "Delimiter",
            "CharDelimiterSplit",
            "Metaspace",
            "Whitespace",
            "Split",
            "Punctuation",
            "WhitespaceSplit",
            "Digits",
            "UnicodeScripts",
            "FixedLength",
        ],
    },
    Kind {
        part: "post-processor",
        field: "post_processor",
        chain_field: "processors",
        types: &[
            "RobertaProcessing",
            "BertProcessing",
            "ByteLevel",
            "TemplateProcessing",
        ],
    },
    Kind {
        part: "decoder",
        field: "decoder",
        chain_field: "decoders",
        types: &[
            "BPEDecoder",
            "ByteLevel",
            "WordPiece",
            "Metaspace",
            "CTC",
            "Replace",
            "Fuse",
            "Strip",
            "ByteFallback",
        ],
    },
];

/// Checks every part that is there; `null` is an absent part.
pub(crate) fn check_parts(parts: &Map<String, Value>) -> Result<(), TokenizerRule> {
    for kind in &KINDS {
        let Some(component) = parts.get(kind.field).filter(|part| !part.is_null()) else {
            continue;
        };
        let mut chain = Chain {
            components: 0,
            growth: 1,
            special_tokens: 0,
        };
        chain
            .check(kind, component)
            .map_err(|reason| TokenizerRule::Part {
                part: kind.part,
                reason,
            })?;
    }
    for (part, check) in [
        ("truncation", check_truncation as fn(&Value) -> _),
        ("padding", check_padding),
    ] {
        let value = parts.get(part).filter(|part| !part.is_null());
        value
            .map_or(Ok(()), check)
            .map_err(|reason: &str| TokenizerRule::Part {
                part,
                reason: reason.to_owned(),
            })?;
    }
    Ok(())
}

/// What the components of one part add up to.
struct Chain {
    components: usize,
    growth: u64,
    special_tokens: usize,
}

impl Chain {
    fn check(&mut self, kind: &Kind, component: &Value) -> Result<(), String> {
        let fields = component.as_object().ok_or("must be an object")?;
        let name = fields.get("type").and_then(Value::as_str);
        let name = name.ok_or("has a component without a type")?;
        self.components += 1;
        if self.components > COMPONENT_LIMIT {
            return Err(format!("chains more than {COMPONENT_LIMIT} components"));
        }
        if name == "Sequence" {
            let components = fields.get(kind.chain_field).and_then(Value::as_array);
            let components = components.ok_or("has a sequence without components")?;
            return components
                .iter()
                .try_for_each(|component| self.check(kind, component));
        }
        if !kind.types.contains(&name) {
            return Err(format!("has a component of unknown type {}", Quoted(name)));
        }
        check_texts(component)?;
        self.check_growth(fields)?;
        check_component(kind, name, fields)?;
        self.check_template(fields)
    }

    /// Chained replacements multiply: sixty that each double make 2^60 of one character.
    fn check_growth(&mut self, fields: &Map<String, Value>) -> Result<(), String> {
        let content = fields.get("content").and_then(Value::as_str).unwrap_or("");
        let replaced = fields
            .get("pattern")
            .and_then(|pattern| pattern.get("String"))
            .and_then(Value::as_str)
            .map_or(1, str::len)
            .max(1);
        let factor = content.len().div_ceil(replaced).max(1) as u64;
        self.growth = self.growth.saturating_mul(factor);
        if self.growth > GROWTH_LIMIT {
            return Err(format!(
                "lets its replacements grow a text more than {GROWTH_LIMIT} times"
            ));
        }
        Ok(())
    }

    /// The library looks up a template's special tokens and sequences without a check. Whatever
    /// has these fields may be taken for a template, whatever its type says.
    fn check_template(&mut self, fields: &Map<String, Value>) -> Result<(), String> {
        let empty = Map::new();
        let special_tokens = fields
            .get("special_tokens")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        for (name, token) in special_tokens {
            check_special_token(name, token)?;
        }
        for (field, sequences) in [("single", &["A"][..]), ("pair", &["A", "B"])] {
            let pieces = fields.get(field).and_then(Value::as_array);
            for piece in pieces.into_iter().flatten() {
                self.special_tokens += check_piece(piece, special_tokens, sequences)?;
            }
        }
        if self.special_tokens > SPECIAL_TOKEN_LIMIT {
            return Err(format!(
                "adds more than {SPECIAL_TOKEN_LIMIT} special tokens to a text"
            ));
        }
        Ok(())
    }
}

/// Rules of single component types.
fn check_component(kind: &Kind, name: &str, fields: &Map<String, Value>) -> Result<(), String> {
    check_pattern(fields)?;
    // A normaliser of old form may be taken for a precompiled one whatever its type says.
    if name == "Precompiled" || fields.contains_key("precompiled_charsmap") {
        let map = fields.get("precompiled_charsmap").and_then(Value::as_str);
        let map = map.ok_or("has no character map")?;
        return check_charsmap(map).map_err(|reason| format!("has a character map that {reason}"));
    }
    let number = |field| fields.get(field).and_then(Value::as_u64);
    match name {
        "FixedLength" if fields.contains_key("length") && number("length").unwrap_or(0) == 0 => {
            Err("cuts into pieces of length zero".to_owned())
        }
        "Strip" if kind.field == "decoder" && number("stop") != Some(0) => {
            Err("strips the end of tokens, which fails on short ones".to_owned())
        }
        "RobertaProcessing" | "BertProcessing" => {
            ["sep", "cls"].into_iter().try_for_each(|field| {
                let id = fields.get(field).and_then(|token| token.get(1));
                check_id(id).map_err(|reason| format!("has a token {field} that {reason}"))
            })
        }
        _ => Ok(()),
    }
}

/// No text in a component may be longer than honest ones, except the character map, which has a
/// limit of its own.
fn check_texts(component: &Value) -> Result<(), String> {
    let is_long = |text: &str| text.len() > TEXT_LIMIT_BYTES;
    match component {
        Value::String(text) if is_long(text) => {
            Err(format!("has a text of more than {TEXT_LIMIT_BYTES} bytes"))
        }
        Value::Array(elements) => elements.iter().try_for_each(check_texts),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "precompiled_charsmap")
            .try_for_each(|(_, value)| check_texts(value)),
        _ => Ok(()),
    }
}

fn check_pattern(fields: &Map<String, Value>) -> Result<(), String> {
    let pattern = fields
        .get("pattern")
        .and_then(|pattern| pattern.get("Regex"));
    match pattern.and_then(Value::as_str) {
        Some(regex) if counted_repetitions(regex) > REPETITION_LIMIT => Err(format!(
            "has a pattern that repeats more than {REPETITION_LIMIT} times"
        )),
        _ => Ok(()),
    }
}

/// The product of the counts in `{n}`, `{n,}` and `{n,m}`; nested ones multiply the size of the
/// compiled pattern.
fn counted_repetitions(regex: &str) -> u64 {
    regex
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .filter_map(|(counts, _)| {
            let counts = counts.split(',').map(str::trim);
            let counts = counts.filter(|count| {
                !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())
            });
            // A count that does not fit is larger than every limit.
            counts.map(|count| count.parse().unwrap_or(u64::MAX)).max()
        })
        .fold(1, |product, count| product.saturating_mul(count.max(1)))
}

fn check_special_token(name: &str, token: &Value) -> Result<(), String> {
    let wrong = |reason: &str| format!("has a special token {} that {reason}", Quoted(name));
    let list = |field| token.get(field).and_then(Value::as_array);
    let (Some(ids), Some(tokens)) = (list("ids"), list("tokens")) else {
        return Err(wrong("lacks ids or tokens"));
    };
    if ids.len() != tokens.len() {
        return Err(wrong("has not as many ids as tokens"));
    }
    ids.iter()
        .try_for_each(|id| check_id(Some(id)))
        .map_err(wrong)
}

/// Gives how many special tokens a piece adds.
fn check_piece(
    piece: &Value,
    special_tokens: &Map<String, Value>,
    sequences: &[&str],
) -> Result<usize, String> {
    let id_in = |field| {
        let id = piece.get(field).and_then(|part| part.get("id"));
        id.and_then(Value::as_str)
    };
    if let Some(id) = id_in("Sequence") {
        return match sequences.contains(&id) {
            true => Ok(0),
            false => Err(format!("names sequence {} where there is none", Quoted(id))),
        };
    }
    let Some(id) = id_in("SpecialToken") else {
        return Err("has a template piece that is neither text nor special token".to_owned());
    };
    match special_tokens.get(id) {
        Some(token) => Ok(token
            .get("ids")
            .and_then(Value::as_array)
            .map_or(0, Vec::len)),
        None => Err(format!("names an unknown special token {}", Quoted(id))),
    }
}

fn check_id(id: Option<&Value>) -> Result<(), &'static str> {
    match id.and_then(Value::as_u64) {
        Some(id) if id < TOKEN_ID_LIMIT => Ok(()),
        _ => Err("has no id in range"),
    }
}

/// The library subtracts stride and special tokens from the length without a check.
fn check_truncation(truncation: &Value) -> Result<(), &'static str> {
    let number = |field| truncation.get(field).and_then(Value::as_u64);
    let (Some(length), Some(stride)) = (number("max_length"), number("stride")) else {
        return Err("lacks max_length or stride");
    };
    match length.checked_sub(stride) {
        Some(room) if room > SPECIAL_TOKEN_LIMIT as u64 => Ok(()),
        _ => Err("leaves no room for text beside stride and special tokens"),
    }
}

/// The library pads to any length it is told.
fn check_padding(padding: &Value) -> Result<(), &'static str> {
    let fixed = padding
        .get("strategy")
        .and_then(|strategy| strategy.get("Fixed"));
    let multiple = padding.get("pad_to_multiple_of");
    let is_bounded = |number: Option<&Value>| {
        number.is_none_or(|number| {
            number.is_null()
                || number
                    .as_u64()
                    .is_some_and(|number| number <= PADDING_LIMIT)
        })
    };
    if is_bounded(fixed) && is_bounded(multiple) {
        check_id(padding.get("pad_id"))
    } else {
        Err("pads past 1048576 tokens")
    }
}
