//! A row of tokens.

/// Tokens of one row, what each of them is to be followed by, and which of these predictions count. All
/// three are as long as the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the model sees.
    pub inputs: Vec<u32>,
    /// The token behind each of them.
    pub targets: Vec<u32>,
    /// Whether the prediction counts in the loss.
    pub counted: Vec<bool>,
}
