//! One hostile input and what must be said about it.

/// An input for one gate, built here byte for byte.
pub(crate) struct Case {
    /// What is wrong with it, unique within its gate.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// What the refusal must contain.
    pub(crate) expected: String,
}

impl Case {
    /// A case whose file is text.
    pub(crate) fn text(name: &str, text: impl Into<String>, expected: &str) -> Self {
        Self::bytes(name, text.into().into_bytes(), expected)
    }

    /// A case whose file is anything.
    pub(crate) fn bytes(name: &str, bytes: Vec<u8>, expected: &str) -> Self {
        Self {
            name: name.to_owned(),
            bytes,
            expected: expected.to_owned(),
        }
    }
}
