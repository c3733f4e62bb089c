//! Many tensor names in few words: names that differ in numbers alone become one name with ranges,
//! such as `model.layers.{0-31}.mlp.up_proj.weight`, so that a report lists all of thousands.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::quoted::QuotedWhole;

/// Longest number that counts as one; longer digits are text.
const DIGITS_LIMIT: usize = 9;
/// Numbers of a name that count, from its beginning; published names have two.
const NUMBERS_LIMIT: usize = 4;

/// Names that one pattern stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameGroup {
    /// The name in quotation marks, with ranges in braces where there are several.
    pub(crate) pattern: String,
    /// How many there are.
    pub(crate) names: usize,
}

/// Names as a list of patterns in which nothing is lost: exactly these names, and no others, match.
/// The patterns come in the order in which their first names do.
pub(crate) fn grouped<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<NameGroup> {
    let mut order = Vec::new();
    let mut shapes: BTreeMap<Vec<&str>, BTreeSet<Vec<u32>>> = BTreeMap::new();
    for name in names {
        let (texts, numbers) = split(name);
        let known = shapes.entry(texts.clone()).or_default();
        if known.is_empty() {
            order.push(texts);
        }
        known.insert(numbers);
    }
    let patterns = order.iter().map(|texts| (texts, &shapes[texts]));
    patterns
        .flat_map(|(texts, rows)| patterns_of(texts, rows))
        .collect()
}

/// A name as the texts around its numbers. Digits with a leading zero stay text: `01` is not `1`.
fn split(name: &str) -> (Vec<&str>, Vec<u32>) {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    let (mut rest, mut text_start) = (name, 0);
    let mut place = 0;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let digits = rest[start..].bytes().take_while(u8::is_ascii_digit).count();
        let (first, end) = (place + start, place + start + digits);
        let number = &name[first..end];
        let has_room = numbers.len() < NUMBERS_LIMIT && digits <= DIGITS_LIMIT;
        if has_room && (digits == 1 || !number.starts_with('0')) {
            texts.push(&name[text_start..first]);
            numbers.push(number.parse().unwrap_or_default());
            text_start = end;
        }
        place = end;
        rest = &name[end..];
    }
    texts.push(&name[text_start..]);
    (texts, numbers)
}

/// Patterns that match exactly these rows of numbers between these texts.
fn patterns_of(texts: &[&str], rows: &BTreeSet<Vec<u32>>) -> Vec<NameGroup> {
    let mut boxes: Vec<Vec<Ranges>> = rows
        .iter()
        .map(|row| row.iter().map(|&number| vec![(number, number)]).collect())
        .collect();
    for column in (0..texts.len() - 1).rev() {
        boxes = joined_in(column, boxes);
    }
    let group = |columns: &Vec<Ranges>| NameGroup {
        pattern: QuotedWhole(&pattern(texts, columns)).to_string(),
        names: columns.iter().map(count).product(),
    };
    boxes.iter().map(group).collect()
}

/// Numbers in ascending order, as inclusive ranges that do not touch.
type Ranges = Vec<(u32, u32)>;

fn count(ranges: &Ranges) -> usize {
    ranges
        .iter()
        .map(|(first, last)| (last - first) as usize + 1)
        .sum()
}

/// Joins boxes that are equal in all columns but one.
fn joined_in(column: usize, boxes: Vec<Vec<Ranges>>) -> Vec<Vec<Ranges>> {
    let mut order = Vec::new();
    let mut columns: BTreeMap<Vec<Ranges>, Ranges> = BTreeMap::new();
    for mut one in boxes {
        let own = std::mem::take(&mut one[column]);
        let known = columns.entry(one.clone()).or_default();
        if known.is_empty() {
            order.push(one);
        }
        known.extend(own);
    }
    let with = |mut others: Vec<Ranges>| {
        let mut ranges = columns[&others].clone();
        ranges.sort_unstable();
        others[column] = without_gaps(ranges);
        others
    };
    order.into_iter().map(with).collect()
}

fn without_gaps(ranges: Ranges) -> Ranges {
    let mut joined: Ranges = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(previous) if previous.1 + 1 == first => previous.1 = last,
            _ => joined.push((first, last)),
        }
    }
    joined
}

fn pattern(texts: &[&str], columns: &[Ranges]) -> String {
    let mut pattern = String::new();
    for (text, ranges) in texts.iter().zip(columns) {
        pattern.push_str(text);
        match ranges.as_slice() {
            [(first, last)] if first == last => {
                let _ = write!(pattern, "{first}");
            }
            _ => {
                let _ = write!(pattern, "{{{}}}", listed(ranges));
            }
        }
    }
    pattern + texts.last().unwrap_or(&"")
}

fn listed(ranges: &Ranges) -> String {
    let shown = ranges.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patterns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let groups = grouped(names).into_iter();
        groups.map(|group| group.pattern).collect()
    }

    #[test]
    fn layers_become_a_range() {
        let names = (0..32).map(|layer| format!("model.layers.{layer}.mlp.up_proj.weight"));
        let names: Vec<_> = names.collect();
        let grouped = patterns(names.iter().map(String::as_str));
        assert_eq!(grouped, ["`model.layers.{0-31}.mlp.up_proj.weight`"]);
    }

    #[test]
    fn gaps_pairs_and_single_numbers_are_told_apart() {
        let names = [
            "a.0.b", "a.2.b", "a.3.b", "a.5.b", "a.6.b", "a.7.b", "norm", "c.9.b",
        ];
        assert_eq!(patterns(names), ["`a.{0,2,3,5-7}.b`", "`norm`", "`c.9.b`"]);
    }

    #[test]
    fn two_numbers_become_a_product_only_where_every_pair_is_there() {
        let names = ["e.0.x.0", "e.0.x.1", "e.1.x.0", "e.1.x.1", "e.2.x.1"];
        assert_eq!(patterns(names), ["`e.{0,1}.x.{0,1}`", "`e.2.x.1`"]);
    }

    #[test]
    fn leading_zeros_and_long_digits_are_text() {
        let names = ["a.01", "a.1", "a.00000000000000000001", "a.99999999999"];
        assert_eq!(patterns(names).len(), 4);
    }

    /// All names that a pattern stands for.
    fn spread(pattern: &str) -> Vec<String> {
        let Some((before, rest)) = pattern.split_once('{') else {
            return vec![pattern.to_owned()];
        };
        let (list, after) = rest.split_once('}').expect("a closing brace");
        let numbers = list.split(',').flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            first.parse::<u32>().expect("a number")..=last.parse().expect("a number")
        });
        let after = spread(after);
        let joined = numbers.flat_map(|number| {
            after
                .iter()
                .map(move |rest| format!("{before}{number}{rest}"))
        });
        joined.collect()
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_added(
            names in prop::collection::btree_set("[ab]\\.[0-3]{0,2}\\.c[0-2]{0,1}", 0..40)
        ) {
            let groups = grouped(names.iter().map(String::as_str));
            prop_assert_eq!(groups.iter().map(|group| group.names).sum::<usize>(), names.len());
            let grouped: Vec<_> = groups.into_iter().map(|group| group.pattern).collect();
            let mut spread: Vec<_> = grouped
                .iter()
                .flat_map(|pattern| spread(pattern.trim_matches('`')))
                .collect();
            spread.sort_unstable();
            prop_assert_eq!(spread, names.into_iter().collect::<Vec<_>>());
        }
    }
}
