//! The merges of a byte-pair tokenizer, checked one by one in a second pass over the file, when the
//! vocabulary is known: kept, they would take more than the file.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::quoted::brief;
use crate::tokenizer_rule::{MERGE_LIMIT, TokenizerRule};
use crate::tokenizer_vocabulary::{Text, Vocabulary};

/// Both parts of every merge, and what they make, must be tokens; the right part gives up the
/// `prefix` that marks the inside of a word, so it must have it.
pub(crate) fn check_merges(
    file: &[u8],
    vocabulary: &Vocabulary,
    prefix: &str,
) -> Result<(), TokenizerRule> {
    let mut check = MergeCheck {
        vocabulary,
        prefix,
        joined: String::new(),
        broken: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(file);
    let inside = Inside {
        path: &["model", "merges"],
        check: &mut check,
    };
    let parsed = inside.deserialize(&mut deserializer);
    match (check.broken, parsed) {
        (Some(rule), _) => Err(rule),
        (None, Err(error)) => Err(TokenizerRule::Malformed(brief(&error))),
        (None, Ok(())) => Ok(()),
    }
}

struct MergeCheck<'a> {
    vocabulary: &'a Vocabulary<'a>,
    prefix: &'a str,
    joined: String,
    broken: Option<TokenizerRule>,
}

impl MergeCheck<'_> {
    fn accept(&mut self, place: usize, merge: &Merge) -> Result<(), TokenizerRule> {
        if place == MERGE_LIMIT {
            return Err(TokenizerRule::TooManyMerges);
        }
        let Some((left, right)) = merge.parts()? else {
            return Ok(());
        };
        let is_sound = right.strip_prefix(self.prefix).is_some_and(|rest| {
            self.joined.clear();
            self.joined.push_str(left);
            self.joined.push_str(rest);
            [left, right, &self.joined]
                .iter()
                .all(|token| self.vocabulary.contains(token))
        });
        if is_sound {
            return Ok(());
        }
        Err(TokenizerRule::Merge {
            place,
            left: brief(&left),
            right: brief(&right),
        })
    }
}

/// Goes down to the field at `path` and over everything else.
struct Inside<'p, 'c, 'v> {
    path: &'p [&'static str],
    check: &'c mut MergeCheck<'v>,
}

impl<'de> DeserializeSeed<'de> for Inside<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path {
            [] => deserializer.deserialize_seq(MergeList(self.check)),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Inside<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return Ok(());
        };
        while let Some(key) = map.next_key::<Text>()? {
            if key.0 != *first {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            map.next_value_seed(Inside {
                path: rest,
                check: self.check,
            })?;
        }
        Ok(())
    }
}

struct MergeList<'c, 'v>(&'c mut MergeCheck<'v>);

impl<'de> Visitor<'de> for MergeList<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of merges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(merge) = sequence.next_element::<Merge>()? {
            if let Err(rule) = self.0.accept(place, &merge) {
                self.0.broken = Some(rule);
                return Err(A::Error::custom("a rule is broken"));
            }
            place += 1;
        }
        Ok(())
    }
}

/// Two tokens that are joined, as a pair or with a space between them.
enum Merge<'a> {
    Pair(Text<'a>, Text<'a>),
    Line(Text<'a>),
}

impl Merge<'_> {
    /// The two parts; `None` for the version line that old merge lists start with.
    fn parts(&self) -> Result<Option<(&str, &str)>, TokenizerRule> {
        match self {
            Self::Pair(left, right) => Ok(Some((&left.0, &right.0))),
            Self::Line(line) if line.0.starts_with("#version") => Ok(None),
            Self::Line(line) => {
                let parts = line.0.split_once(' ');
                parts
                    .filter(|(_, right)| !right.contains(' '))
                    .map(Some)
                    .ok_or_else(|| {
                        TokenizerRule::Malformed("a merge does not have two parts".to_owned())
                    })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Merge<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("two tokens, in a list or with a space between them")
    }

    fn visit_borrowed_str<E: Error>(self, line: &'de str) -> Result<Merge<'de>, E> {
        Ok(Merge::Line(Text(Cow::Borrowed(line))))
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Merge<'de>, E> {
        Ok(Merge::Line(Text(Cow::Owned(line.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Merge<'de>, A::Error> {
        match (parts.next_element()?, parts.next_element()?) {
            // The parser itself refuses a list that goes on after this.
            (Some(left), Some(right)) => Ok(Merge::Pair(left, right)),
            _ => Err(A::Error::custom("a merge does not have two parts")),
        }
    }
}
