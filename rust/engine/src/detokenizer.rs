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
        // Some decoders panic on an empty list.
        let given = match self.given_ids {
            0 => String::new(),
            count => tokenizer.decode(&self.ids[..count], true)?,
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte-level vocabulary of single bytes: every character beyond ASCII takes several ids.
    fn tokenizer() -> Tokenizer {
        let bytes = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "Ġ": 1, "Ã": 2, "©": 3, "ð": 4, "Ł": 5, "¦": 6, "Ĭ": 7},
            "merges": []}, "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
            "added_tokens": [{"id": 8, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]}"#;
        Tokenizer::from_bytes(bytes).unwrap()
    }

    fn pieces(ids: &[u32]) -> Vec<Option<String>> {
        let tokenizer = tokenizer();
        let mut detokenizer = Detokenizer::default();
        ids.iter()
            .map(|&id| detokenizer.push(&tokenizer, id).unwrap())
            .collect()
    }

    #[test]
    fn no_half_character_is_ever_given() {
        let [a, space, e, monkey] = ["a", " ", "é", "🦊"].map(|text| Some(text.to_owned()));
        let ids = [0, 2, 3, 1, 4, 5, 6, 7, 0];
        assert_eq!(
            pieces(&ids),
            [a.clone(), None, e, space, None, None, None, monkey, a]
        );
    }

    #[test]
    fn special_tokens_give_nothing() {
        assert_eq!(
            pieces(&[0, 8, 0]),
            [Some("a".to_owned()), None, Some("a".to_owned())]
        );
    }

    #[test]
    fn pieces_join_to_the_text_that_decoding_everything_gives() {
        let ids = [0, 1, 0, 4, 5, 6, 7, 2, 3, 8, 1, 1, 0];
        let joined: String = pieces(&ids).into_iter().flatten().collect();
        assert_eq!(joined, tokenizer().decode(&ids, true).unwrap());
    }
}
