//! A tokenizer: on what passes the check, the library behind it must neither panic nor ask for much.
#![no_main]

use std::path::Path;

use headroom_formats::check_tokenizer;
use libfuzzer_sys::fuzz_target;
use tokenizers::Tokenizer;

fuzz_target!(|bytes: &[u8]| {
    let Ok(summary) = check_tokenizer(bytes, Path::new("tokenizer.json")) else {
        return;
    };
    let Ok(tokenizer) = Tokenizer::from_bytes(bytes) else {
        return;
    };
    for text in ["", "a", "abc ab \u{e9} a\u{301} <s>", "\u{10ffff}  b"] {
        let Ok(encoding) = tokenizer.encode(text, true) else {
            continue;
        };
        let ids = encoding.get_ids();
        assert!(
            ids.iter()
                .all(|&id| (id as usize) < summary.vocabulary_size)
        );
        // The library's decoder panics on no tokens at all; the engine never asks it.
        if !ids.is_empty() {
            let _ = tokenizer.decode(ids, false);
        }
    }
});
