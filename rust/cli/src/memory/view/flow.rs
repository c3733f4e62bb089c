//! Text that fills lines of a width.

/// Puts as many pieces on a line as it holds, with a gap between them. A piece that is longer than
/// a line has one of its own.
pub(super) fn flow(
    pieces: impl IntoIterator<Item = impl AsRef<str>>,
    gap: &str,
    width: u16,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let piece = piece.as_ref();
        match lines.last_mut() {
            Some(line) if line.len() + gap.len() + piece.len() <= usize::from(width) => {
                *line += gap;
                *line += piece;
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::flow;

    #[test]
    fn a_line_holds_as_many_pieces_as_fit() {
        assert_eq!(flow(["ab", "cd", "ef"], " ", 5), ["ab cd", "ef"]);
        assert_eq!(flow(["ab", "cd", "ef"], " ", 4), ["ab", "cd", "ef"]);
    }

    #[test]
    fn a_piece_that_is_too_long_stands_alone() {
        assert_eq!(flow(["a", "abcdef", "b"], " ", 4), ["a", "abcdef", "b"]);
        assert!(flow([""; 0], " ", 0).is_empty());
    }
}
