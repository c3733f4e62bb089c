//! Commands and flags of `headroom train`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headroom_memory::ByteSize;

#[derive(Debug, Subcommand)]
pub(crate) enum TrainCommand {
    /// Learn a byte-level BPE tokenizer from text.
    #[command(after_help = "Examples:\n  \
        headroom train tokenizer --data stories.txt --vocab 4096 --output tokenizer\n  \
        headroom train tokenizer --data shards --vocab 65536 --max-text 2GB --output tokenizer\n\n\
        DATA is a file, a directory of files or a dataset on the hub: Parquet with a column `text`, .jsonl with a field `text`, or .txt in which a \
        line <|endoftext|> ends a document. The last file, or the last hundredth of a single one, is not read: it validates.")]
    Tokenizer(TrainTokenizerArguments),
    /// Draw the loss, the learning rate and the memory of a run, also of one that is running.
    #[command(after_help = "Examples:\n  \
        headroom train plot --run target/train\n  \
        headroom train plot --run target/train --output plots\n\n\
        Writes loss.svg, learning_rate.svg and memory.svg, and prints their paths.")]
    Plot(TrainPlotArguments),
}

#[derive(Debug, Args)]
pub(crate) struct TrainPlotArguments {
    /// The output directory of a run.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: PathBuf,
    /// Where to write the plots; beside the run's log when absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TrainTokenizerArguments {
    /// A file of text, a directory of such files, or owner/name of a dataset on the hub.
    #[arg(long, value_name = "PATH_OR_ID")]
    pub(crate) data: String,
    /// Tokens in all: 256 bytes, 9 special tokens, and what is learned.
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub(crate) vocab: usize,
    /// Where to write the tokenizer; nothing may lie there.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Read no more text than this, such as 2GB; all of it when absent.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_text: Option<ByteSize>,
    /// Fail where a file or document cannot be read, instead of leaving it out.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print one JSON object about what was learned.
    #[arg(long)]
    pub(crate) json: bool,
}
