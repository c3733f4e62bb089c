//! Long texts in pieces that the tokenizer library can take: for each token it keeps a hundred bytes
//! until it has done.

/// Longest piece in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// The pieces of a text. Each but the last ends where GPT-4's split always does: behind a line feed
/// with text after it, or between a letter and a single space with a letter after it. Only a text that
/// has no such place in 64 KiB is cut elsewhere, which can cost a token.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(end_of_piece(rest));
        rest = after;
        Some(piece)
    })
}

fn end_of_piece(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let most = text.floor_char_boundary(PIECE_BYTES);
    let places = || {
        (1..=most)
            .rev()
            .filter(|place| text.is_char_boundary(*place))
    };
    let is_between_words = |place: &usize| is_between_words(&text[..*place], &text[*place..]);
    places().find(is_between_words).unwrap_or(most)
}

fn is_between_words(before: &str, after: &str) -> bool {
    let Some(last) = before.chars().next_back() else {
        return false;
    };
    let mut after = after.chars();
    match (last, after.next(), after.next()) {
        ('\n', Some(first), _) => !first.is_whitespace(),
        (last, Some(' '), Some(second)) => last.is_alphabetic() && second.is_alphabetic(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::Splitter;

    #[test]
    fn pieces_are_bounded_and_together_the_text() {
        for text in [
            String::new(),
            "ä".repeat(PIECE_BYTES),
            "word word\n".repeat(PIECE_BYTES / 4),
        ] {
            let pieces: Vec<_> = pieces(&text).collect();
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES));
        }
    }

    #[test]
    fn words_stay_whole() {
        let splitter = Splitter::new().unwrap();
        let text = "It's 12345  words,\r\n\n and more.\n".repeat(PIECE_BYTES / 8);
        let whole: Vec<_> = splitter.words(&text).collect();
        let in_pieces: Vec<_> = pieces(&text)
            .flat_map(|piece| splitter.words(piece))
            .collect();
        assert!(pieces(&text).count() > 1);
        assert_eq!(whole, in_pieces);
    }
}
