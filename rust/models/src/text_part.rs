//! Where a checkpoint keeps the text part of a model that also sees or hears.

use crate::tensor_source::TensorSource;

/// What the names of the text part's tensors begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextPart {
    prefix: &'static str,
    /// The name of its head.
    pub(crate) head: &'static str,
}

const ALONE: TextPart = TextPart {
    prefix: "model",
    head: "lm_head",
};
const WITH_OTHERS: [TextPart; 2] = [
    TextPart {
        prefix: "language_model.model",
        head: "language_model.lm_head",
    },
    TextPart {
        prefix: "model.language_model",
        head: "lm_head",
    },
];

impl TextPart {
    /// The part that has an embedding; where none has, that of a model that only reads.
    pub(crate) fn of(source: &dyn TensorSource) -> Self {
        let found = WITH_OTHERS
            .into_iter()
            .find(|part| source.contains(&part.tensor("embed_tokens.weight")));
        found.unwrap_or(ALONE)
    }

    /// The full name of one of its tensors.
    pub(crate) fn tensor(self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}
