//! Whether two checkpoints are the same model, without reading all of it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::checkpoint::Checkpoint;
use crate::error::FormatError;
use crate::shard::TensorInfo;

/// Bytes that are read of each tensor, from its middle: training moves nearly every weight, so that
/// few of them tell two models apart.
const SAMPLE_BYTES: u64 = 512;

impl Checkpoint {
    /// A SHA-256, in hexadecimal digits, of `config` and of every tensor's name, type, shape and a
    /// sample of its bytes. Files that are cut into shards in another way have the same one.
    ///
    /// # Errors
    /// When a file cannot be read or has changed its length since it was opened.
    pub fn fingerprint(&self, config: &[u8]) -> Result<String, FormatError> {
        let mut digest = Sha256::new();
        add(&mut digest, config);
        for (name, info) in self.tensors() {
            add(&mut digest, name.as_bytes());
            let form = format!("{:?} {:?}", info.dtype, info.shape);
            add(&mut digest, form.as_bytes());
            add(&mut digest, &self.sample(name, info)?);
        }
        let mut digits = String::new();
        for byte in digest.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(digits)
    }

    fn sample(&self, name: &str, info: &TensorInfo) -> Result<Vec<u8>, FormatError> {
        let length = info.byte_len().min(SAMPLE_BYTES);
        let first = (info.byte_len() - length) / 2;
        self.read_part(name, first, length)
    }
}

/// With its length, so that no two lists of parts read alike.
fn add(digest: &mut Sha256, part: &[u8]) {
    digest.update((part.len() as u64).to_le_bytes());
    digest.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files::{TestDirectory, valid_file};

    fn fingerprint(config: &str, values: &[u8], shape: &[usize]) -> String {
        let directory = TestDirectory::new();
        let file = valid_file(&[("a", "U8", shape, values), ("b", "U8", &[1], &[7])]);
        let path = directory.write("model.safetensors", &file);
        let checkpoint = Checkpoint::open_file(&path).unwrap();
        checkpoint.fingerprint(config.as_bytes()).unwrap()
    }

    #[test]
    fn the_same_model_has_the_same_one() {
        assert_eq!(
            fingerprint("{}", &[1; 2000], &[2000]),
            fingerprint("{}", &[1; 2000], &[2000])
        );
    }

    #[test]
    fn another_configuration_shape_or_weight_makes_another() {
        let one = fingerprint("{}", &[1; 2000], &[2000]);
        let mut moved = [1; 2000];
        moved[1000] = 2;
        assert_ne!(one, fingerprint("{ }", &[1; 2000], &[2000]));
        assert_ne!(one, fingerprint("{}", &[1; 2000], &[2, 1000]));
        assert_ne!(one, fingerprint("{}", &moved, &[2000]));
    }
}
