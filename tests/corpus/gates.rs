//! The gates, as the engine calls them: each reads one file of a model's directory.

use std::fs;
use std::path::Path;

use headroom_engine::{ChatMessage, ChatTemplate, Role};
use headroom_formats::{
    Checkpoint, ConfigFile, Quantization, TOKENIZER_LIMIT_BYTES, check_tokenizer, read_bounded,
};
use headroom_models::shape_of;
use tempfile::TempDir;
use tokenizers::Tokenizer;

use crate::safetensors;

/// What reads one kind of file.
pub(crate) struct Gate {
    /// As its fuzz target is called.
    pub(crate) name: &'static str,
    file_name: &'static str,
    /// Reads the file in this directory, or says in a sentence why not.
    pub(crate) pass: fn(&Path) -> Result<(), String>,
}

impl Gate {
    /// A directory in which the gate finds these bytes.
    pub(crate) fn directory_with(&self, bytes: &[u8]) -> TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(self.file_name), bytes).expect("a file");
        directory
    }
}

/// A checkpoint of one file.
pub(crate) const SAFETENSORS_HEADER: Gate = Gate {
    name: "safetensors_header",
    file_name: "model.safetensors",
    pass: |directory| said(Checkpoint::open(directory)),
};

/// The index of a checkpoint of several files, with one sound shard.
pub(crate) const SHARD_INDEX: Gate = Gate {
    name: "shard_index",
    file_name: "model.safetensors.index.json",
    pass: |directory| {
        let shard = safetensors::file(safetensors::TWO_TENSORS, 2);
        fs::write(directory.join("a.safetensors"), shard).expect("a file");
        said(Checkpoint::open(directory))
    },
};

/// A configuration, as far as it goes without weights.
pub(crate) const CONFIG: Gate = Gate {
    name: "config",
    file_name: "config.json",
    pass: |directory| {
        let config = ConfigFile::read(&directory.join("config.json"));
        let config = config.map_err(|error| error.to_string())?;
        said(shape_of(&config))?;
        said(Quantization::from_config(&config))
    },
};

/// A tokenizer; the library has what passes the check.
pub(crate) const TOKENIZER: Gate = Gate {
    name: "tokenizer",
    file_name: "tokenizer.json",
    pass: |directory| {
        let path = directory.join("tokenizer.json");
        let bytes = read_bounded(&path, TOKENIZER_LIMIT_BYTES);
        let bytes = bytes.map_err(|error| error.to_string())?;
        said(check_tokenizer(&bytes, &path))?;
        use_tokenizer(&bytes)
    },
};

/// A chat template, for a short conversation.
pub(crate) const CHAT_TEMPLATE: Gate = Gate {
    name: "chat_template",
    file_name: "chat_template.jinja",
    pass: |directory| {
        let path = directory.join("chat_template.jinja");
        let source = fs::read(&path).expect("a template");
        let source = String::from_utf8_lossy(&source).into_owned();
        let texts = (Some("<s>".to_owned()), Some("</s>".to_owned()));
        said(ChatTemplate::new(path, source, texts.0, texts.1).render(&conversation()))
    },
};

fn said<T, E: ToString>(outcome: Result<T, E>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| error.to_string())
}

fn use_tokenizer(bytes: &[u8]) -> Result<(), String> {
    let tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
    for text in ["", "a", "abc ab \u{e9} a\u{301} <s>", "\u{10ffff}  b"] {
        let Ok(encoding) = tokenizer.encode(text, true) else {
            continue;
        };
        // The library's decoder panics on no tokens at all; the engine never asks it.
        if !encoding.get_ids().is_empty() {
            let _ = tokenizer.decode(encoding.get_ids(), false);
        }
    }
    Ok(())
}

fn conversation() -> [ChatMessage; 4] {
    let message = |role, content: &str| ChatMessage {
        role,
        content: content.to_owned(),
    };
    [
        message(Role::System, "Be brief."),
        message(Role::User, "Tell me of the sea."),
        message(Role::Assistant, "It is wide."),
        message(Role::User, "And deep?"),
    ]
}
