//! Rows of a batch, and the sequences that they are made of.

/// One row of a batch: what the model sees and what it should say next, at `context` places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Token ids that go in; the first one is `<|bos|>`.
    pub inputs: Vec<u32>,
    /// For each of them the id that follows.
    pub targets: Vec<u32>,
    /// For each target whether it counts in the loss. What fills a row up does not, nor does what is
    /// only there to be seen.
    pub counted: Vec<bool>,
}

impl Row {
    /// How many targets count.
    pub fn counted_targets(&self) -> u64 {
        self.counted.iter().filter(|counts| **counts).count() as u64
    }
}

/// A document, a part of one, or a conversation: tokens of which each predicts the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// At least two.
    tokens: Vec<u32>,
    /// Whether each token but the first counts.
    counted: Vec<bool>,
}

impl Sequence {
    /// Places that it takes in a row.
    pub(crate) fn places(&self) -> usize {
        self.counted.len()
    }

    /// The sequences of a document: `<|bos|>`, its text, and `<|bos|>` as what ends it. One that is
    /// longer than the context goes on behind a `<|bos|>` and its last token, which do not count
    /// again: no token is lost, each counts once, and none is said to begin a text that does not.
    pub(crate) fn of_document(mut tokens: Vec<u32>, context: usize) -> Vec<Self> {
        let Some(begin) = tokens
            .first()
            .copied()
            .filter(|_| tokens.len() > 1 && context > 1)
        else {
            return Vec::new();
        };
        tokens.push(begin);
        let last = tokens.len() - 1;
        let mut end = last.min(context);
        let mut sequences = vec![Self {
            tokens: tokens[..=end].to_vec(),
            counted: vec![true; end],
        }];
        while end < last {
            let from = end;
            end = last.min(from + context - 1);
            let mut counted = vec![true; end - from + 1];
            counted[0] = false;
            let tokens = [&[begin], &tokens[from..=end]].concat();
            sequences.push(Self { tokens, counted });
        }
        sequences
    }

    /// The sequence of a conversation, cut where the context ends; `None` where nothing is left that
    /// counts. Also says whether it was cut.
    pub(crate) fn of_conversation(
        mut tokens: Vec<u32>,
        mut is_learned: Vec<bool>,
        context: usize,
    ) -> (Option<Self>, bool) {
        let is_cut = tokens.len() > context.saturating_add(1);
        tokens.truncate(context.saturating_add(1));
        is_learned.truncate(tokens.len());
        let counted = is_learned.split_off(is_learned.len().min(1));
        let counts = counted.contains(&true);
        (counts.then_some(Self { tokens, counted }), is_cut)
    }
}

/// Sequences side by side, filled up to the context with what does not count.
pub(crate) fn row_of<'s>(
    sequences: impl Iterator<Item = &'s Sequence>,
    context: usize,
    filling: u32,
) -> Row {
    let mut row = Row {
        inputs: Vec::with_capacity(context),
        targets: Vec::with_capacity(context),
        counted: Vec::with_capacity(context),
    };
    for Sequence { tokens, counted } in sequences {
        row.inputs.extend_from_slice(&tokens[..tokens.len() - 1]);
        row.targets.extend_from_slice(&tokens[1..]);
        row.counted.extend_from_slice(counted);
    }
    row.inputs.resize(context, filling);
    row.targets.resize(context, filling);
    row.counted.resize(context, false);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEGIN: u32 = 0;

    fn row(sequence: &Sequence) -> Row {
        row_of([sequence].into_iter(), 4, BEGIN)
    }

    #[test]
    fn a_document_ends_with_the_token_that_begins_the_next() {
        let sequences = Sequence::of_document(vec![BEGIN, 5, 6], 4);
        let expected = Row {
            inputs: vec![BEGIN, 5, 6, BEGIN],
            targets: vec![5, 6, BEGIN, BEGIN],
            counted: vec![true, true, true, false],
        };
        assert_eq!(sequences.iter().map(row).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_document_longer_than_the_context_goes_on_behind_its_last_token() {
        let sequences = Sequence::of_document(vec![BEGIN, 1, 2, 3, 4, 5], 4);
        let rows: Vec<_> = sequences.iter().map(row).collect();
        assert_eq!(rows[0].targets, [1, 2, 3, 4]);
        assert_eq!(rows[1].inputs, [BEGIN, 4, 5, BEGIN]);
        assert_eq!(rows[1].targets, [4, 5, BEGIN, BEGIN]);
        assert_eq!(rows[1].counted, [false, true, true, false]);
    }

    #[test]
    fn an_empty_document_is_no_sequence() {
        assert_eq!(Sequence::of_document(vec![BEGIN], 4), []);
        assert_eq!(Sequence::of_document(Vec::new(), 4), []);
    }

    #[test]
    fn a_conversation_is_cut_at_the_context_and_dropped_if_no_answer_is_left() {
        let cut = |answers_from: u32| {
            let is_learned = (0..7).map(|place| place >= answers_from).collect();
            Sequence::of_conversation((0..7).collect(), is_learned, 4)
        };
        let (sequence, is_cut) = cut(3);
        assert!(is_cut);
        assert_eq!(row(&sequence.unwrap()).counted, [false, false, true, true]);
        assert_eq!(cut(5), (None, true));
    }

    proptest! {
        #[test]
        fn every_token_of_a_document_counts_exactly_once(length in 1_u32..200, context in 2_usize..50) {
            let tokens: Vec<u32> = (0..=length).collect();
            let sequences = Sequence::of_document(tokens, context);
            let rows = sequences.iter().map(|sequence| row_of([sequence].into_iter(), context, 0));
            let counted: Vec<u32> = rows
                .flat_map(|row| {
                    assert_eq!(row.inputs[0], BEGIN);
                    row.targets.into_iter().zip(row.counted).filter(|(_, counts)| *counts).map(|(id, _)| id)
                })
                .collect();
            let expected: Vec<u32> = (1..=length).chain([BEGIN]).collect();
            prop_assert_eq!(counted, expected);
            prop_assert!(sequences.iter().all(|sequence| sequence.places() <= context));
        }
    }
}
