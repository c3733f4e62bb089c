//! `/memory`: what the conversation takes, and the process.

use headroom_engine::{CacheKind, CacheState, ChatSession, memory_state};
use headroom_memory::KvQuantization;

use crate::error::CliError;
use crate::figures::{row, size};
use crate::memory_use;

/// Prints to standard error.
pub(super) fn print(session: &ChatSession) -> Result<(), CliError> {
    let CacheState {
        tokens,
        bytes,
        kind,
        quantization,
    } = session.cache_state()?;
    let messages = session.messages().len();
    row(
        "conversation",
        Some(format!("{messages} messages, {tokens} tokens seen")),
    );
    row("KV cache", Some(size(bytes)));
    row("layout", Some(layout(kind)));
    row("precision", Some(precision(quantization)));
    memory_use::print_state(&memory_state()?);
    Ok(())
}

fn layout(kind: CacheKind) -> String {
    match kind {
        CacheKind::Simple => "keeps every token".to_owned(),
        CacheKind::Rotating { max_size } => {
            format!("keeps the first few tokens and the last, {max_size} at most")
        }
        CacheKind::Chunked { chunk_size } => {
            format!("keeps the tokens of a chunk of {chunk_size}")
        }
    }
}

fn precision(quantization: Option<KvQuantization>) -> String {
    match quantization {
        None => "as computed".to_owned(),
        Some(KvQuantization { bits: 16, .. }) => "bfloat16".to_owned(),
        Some(KvQuantization { bits, group_size }) => {
            format!("{bits} bits in groups of {group_size}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_and_precisions_are_told_in_words() {
        assert_eq!(layout(CacheKind::Simple), "keeps every token");
        assert!(layout(CacheKind::Rotating { max_size: 512 }).contains("512 at most"));
        assert!(layout(CacheKind::Chunked { chunk_size: 8 }).contains("chunk of 8"));
        assert_eq!(precision(None), "as computed");
        assert_eq!(precision(Some(KvQuantization::SIXTEEN_BITS)), "bfloat16");
        let four = precision(Some(KvQuantization::FOUR_BITS));
        assert_eq!(four, "4 bits in groups of 64");
    }
}
