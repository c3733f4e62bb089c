//! The bytes that each token of a vocabulary stands for: what a grammar is matched against.
//!
//! A tokenizer's library gives text, in which the bytes of a character spread over several tokens are
//! lost; so its decoder is read for the way it spells bytes. One thing that a decoder may do is left
//! out, because it depends on the place in the text: dropping the space that a whole text begins with.

use tokenizers::{DecoderWrapper, Tokenizer};

/// How a tokenizer spells bytes in the names of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Every byte is a character of its own (GPT-2).
    ByteLevel,
    /// Text, with a mark for a space and names such as `<0x0A>` for single bytes (SentencePiece).
    Marked,
}

/// SentencePiece's space.
const SPACE_MARK: char = '▁';

/// In front of a name, it keeps a token from matching text; no text has this byte.
pub(super) const NO_TEXT: u8 = llguidance::toktrie::TokTrie::SPECIAL_TOKEN_MARKER;

/// For each id below `vocabulary_size` its bytes; none for ids that the tokenizer does not have, and
/// [`NO_TEXT`] first for special tokens and for `end_tokens`. `None` when the decoder is of a kind
/// whose tokens depend on their neighbours.
pub(super) fn token_bytes(
    tokenizer: &Tokenizer,
    vocabulary_size: u32,
    end_tokens: &[u32],
) -> Option<Vec<Vec<u8>>> {
    let spelling = spelling_of(tokenizer.get_decoder()?)?;
    let added = tokenizer.get_added_tokens_decoder();
    let is_text = |id| {
        let is_special = added.get(&id).is_some_and(|token| token.special);
        !is_special && !end_tokens.contains(&id)
    };
    let bytes_of = |id| {
        let name = tokenizer.id_to_token(id).unwrap_or_default();
        match is_text(id) {
            true => spelling.bytes(&name),
            false => [&[NO_TEXT], name.as_bytes()].concat(),
        }
    };
    Some((0..vocabulary_size).map(bytes_of).collect())
}

fn spelling_of(decoder: &DecoderWrapper) -> Option<Spelling> {
    match decoder {
        DecoderWrapper::ByteLevel(_) => Some(Spelling::ByteLevel),
        DecoderWrapper::ByteFallback(_) | DecoderWrapper::Metaspace(_) => Some(Spelling::Marked),
        DecoderWrapper::Sequence(sequence) => sequence.get_decoders().iter().find_map(spelling_of),
        _ => None,
    }
}

impl Spelling {
    fn bytes(self, name: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel => {
                let bytes: Option<Vec<u8>> = name.chars().map(byte_of).collect();
                // Added tokens are spelled as text.
                bytes.unwrap_or_else(|| name.as_bytes().to_vec())
            }
            Self::Marked => match single_byte(name) {
                Some(byte) => vec![byte],
                None => name.replace(SPACE_MARK, " ").into_bytes(),
            },
        }
    }
}

/// The byte that `<0x0A>` and its like name.
fn single_byte(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2)
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

/// The byte that a character of GPT-2's alphabet stands for. Printable Latin-1 stands for itself;
/// the other bytes follow each other from U+0100 on.
fn byte_of(character: char) -> Option<u8> {
    let stands_for_itself = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    match u8::try_from(character) {
        Ok(byte) => Some(byte).filter(stands_for_itself),
        Err(_) => {
            let place = usize::try_from(u32::from(character).checked_sub(0x100)?).ok()?;
            (0..=u8::MAX)
                .filter(|byte| !stands_for_itself(byte))
                .nth(place)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tokenizer(decoder: Value, names: &[&str]) -> Tokenizer {
        let ids = names.iter().zip(0..).map(|(name, id)| (*name, id));
        let vocabulary: serde_json::Map<String, Value> =
            ids.map(|(name, id)| (name.to_owned(), json!(id))).collect();
        let added = json!([{"id": 0, "content": names[0], "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true}]);
        let content = json!({"model": {"type": "BPE", "vocab": vocabulary, "merges": []},
            "decoder": decoder, "added_tokens": added});
        Tokenizer::from_bytes(content.to_string()).unwrap()
    }

    fn byte_level() -> Value {
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true})
    }

    #[test]
    fn every_byte_has_one_character_in_gpt_2s_alphabet() {
        let alphabet = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
        let mut bytes: Vec<u8> = alphabet.iter().map(|&c| byte_of(c).unwrap()).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
        assert_eq!(
            ['Ġ', 'Ċ', 'a', 'é'].map(byte_of),
            [Some(b' '), Some(b'\n'), Some(b'a'), Some(0xE9)]
        );
        assert_eq!([' ', '▁', '\u{144}', '\u{AD}'].map(byte_of), [None; 4]);
    }

    #[test]
    fn byte_level_names_are_bytes_and_special_ones_no_text() {
        let tokenizer = tokenizer(byte_level(), &["<end>", "Ġa", "Ã", "©x", "</s>"]);
        let bytes = token_bytes(&tokenizer, 7, &[4]).unwrap();
        let marked = |name: &str| [&[NO_TEXT], name.as_bytes()].concat();
        let [space_a, half, rest] = [&b" a"[..], &[0xC3], &[0xA9, b'x']].map(<[u8]>::to_vec);
        let (end, named) = (marked("<end>"), marked("</s>"));
        assert_eq!(bytes[..5], [end, space_a, half, rest, named]);
        assert!(
            bytes[5].is_empty(),
            "an id that the tokenizer does not have"
        );
        assert_eq!(bytes.len(), 7);
    }

    #[test]
    fn marked_names_are_text_with_spaces_and_single_bytes() {
        let decoder = json!({"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]});
        let tokenizer = tokenizer(decoder, &["<s>", "▁two▁words", "<0xC3>", "<0xZZ>", "é"]);
        let bytes = token_bytes(&tokenizer, 5, &[]).unwrap();
        assert_eq!(bytes[1], b" two words");
        assert_eq!(bytes[2], [0xC3]);
        assert_eq!(bytes[3], b"<0xZZ>");
        assert_eq!(bytes[4], "é".as_bytes());
    }

    #[test]
    fn a_decoder_that_looks_at_neighbours_has_no_bytes_to_tell() {
        let decoder = json!({"type": "WordPiece", "prefix": "##", "cleanup": true});
        assert_eq!(token_bytes(&tokenizer(decoder, &["a"]), 1, &[]), None);
    }
}
