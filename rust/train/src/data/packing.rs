//! Which sequences share a row: best fit, the longest first.

use std::collections::BTreeSet;

use super::row::Sequence;
use super::shuffle::Shuffle;

/// Numbers of sequences for each row. A row never takes more than `context` places, and every
/// sequence that fits the context is in exactly one.
///
/// Best fit decreasing needs at most 11/9 of the fewest rows (Johnson, 1973); with documents of
/// different lengths it leaves hardly a place empty.
pub(crate) fn packed(sequences: &[Sequence], context: usize) -> Vec<Vec<usize>> {
    let mut longest_first: Vec<usize> = (0..sequences.len()).collect();
    longest_first.sort_by_key(|number| std::cmp::Reverse(sequences[*number].places()));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    // Places left in each row, with its number.
    let mut room: BTreeSet<(usize, usize)> = BTreeSet::new();
    for number in longest_first {
        let places = sequences[number].places();
        let Some(after) = context.checked_sub(places) else {
            continue;
        };
        match room.range((places, 0)..).next().copied() {
            Some((left, row)) => {
                room.remove(&(left, row));
                room.insert((left - places, row));
                rows[row].push(number);
            }
            None => {
                room.insert((after, rows.len()));
                rows.push(vec![number]);
            }
        }
    }
    rows
}

/// Rows in an order that the seed decides, so that long documents do not come first.
pub(crate) fn shuffled(mut rows: Vec<Vec<usize>>, mut shuffle: Shuffle) -> Vec<Vec<usize>> {
    shuffle.shuffle(&mut rows);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::row::Sequence;
    use proptest::prelude::*;

    fn sequences(lengths: &[usize], context: usize) -> Vec<Sequence> {
        let document = |length: &usize| Sequence::of_document(vec![1; *length], context);
        lengths.iter().flat_map(document).collect()
    }

    fn places(sequences: &[Sequence], row: &[usize]) -> usize {
        row.iter().map(|number| sequences[*number].places()).sum()
    }

    #[test]
    fn the_fullest_row_with_room_takes_the_next_sequence() {
        let sequences = sequences(&[7, 3, 5, 2, 3], 10);
        let rows = packed(&sequences, 10);
        assert_eq!(rows, [vec![0, 1], vec![2, 4, 3]]);
    }

    proptest! {
        #[test]
        fn every_sequence_is_in_one_row_and_no_row_is_too_long(
            lengths in prop::collection::vec(0_usize..60, 0..200),
            context in 2_usize..40,
        ) {
            let sequences = sequences(&lengths, context);
            let rows = packed(&sequences, context);
            prop_assert!(rows.iter().all(|row| places(&sequences, row) <= context));
            let mut numbers = rows.concat();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..sequences.len()).collect::<Vec<_>>());
            // No two rows would fit into one.
            let mut fill: Vec<_> = rows.iter().map(|row| places(&sequences, row)).collect();
            fill.sort_unstable();
            prop_assert!(fill.len() < 2 || fill[0] + fill[1] > context);
        }
    }
}
