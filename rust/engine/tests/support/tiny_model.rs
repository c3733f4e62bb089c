//! A model directory of a few kilobytes: a golden checkpoint with random weights, and a tokenizer in
//! which every printable character is a token.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Tokens of the golden checkpoints.
pub(crate) const VOCABULARY_SIZE: usize = 96;

/// Texts of the first ids; the others are a space and the characters from `!` to `z`.
pub(crate) const SPECIAL_TOKENS: [&str; 5] =
    ["<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"];

/// `<s>`, then `<|role|>content</s>` for each message, then the assistant's own mark.
pub(crate) const CHAT_TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}\
    {{ '<|' + message.role + '|>' + message.content + eos_token }}{% endfor %}<|assistant|>";

/// A directory of its own, gone when this is dropped.
pub(crate) struct TinyModel {
    directory: TempDir,
}

impl TinyModel {
    /// A copy of the golden case, without any token that ends an answer.
    pub(crate) fn of(case: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(golden_case(case).join("model")).unwrap() {
            let from = entry.unwrap().path();
            let to = directory.path().join(from.file_name().unwrap());
            fs::write(to, fs::read(from).unwrap()).unwrap();
        }
        let model = Self { directory };
        model.configure("eos_token_id", Value::Null);
        model.write_json("tokenizer.json", &tokenizer(VOCABULARY_SIZE));
        model
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.file(name), content).unwrap();
    }

    pub(crate) fn write_json(&self, name: &str, content: &Value) {
        self.write(name, &content.to_string());
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    /// Keeps the first `bytes` of a file.
    pub(crate) fn truncate(&self, name: &str, bytes: u64) {
        let file = fs::OpenOptions::new().write(true).open(self.file(name));
        file.unwrap().set_len(bytes).unwrap();
    }

    /// Sets a field of `config.json`.
    pub(crate) fn configure(&self, field: &str, value: Value) {
        let path = self.file("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        config[field] = value;
        fs::write(path, config.to_string()).unwrap();
    }
}

pub(crate) fn golden_case(name: &str) -> PathBuf {
    repository().join("tests/golden/cases").join(name)
}

/// The model that ships with the repository.
pub(crate) fn storyteller() -> PathBuf {
    repository().join("assets/storyteller")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A byte-level tokenizer with `size` ids that puts nothing around a text.
pub(crate) fn tokenizer(size: usize) -> Value {
    let characters = std::iter::once('Ġ').chain('!'..).map(String::from);
    let special = SPECIAL_TOKENS.map(str::to_owned);
    let vocabulary: serde_json::Map<String, Value> = special
        .into_iter()
        .chain(characters)
        .zip(0..size)
        .map(|(text, id)| (text, json!(id)))
        .collect();
    let added: Vec<Value> = (0..SPECIAL_TOKENS.len())
        .map(|id| {
            json!({"id": id, "content": SPECIAL_TOKENS[id], "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
        "use_regex": false});
    json!({"version": "1.0", "added_tokens": added, "pre_tokenizer": byte_level,
        "decoder": byte_level, "model": {"type": "BPE", "vocab": vocabulary, "merges": []}})
}

/// The same, but every text begins with `<s>`, to which it gives the id `begin_id`.
pub(crate) fn tokenizer_with_begin(begin_id: u32) -> Value {
    let mut tokenizer = tokenizer(VOCABULARY_SIZE);
    tokenizer["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [begin_id], "tokens": ["<s>"]}},
    });
    tokenizer
}
