//! Every command and flag, each defined once: parser and help come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use headroom_engine::GenerateParameters;

/// Run language models inside the memory that this machine really has.
#[derive(Debug, Parser)]
#[command(
    name = "headroom",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  headroom memory\n  headroom generate --model assets/storyteller --prompt 'Tell me a story about a fox.'"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what memory this process may use, uses and could still take.
    #[command(
        after_help = "Examples:\n  headroom memory\n  headroom memory --json\n  headroom memory --watch 5"
    )]
    Memory(MemoryArguments),
    /// Generate text from a prompt.
    #[command(after_help = "Examples:\n  \
        headroom generate --model assets/storyteller --prompt 'Tell me a story about a fox.'\n  \
        headroom generate --model assets/storyteller --prompt 'Once upon a time' --no-chat-template --temp 0.7 --seed 1\n  \
        echo 'Hello' | headroom generate --model assets/storyteller --prompt - --json")]
    Generate(GenerateArguments),
    /// Look inside a model.
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        headroom debug logits --model assets/storyteller --tokens 1,2,3 --output logits.safetensors"
    )]
    Debug(DebugCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DebugCommand {
    /// Feed token ids through the KV cache and write the logits.
    #[command(after_help = "Examples:\n  \
        headroom debug logits --model assets/storyteller --tokens 1,2,3 --chunk 2 --output logits.safetensors")]
    Logits(LogitsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct MemoryArguments {
    /// Print one JSON object; a figure that is unknown is null.
    #[arg(long)]
    pub(crate) json: bool,
    /// Read again every SECONDS until interrupted.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) watch: Option<u64>,
}

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct GenerateArguments {
    /// A model's directory: config.json, safetensors and tokenizer.json, as Hugging Face and
    /// mlx-community publish them.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// What to answer or continue; `-` reads standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: String,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    /// Instructions for the whole conversation.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// Continue the prompt as plain text, without the model's chat template.
    #[arg(long, conflicts_with = "system")]
    pub(crate) no_chat_template: bool,
    /// Print load time, speeds and memory to standard error, even when it is no terminal.
    #[arg(long)]
    pub(crate) memory_stats: bool,
    /// Print one JSON object at the end instead of streaming text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to choose tokens.
#[derive(Debug, Args)]
pub(crate) struct SamplingArguments {
    /// The most tokens to generate.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: u32,
    /// Temperature; 0 always takes the likeliest token.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temp: f32,
    /// Draw from the likeliest tokens that together have this probability.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f32,
    /// Draw from this many of the likeliest tokens; 0 means all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: u32,
    /// Draw from tokens at least this share as likely as the likeliest.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    min_p: f32,
    /// Above 1, tokens among the last 20 become less likely.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    repetition_penalty: f32,
    /// Same seed, same prompt, same text; a new one each time when absent.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// End the answer before this text; may be given several times.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    stop: Vec<String>,
    /// Prompt tokens computed at once; fewer take less memory.
    #[arg(long, value_name = "N", default_value_t = 512)]
    prefill_step: u32,
}

#[derive(Debug, Args)]
pub(crate) struct LogitsArguments {
    /// A model's directory; it needs no tokenizer.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Token ids, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub(crate) tokens: Vec<u32>,
    /// Feed this many at a time; all at once when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) chunk: Option<u32>,
    /// Where to write tensor `logits`, float32 (tokens, vocabulary).
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

impl From<&SamplingArguments> for GenerateParameters {
    fn from(arguments: &SamplingArguments) -> Self {
        Self {
            max_tokens: arguments.max_tokens,
            temperature: arguments.temp,
            top_p: arguments.top_p,
            top_k: arguments.top_k,
            min_p: arguments.min_p,
            repetition_penalty: arguments.repetition_penalty,
            seed: arguments.seed,
            stop: arguments.stop.clone(),
            prefill_step: arguments.prefill_step,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn commands_and_flags_do_not_contradict_each_other() {
        super::Arguments::command().debug_assert();
    }
}
