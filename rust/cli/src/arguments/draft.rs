//! Flags of every command that may let a small model propose tokens.

use clap::Args;
use headroom_engine::DraftModel;

/// Speculative decoding: the same text, sooner where the small model is often right.
#[derive(Debug, Args)]
pub(crate) struct DraftArguments {
    /// A small model with the same tokenizer that proposes tokens; the text stays that of --model.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) draft_model: Option<String>,
    /// Tokens that it proposes at once, from 1 to 16.
    #[arg(long, value_name = "N", default_value_t = DraftModel::USUAL_TOKENS, requires = "draft_model")]
    pub(crate) num_draft_tokens: u32,
}
