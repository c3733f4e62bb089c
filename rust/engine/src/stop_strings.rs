//! Stop strings: text that ends an answer, found across the pieces in which it comes.

/// Passes text on, but holds back what may become a stop string.
#[derive(Debug)]
pub(crate) struct StopStrings {
    stops: Vec<String>,
    held: String,
}

/// What became of a piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// This much is sure not to belong to a stop string.
    Text(String),
    /// A stop string came; this is what stood before it.
    Stopped(String),
}

impl StopStrings {
    pub(crate) fn new(stops: Vec<String>) -> Self {
        Self {
            stops,
            held: String::new(),
        }
    }

    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &str) -> Passed {
        self.held.push_str(piece);
        if let Some(start) = self.first_stop() {
            return Passed::Stopped(self.held[..start].to_owned());
        }
        let rest = self
            .held
            .split_off(self.held.len() - self.possible_start_len());
        Passed::Text(std::mem::replace(&mut self.held, rest))
    }

    /// What was held back, when nothing more comes.
    pub(crate) fn flush(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn first_stop(&self) -> Option<usize> {
        self.stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min()
    }

    /// Bytes at the end that are the start of a stop string.
    fn possible_start_len(&self) -> usize {
        let ends_with_start = |length: &usize| {
            self.stops.iter().any(|stop| {
                stop.is_char_boundary(*length)
                    && *length < stop.len()
                    && self.held.ends_with(&stop[..*length])
            })
        };
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        (1..longest).rev().find(ends_with_start).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut strings = StopStrings::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let mut text = String::new();
        for piece in pieces {
            match strings.push(piece) {
                Passed::Text(passed) => text.push_str(&passed),
                Passed::Stopped(passed) => return (text + &passed, true),
            }
        }
        (text + &strings.flush(), false)
    }

    #[test]
    fn without_stops_everything_passes_at_once() {
        let mut strings = StopStrings::new(Vec::new());
        assert_eq!(strings.push("abc"), Passed::Text("abc".to_owned()));
    }

    #[test]
    fn a_stop_is_found_across_pieces() {
        assert_eq!(
            run(&["END"], &["one E", "N", "D two"]),
            ("one ".to_owned(), true)
        );
    }

    #[test]
    fn what_only_looked_like_a_stop_comes_out_whole() {
        assert_eq!(
            run(&["END"], &["E", "N", "x", "EN"]),
            ("ENxEN".to_owned(), false)
        );
    }

    #[test]
    fn the_earliest_of_several_wins() {
        assert_eq!(run(&["cd", "b"], &["abcd"]), ("a".to_owned(), true));
    }

    #[test]
    fn characters_of_several_bytes_are_never_cut() {
        assert_eq!(
            run(&["é!"], &["caf", "é", "?"]),
            ("café?".to_owned(), false)
        );
        assert_eq!(run(&["é!"], &["caf", "é", "!"]), ("caf".to_owned(), true));
    }
}
