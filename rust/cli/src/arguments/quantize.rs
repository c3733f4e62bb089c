//! Flags of `headroom quantize`.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser};

#[derive(Debug, Args)]
pub(crate) struct QuantizeArguments {
    /// A model's directory, a name that `headroom models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// Where to write the new checkpoint; nothing may lie there.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Bits for each value.
    #[arg(long, value_name = "BITS", default_value = "4",
          value_parser = PossibleValuesParser::new(["2", "3", "4", "5", "6", "8"]).try_map(|bits| bits.parse::<u8>()))]
    pub(crate) bits: u8,
    /// Values that share a scale and a bias.
    #[arg(long, value_name = "N", default_value = "64",
          value_parser = PossibleValuesParser::new(["32", "64", "128"]).try_map(|size| size.parse::<u16>()))]
    pub(crate) group_size: u16,
    /// Turn packed matrices back into floating-point numbers.
    #[arg(long, conflicts_with_all = ["bits", "group_size"])]
    pub(crate) dequantize: bool,
    /// Compare both models by how well they predict this text.
    #[arg(long, value_name = "FILE")]
    pub(crate) evaluate: Option<PathBuf>,
    /// Print one JSON object about what was written.
    #[arg(long)]
    pub(crate) json: bool,
}
