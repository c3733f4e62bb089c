//! How many bytes of text each token stands for, which is what bits per byte are counted by.

use ahash::AHashSet;
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// Bytes by token id, 0 for special tokens and for ids without a token.
///
/// # Errors
/// When a token does not stand for bytes, because this is no byte-level tokenizer.
pub(crate) fn token_bytes(tokenizer: &Tokenizer) -> Result<Vec<u32>, String> {
    let alphabet: AHashSet<char> = ByteLevel::alphabet();
    let special = tokenizer.get_added_tokens_decoder();
    let vocabulary = tokenizer.get_vocab(true);
    let size = vocabulary.values().max().map_or(0, |id| *id as usize + 1);
    let mut bytes = vec![0; size];
    for (token, id) in vocabulary {
        let own = special.get(&id);
        let length = match own {
            Some(added) if added.special => 0,
            Some(added) => added.content.len(),
            None if token.chars().all(|character| alphabet.contains(&character)) => {
                token.chars().count()
            }
            None => return Err(format!("token {id} does not stand for bytes")),
        };
        bytes[id as usize] = u32::try_from(length).unwrap_or(u32::MAX);
    }
    Ok(bytes)
}
