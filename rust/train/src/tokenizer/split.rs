//! How text is split before bytes are merged: GPT-4's way, with at most two digits to a token.

use regex::Regex;

/// The split as `tokenizer.json` has it. GPT-4's pattern with `\p{N}{1,2}` is nanochat's; its
/// possessive repetitions are plain ones here, because nothing behind them could give back a match.
pub(crate) const PATTERN: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";

/// The same without its look-ahead, which [`Splitter::words`] makes up for: an automaton then does
/// the work, many times faster than the backtracking that the library needs.
const AUTOMATON_PATTERN: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+";

/// Splits text into words.
#[derive(Clone)]
pub(crate) struct Splitter(Regex);

impl Splitter {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Regex::new(AUTOMATON_PATTERN).map(Self)
    }

    /// The words of a text, which together are the text.
    pub(crate) fn words<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let found = self.0.find_at(text, from)?;
            let word = without_last_space(text, found.start(), found.end());
            from = found.start() + word.len();
            Some(word)
        })
    }
}

/// Of several spaces before a word, the last one belongs to the word.
fn without_last_space(text: &str, start: usize, end: usize) -> &str {
    let word = &text[start..end];
    let Some(last) = word.chars().next_back() else {
        return word;
    };
    let is_before_a_word = end < text.len();
    let is_spaces = last.is_whitespace() && !['\r', '\n'].contains(&last);
    match is_spaces && is_before_a_word && word.len() > last.len_utf8() {
        true => &word[..word.len() - last.len_utf8()],
        false => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
    use tokenizers::{
        OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior,
    };

    fn words(text: &str) -> Vec<String> {
        let splitter = Splitter::new().unwrap();
        splitter.words(text).map(str::to_owned).collect()
    }

    /// What the library makes of the pattern that is written.
    fn words_of_the_library(text: &str) -> Vec<String> {
        let pattern = SplitPattern::Regex(PATTERN.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).unwrap();
        let mut string = PreTokenizedString::from(text);
        split.pre_tokenize(&mut string).unwrap();
        let words = string.get_splits(OffsetReferential::Original, OffsetType::Byte);
        words
            .into_iter()
            .map(|(word, _, _)| word.to_owned())
            .collect()
    }

    #[test]
    fn words_take_the_space_before_them_and_digits_go_in_pairs() {
        assert_eq!(
            words("He'll  pay 12345\n\n for it.\n  "),
            [
                "He", "'ll", " ", " pay", " ", "12", "34", "5", "\n\n", " for", " it", ".\n", "  "
            ]
        );
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_library(text in "([ \t\u{a0}\u{3000}]{0,3}|[\r\n]{0,2}|[a-zA-ZäßſKé漢]{1,3}|'[sStTlLvVrReE]{1,2}|[0-9٣½]{1,5}|[!?'.<|>🦊]{1,2}|\\PC){0,12}") {
            prop_assert_eq!(words(&text), words_of_the_library(&text));
        }
    }
}
