//! How often each word stands in the text. Threads count side by side while another reads.

use std::collections::HashMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use ahash::{AHashMap, RandomState};
use compact_str::CompactString;

use super::error::TokenizerLearningError;
use super::request::{LearningProgress, TokenizerRequest};
use crate::data::{Document, Documents, SkippedShards};
use crate::tokenizer::{Splitter, TokenizerError};

type Counts = HashMap<CompactString, u64, RandomState>;

/// The words of a text and how often each stands in it.
pub(super) struct WordCounts {
    /// Bytes written as the characters that stand for them in `tokenizer.json`.
    pub(super) words: AHashMap<CompactString, u64>,
    pub(super) text: ReadText,
}

/// What was read.
#[derive(Default)]
pub(super) struct ReadText {
    pub(super) bytes: u64,
    pub(super) documents: u64,
    pub(super) skipped: SkippedShards,
}

/// Reads the data once and counts. No more than a few blocks of text are held.
pub(super) fn count(
    request: &TokenizerRequest,
    on_progress: &mut dyn FnMut(LearningProgress) -> ControlFlow<()>,
) -> Result<WordCounts, TokenizerLearningError> {
    let splitter = Splitter::new().map_err(|error| TokenizerError::Library {
        action: "read the split pattern",
        reason: error.to_string(),
    })?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (sender, receiver) = sync_channel(threads);
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let work = || counted(&splitter, &receiver);
        let counters: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let read = read(request, sender, on_progress);
        let counts = counters.into_iter().map(|counter| counter.join());
        let counts: Result<Vec<_>, _> = counts.collect();
        let counts = counts.map_err(|_| TokenizerError::Library {
            action: "split a text",
            reason: "it ended without a reason".to_owned(),
        })?;
        Ok(WordCounts {
            text: read?,
            words: as_byte_characters(together(counts)),
        })
    })
}

/// Hands blocks of text to whoever counts.
fn read(
    request: &TokenizerRequest,
    sender: SyncSender<Vec<Document>>,
    on_progress: &mut dyn FnMut(LearningProgress) -> ControlFlow<()>,
) -> Result<ReadText, TokenizerLearningError> {
    let most_bytes = request.most_text_bytes.unwrap_or(u64::MAX);
    let mut documents = Documents::of_training(&request.data)?;
    let mut text = ReadText::default();
    while text.bytes < most_bytes {
        let Some(placed) = documents.next_block()? else {
            break;
        };
        let texts = placed.block.documents;
        let sizes = texts.iter().map(|text| text.text_bytes() as u64);
        text.bytes = sizes.fold(text.bytes, u64::saturating_add);
        text.documents = text.documents.saturating_add(texts.len() as u64);
        // Without a counter there is nothing to wait for; why it ended is found when it is joined.
        if sender.send(texts).is_err() {
            break;
        }
        let text_bytes = text.bytes;
        if on_progress(LearningProgress::Reading { text_bytes }).is_break() {
            return Err(TokenizerLearningError::Cancelled);
        }
    }
    text.skipped = documents.skipped();
    Ok(text)
}

fn counted(splitter: &Splitter, blocks: &Mutex<Receiver<Vec<Document>>>) -> Counts {
    // A clone has caches of its own, for which threads would otherwise wait.
    let splitter = splitter.clone();
    let mut counts = Counts::default();
    loop {
        let block = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(block) = block else {
            return counts;
        };
        for document in &block {
            let Document::Text(text) = document else {
                continue;
            };
            for word in splitter.words(text) {
                match counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(CompactString::from(word), 1)),
                }
            }
        }
    }
}

fn together(counts: Vec<Counts>) -> Counts {
    let mut counts = counts.into_iter();
    let mut all = counts.next().unwrap_or_default();
    for (word, count) in counts.flatten() {
        let sum = all.entry(word).or_default();
        *sum = sum.saturating_add(count);
    }
    all
}

/// Byte-level BPE writes each byte as a character that can be seen.
fn as_byte_characters(counts: Counts) -> AHashMap<CompactString, u64> {
    let characters = byte_characters();
    let seen = |word: CompactString| {
        word.bytes()
            .map(|byte| characters[usize::from(byte)])
            .collect()
    };
    counts
        .into_iter()
        .map(|(word, count)| (seen(word), count))
        .collect()
}

/// The character for each byte, as GPT-2 chose them: printable ones stand for themselves, the others
/// for the characters from U+0100 on, in order.
pub(super) fn byte_characters() -> [char; 256] {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut unseen = '\u{100}'..;
    let mut characters = ['\0'; 256];
    for byte in 0..=u8::MAX {
        characters[usize::from(byte)] = match is_printable(byte) {
            true => char::from(byte),
            false => unseen.next().unwrap_or_default(),
        };
    }
    characters
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    #[test]
    fn bytes_have_the_characters_of_the_library() {
        let ours: HashSet<char> = byte_characters().into_iter().collect();
        let theirs: HashSet<char> = ByteLevel::alphabet().into_iter().collect();
        assert_eq!(ours, theirs);
        assert_eq!(byte_characters()[usize::from(b' ')], 'Ġ');
    }
}
