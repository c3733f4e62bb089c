//! The checksum that a hub announces for each file, and the counting of it while bytes arrive.

use std::fmt;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What a file's bytes must come to. Its digits are also the name that the file has in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Checksum {
    /// Of a large file: SHA-256 of its bytes.
    Sha256([u8; 32]),
    /// Of a small file: the name that git gives it, SHA-1 of a length and its bytes.
    GitBlob([u8; 20]),
}

impl Checksum {
    /// Reads 64 hexadecimal digits.
    pub(crate) fn sha256(digits: &str) -> Option<Self> {
        bytes(digits).map(Self::Sha256)
    }

    /// Reads 40 hexadecimal digits.
    pub(crate) fn git_blob(digits: &str) -> Option<Self> {
        bytes(digits).map(Self::GitBlob)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Sha256(bytes) => bytes,
            Self::GitBlob(bytes) => bytes,
        };
        bytes
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Lower-case digits only: another spelling would be another name in the cache.
fn bytes<const LENGTH: usize>(digits: &str) -> Option<[u8; LENGTH]> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != 2 * LENGTH || !digits.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Counts a checksum over bytes as they come.
#[derive(Clone)]
pub(crate) enum Digester {
    Sha256(Sha256),
    GitBlob(Sha1),
}

impl Digester {
    /// For a file of `size_bytes` whose checksum should be `expected`.
    pub(crate) fn new(expected: Checksum, size_bytes: u64) -> Self {
        match expected {
            Checksum::Sha256(_) => Self::Sha256(Sha256::new()),
            Checksum::GitBlob(_) => {
                Self::GitBlob(Sha1::new_with_prefix(format!("blob {size_bytes}\0")))
            }
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::GitBlob(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Checksum {
        match self {
            Self::Sha256(digest) => Checksum::Sha256(digest.finalize().into()),
            Self::GitBlob(digest) => Checksum::GitBlob(digest.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_have_the_name_that_git_gives_them() {
        let hello = Checksum::git_blob("ce013625030ba8dba906f756967f9e9ca394464a").unwrap();
        let mut digester = Digester::new(hello, 6);
        digester.update(b"hel");
        digester.update(b"lo\n");
        assert_eq!(digester.finish(), hello);
    }

    #[test]
    fn large_files_have_the_sha_256_of_their_bytes() {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = Checksum::sha256(digits).unwrap();
        let mut digester = Digester::new(expected, 3);
        digester.update(b"abc");
        assert_eq!(digester.finish(), expected);
        assert_eq!(expected.to_string(), digits);
    }

    #[test]
    fn only_lower_case_digits_of_the_right_number_are_a_checksum() {
        assert_eq!(Checksum::git_blob(&"a".repeat(39)), None);
        assert_eq!(Checksum::git_blob(&"A".repeat(40)), None);
        assert_eq!(Checksum::git_blob(&"g".repeat(40)), None);
        assert_eq!(Checksum::sha256(&"é".repeat(32)), None);
        assert_eq!(
            Checksum::sha256("../../../../../../../../etc/passwd/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            None
        );
    }
}
