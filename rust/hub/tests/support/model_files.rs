//! A model small enough to be made here, and the list of files that a hub gives of it.

use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A repository's files.
#[derive(Clone)]
pub(crate) struct ModelFiles {
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
}

impl ModelFiles {
    /// What the gate takes for a model, with weights of about 100 kB, and a file that is not needed.
    pub(crate) fn small() -> Self {
        Self {
            files: vec![
                ("README.md", b"not needed".to_vec()),
                ("config.json", br#"{"model_type":"llama"}"#.to_vec()),
                ("model.safetensors", weights()),
                ("tokenizer.json", b"{}".to_vec()),
            ],
        }
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        let found = self.files.iter().find(|(own, _)| *own == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The answer of the hub's API; weights are large files, the rest lies in git.
    pub(crate) fn listing(&self) -> Value {
        let siblings: Vec<_> = self
            .files
            .iter()
            .map(|(name, bytes)| sibling(name, bytes))
            .collect();
        json!({"id": "owner/name", "sha": COMMIT, "siblings": siblings})
    }
}

fn sibling(name: &str, bytes: &[u8]) -> Value {
    let mut sibling = json!({"rfilename": name, "size": bytes.len(), "blobId": git_blob(bytes)});
    if name.ends_with(".safetensors") {
        sibling["lfs"] = json!({"sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134});
    }
    sibling
}

/// A safetensors file with one tensor whose bytes all differ from their neighbours.
fn weights() -> Vec<u8> {
    const LENGTH: usize = 100_000;
    let header =
        format!(r#"{{"w":{{"dtype":"U8","shape":[{LENGTH}],"data_offsets":[0,{LENGTH}]}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend((0..LENGTH).map(|place| (place * 7 % 251) as u8));
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(crate) fn git_blob(bytes: &[u8]) -> String {
    let mut digest = Sha1::new_with_prefix(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    hexadecimal(&digest.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
