//! Text from tokens as they come, in whole characters.

use tokenizers::Tokenizer;

/// What decoders put in place of bytes that are not yet a character.
const INCOMPLETE: char = '\u{FFFD}';

/// Ids that may wait for a character to become whole. A character has at most four bytes, so text
/// that is still not whole after this many ids never will be.
const MOST_WAITING: usize = 16;

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
        let added = self.added(tokenizer)?;
        let is_waiting = added.is_empty() || added.ends_with(INCOMPLETE);
        if is_waiting && self.ids.len() - self.given_ids < MOST_WAITING {
            return Ok(None);
        }
        self.ids.drain(..self.given_ids);
        self.given_ids = self.ids.len();
        Ok((!added.is_empty()).then_some(added))
    }

    /// The whole characters among what still waits, when nothing more comes.
    pub(crate) fn finish(&mut self, tokenizer: &Tokenizer) -> tokenizers::Result<String> {
        let added = match self.given_ids == self.ids.len() {
            true => String::new(),
            false => self.added(tokenizer)?,
        };
        *self = Self::default();
        Ok(added.trim_end_matches(INCOMPLETE).to_owned())
    }

    /// What the ids that wait add to the text of those before them. Bytes that turn out to be no
    /// character can change how the ones before them read; then the new ids are read alone.
    fn added(&self, tokenizer: &Tokenizer) -> tokenizers::Result<String> {
        // Some decoders panic on an empty list.
        let given = match self.given_ids {
            0 => String::new(),
            count => tokenizer.decode(&self.ids[..count], true)?,
        };
        let all = tokenizer.decode(&self.ids, true)?;
        match all.strip_prefix(given.as_str()) {
            Some(added) => Ok(added.to_owned()),
            None => tokenizer.decode(&self.ids[self.given_ids..], true),
        }
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

    #[test]
    fn whole_characters_before_a_half_one_are_given_at_the_end() {
        let tokenizer = Tokenizer::from_bytes(
            r#"{"model": {"type": "BPE", "vocab": {"a": 0, "Ã": 1, "aÃ": 2}, "merges": []},
                "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}}"#,
        )
        .unwrap();
        let mut detokenizer = Detokenizer::default();
        assert_eq!(detokenizer.push(&tokenizer, 2).unwrap(), None);
        assert_eq!(detokenizer.finish(&tokenizer).unwrap(), "a");
        assert_eq!(detokenizer.finish(&tokenizer).unwrap(), "");
    }

    #[test]
    fn bytes_that_never_become_a_character_do_not_hold_back_what_follows() {
        let mut ids = vec![2; 40];
        ids.push(0);
        let text: String = pieces(&ids).into_iter().flatten().collect();
        assert_eq!(text, format!("{}a", "\u{FFFD}".repeat(40)));
    }

    /// Bytes as ids of their own, and spaces that belong to the word after them.
    fn byte_fallback_tokenizer() -> Tokenizer {
        let bytes = r#"{"model": {"type": "BPE", "vocab": {"▁a": 0, "b": 1, "<0xC3>": 2, "<0xA9>": 3, "<0xFF>": 4}, "merges": [], "byte_fallback": true},
            "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "added_tokens": [{"id": 5, "content": "<mark>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]}"#;
        Tokenizer::from_bytes(bytes).unwrap()
    }

    fn joined(ids: &[u32]) -> String {
        let tokenizer = byte_fallback_tokenizer();
        let mut detokenizer = Detokenizer::default();
        ids.iter()
            .filter_map(|&id| detokenizer.push(&tokenizer, id).unwrap())
            .collect()
    }

    #[test]
    fn a_space_after_a_special_token_stays() {
        assert_eq!(joined(&[0, 5, 0, 0]), "a a a");
    }

    #[test]
    fn text_after_broken_bytes_is_not_lost() {
        let text = joined(&[0, 2, 3, 4, 1, 1]);
        assert!(text.starts_with("aé") && text.ends_with("bb"), "{text}");
    }
}
