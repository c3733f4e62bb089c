//! Every command and flag, each defined once: parser and help come from here.

mod cache_prompt;
mod chat;
mod draft;
mod kv_cache;
mod memory_use;
mod prompt_cache;
mod quantize;
mod sampling;
mod train;
mod train_base;
mod train_run;
mod train_sft;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use headroom_memory::ByteSize;

pub(crate) use cache_prompt::CachePromptArguments;
pub(crate) use chat::ChatArguments;
pub(crate) use draft::DraftArguments;
pub(crate) use kv_cache::KvCacheArguments;
pub(crate) use memory_use::{Governor, MemoryUseArguments};
pub(crate) use prompt_cache::PromptCacheArguments;
pub(crate) use quantize::QuantizeArguments;
pub(crate) use sampling::SamplingArguments;
pub(crate) use train::{TrainCommand, TrainPlotArguments, TrainTokenizerArguments};
pub(crate) use train_base::TrainBaseArguments;
pub(crate) use train_run::TrainRunArguments;
pub(crate) use train_sft::TrainSftArguments;

/// Run language models inside the memory that this machine really has.
#[derive(Debug, Parser)]
#[command(
    name = "headroom",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  headroom memory\n  headroom generate --model assets/storyteller --prompt 'Tell me a story about a fox.'\n  headroom chat --model assets/storyteller"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what memory this process may use, uses and could still take.
    #[command(
        after_help = "Examples:\n  headroom memory\n  headroom memory --json\n  headroom memory --watch 5\n  headroom memory --watch --run target/train"
    )]
    Memory(MemoryArguments),
    /// Show the models there are, what each needs, and which is the best that fits.
    #[command(
        after_help = "Examples:\n  headroom models\n  headroom models --available 4GB --context 8192\n  headroom models --json"
    )]
    Models(ModelsArguments),
    /// Download a model into the cache that Hugging Face's tools share, and print its directory.
    #[command(after_help = "Examples:\n  \
        headroom pull Qwen3-0.6B\n  \
        headroom pull mlx-community/SmolLM3-3B-4bit\n\n\
        HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean to Hugging Face's own tools.")]
    Pull(PullArguments),
    /// Generate text from a prompt.
    #[command(after_help = "Examples:\n  \
        headroom generate --model assets/storyteller --prompt 'Tell me a story about a fox.'\n  \
        headroom generate --model assets/storyteller --prompt 'Once upon a time' --no-chat-template --temp 0.7 --seed 1\n  \
        headroom generate --model assets/storyteller --prompt 'Is a fox a bird?' --regex '(yes|no)'\n  \
        headroom generate --model assets/storyteller --system 'Be brief.' --prompt 'Hello' --prompt-cache brief.cache\n  \
        echo 'Hello' | headroom generate --model assets/storyteller --prompt - --json")]
    Generate(GenerateArguments),
    /// Hold a conversation; /help lists what can be asked of it.
    #[command(after_help = "Examples:\n  \
        headroom chat --model assets/storyteller --temp 0.7\n  \
        headroom chat --model assets/storyteller --system 'You tell short stories.' --adaptive-memory\n  \
        headroom chat --model assets/storyteller --prompt-cache yesterday.chat --memory-stats\n  \
        printf 'Tell me a story.\\nAnd then?\\n' | headroom chat --model assets/storyteller\n\n\
        Ctrl-C during an answer ends the answer and keeps what was said; at the prompt it clears the line. Ctrl-D leaves. \
        Without a terminal every line of standard input is a question or a command.")]
    Chat(ChatArguments),
    /// Compute a prompt once and keep what the model has seen of it in a file.
    #[command(after_help = "Examples:\n  \
        headroom cache-prompt --model assets/storyteller --system 'Be brief.' --output brief.cache\n  \
        headroom cache-prompt --model assets/storyteller --prompt - --no-chat-template --output book.cache < book.txt\n  \
        headroom generate --model assets/storyteller --system 'Be brief.' --prompt 'Hello' --prompt-cache brief.cache\n\n\
        A prompt that begins with the same tokens starts from there. A KV cache that --max-kv-size has cut cannot go \
        back, so it only serves prompts that go on where it ended.")]
    CachePrompt(CachePromptArguments),
    /// Write a model again with fewer bits for each weight, or with all of them.
    #[command(after_help = "Examples:\n  \
        headroom quantize --model Qwen3-0.6B-bf16 --bits 4 --output Qwen3-0.6B-4bit\n  \
        headroom quantize --model Qwen3-0.6B-bf16 --mode mxfp4 --output Qwen3-0.6B-mxfp4\n  \
        headroom quantize --model Qwen3-0.6B-bf16 --target-bits 4.5 --calibration text.txt --output Qwen3-0.6B-mixed\n  \
        headroom quantize --model assets/storyteller --dequantize --output storyteller-16bit\n\n\
        One tensor is in memory at a time. mlx-lm reads what is written.")]
    Quantize(QuantizeArguments),
    /// Train a language model from nothing.
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        headroom train tokenizer --data stories.txt --vocab 4096 --output tokenizer\n  \
        headroom train base --depth 4 --context 512 --data stories.txt --tokenizer tokenizer --output run"
    )]
    Train(TrainCommand),
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
    /// Read again every SECONDS: a live view on a terminal (q leaves), a line per reading elsewhere.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) watch: Option<u64>,
    /// Show a training run beside it: the output directory that the run was given.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArguments {
    /// What may be taken, such as 4GB; what this process could take when absent.
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    pub(crate) available: Option<ByteSize>,
    /// Prompt and answer together, in tokens.
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) context: u32,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// A name that `headroom models` lists, or owner/name as on the hub.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
}

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct GenerateArguments {
    /// A model's directory, as Hugging Face and mlx-community publish them, a name that `headroom
    /// models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// What to answer or continue; `-` reads standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: String,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    #[command(flatten)]
    pub(crate) prompt_cache: PromptCacheArguments,
    #[command(flatten)]
    pub(crate) draft: DraftArguments,
    #[command(flatten)]
    pub(crate) memory: MemoryUseArguments,
    /// Instructions for the whole conversation.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) system: Option<String>,
    /// Continue the prompt as plain text, without the model's chat template.
    #[arg(long, conflicts_with = "system")]
    pub(crate) no_chat_template: bool,
    /// Print one JSON object at the end instead of streaming text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put into that object how likely each token was, and this many of the likeliest in its place; at
    /// most 20.
    #[arg(long, value_name = "N", requires = "json")]
    pub(crate) top_logprobs: Option<u32>,
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
    #[command(flatten)]
    pub(crate) kv_cache: KvCacheArguments,
    /// Let tokens see their own chunk of this many only (chunked attention), and keep no other.
    #[arg(long, value_name = "N", conflicts_with = "max_kv_size", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) kv_chunk_size: Option<u32>,
    /// Where to write tensor `logits`, float32 (tokens, vocabulary).
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn commands_and_flags_do_not_contradict_each_other() {
        super::Arguments::command().debug_assert();
    }
}
