//! Flags of every command that takes one prompt.

use clap::Args;

/// What is put to a model.
#[derive(Debug, Args)]
pub(crate) struct PromptArguments {
    /// What to answer or continue; `-` reads standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: String,
    /// Instructions for the whole conversation.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// Continue the prompt as plain text, without the model's chat template.
    #[arg(long, conflicts_with = "system")]
    pub(crate) no_chat_template: bool,
}
