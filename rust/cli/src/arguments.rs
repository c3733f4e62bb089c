//! Every command and flag, each defined once: parser and help come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use headroom_engine::GenerateParameters;
use headroom_memory::{ByteSize, KvQuantization, MaxMemory, Strategy};

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
    /// Read again every SECONDS: a live view on a terminal (q leaves), a line per reading elsewhere.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) watch: Option<u64>,
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
    /// Prompt tokens computed at once; fewer take less memory. 512 unless a strategy says otherwise.
    #[arg(long, value_name = "N")]
    pub(crate) prefill_step: Option<u32>,
}

/// How much memory may be taken, and what is done to take less.
#[derive(Debug, Args)]
pub(crate) struct MemoryUseArguments {
    /// How much may be given up to save memory: conservative, balanced or aggressive. Sets the
    /// prefill step and the KV cache where their own flags do not.
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<Strategy>,
    /// Set MLX's limits from the budget, by the strategy (balanced when none is given).
    #[arg(long)]
    pub(crate) adaptive_memory: bool,
    /// The most that this process may take, such as 7GiB or 512MB.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(crate) max_memory: Option<MaxMemory>,
    /// Print load time, speeds and memory to standard error, even when it is no terminal.
    #[arg(long)]
    pub(crate) memory_stats: bool,
    /// Print a line about memory to standard error while text comes, and one for each action.
    #[arg(long)]
    pub(crate) memory_monitoring: bool,
    /// Whether headroom acts when memory gets tight; without it, the system may end the process.
    #[arg(long, value_name = "ON_OR_OFF", default_value = "on")]
    pub(crate) governor: Governor,
}

/// `--governor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Governor {
    On,
    Off,
}

/// What the KV cache keeps, and how exactly.
#[derive(Debug, Args)]
pub(crate) struct KvCacheArguments {
    /// The most tokens whose keys and values are kept, the first few among them; all when absent.
    #[arg(long, value_name = "N")]
    pub(crate) max_kv_size: Option<u32>,
    /// Keep keys and values in this many bits: 2, 3, 4, 6 or 8 are quantised, 16 is bfloat16.
    #[arg(long, value_name = "BITS")]
    kv_bits: Option<u8>,
    /// Values that share a scale when quantised: 32, 64 or 128.
    #[arg(long, value_name = "N", default_value_t = 64)]
    kv_group_size: u32,
    /// Quantise from this many tokens on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) quantized_kv_start: u32,
}

impl KvCacheArguments {
    pub(crate) fn quantization(&self) -> Option<KvQuantization> {
        self.kv_bits.map(|bits| KvQuantization {
            bits,
            group_size: self.kv_group_size,
        })
    }
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
