//! Text from tokens as they come, in whole characters.

use tokenizers::Tokenizer;

/// What decoders put in place of bytes that are not yet a character.
const INCOMPLETE: char = '\u{FFFD}';

/// Decodes a growing list of ids without decoding all of it each time.
///
/// How an id reads depends on its neighbours (spaces are joined to words, characters are spread
/// over ids), so the ids of the piece given last are decoded again with the new ones, and what they
/// add is the next piece.
#[derive(Debug, Default)]
pub(crate) struct Detokenizer {
    ids: Vec<u32>,
    /// How many of `ids` have been given as text already.
    given_ids: usize,
}

impl Detokenizer {
    /// Adds an id and returns the text that it completes, if any.
    pub(crate) fn push(
        &mut self,
        tokenizer: &Tokenizer,
        id: u32,
    ) -> tokenizers::Result<Option<String>> {
        self.ids.push(id);
        let given = tokenizer.decode(&self.ids[..self.given_ids], true)?;
        let all = tokenizer.decode(&self.ids, true)?;
        if all.ends_with(INCOMPLETE) {
            return Ok(None);
        }
        let added = all
            .strip_prefix(given.as_str())
            .unwrap_or_default()
            .to_owned();
        self.ids.drain(..self.given_ids);
        self.given_ids = self.ids.len();
        Ok((!added.is_empty()).then_some(added))
    }
}
