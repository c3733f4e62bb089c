//! Flags of `headroom quantize`.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser};
use headroom_quantize::{FloatDtype, Mode};

#[derive(Debug, Args)]
pub(crate) struct QuantizeArguments {
    /// A model's directory, a name that `headroom models` lists, or owner/name on the hub.
    #[arg(long, value_name = "DIR_OR_ID")]
    pub(crate) model: String,
    /// Where to write the new checkpoint; nothing may lie there.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// How values are packed: whole numbers (affine), or small floating-point ones.
    #[arg(long, value_name = "MODE", default_value = "affine",
          value_parser = PossibleValuesParser::new(Mode::NAMES).try_map(|mode| mode.parse::<Mode>()))]
    pub(crate) mode: Mode,
    /// Bits for each value; 4 in mode affine, where it is not given. The other modes have their own.
    #[arg(long, value_name = "BITS",
          value_parser = PossibleValuesParser::new(["2", "3", "4", "5", "6", "8"]).try_map(|bits| bits.parse::<u8>()))]
    pub(crate) bits: Option<u8>,
    /// Values that share a scale; 64 in mode affine, where it is not given.
    #[arg(long, value_name = "N",
          value_parser = PossibleValuesParser::new(["16", "32", "64", "128"]).try_map(|size| size.parse::<u16>()))]
    pub(crate) group_size: Option<u16>,
    /// Give each matrix as many bits as its share in the loss deserves, N per weight at most on average,
    /// scales and biases counted.
    #[arg(long, value_name = "N", requires = "calibration", conflicts_with_all = ["mode", "bits"], value_parser = target_bits)]
    pub(crate) target_bits: Option<f64>,
    /// The text on which that share is measured.
    #[arg(long, value_name = "FILE", requires = "target_bits")]
    pub(crate) calibration: Option<PathBuf>,
    /// Measure on this many tokens from the beginning of the text, at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1024,
        requires = "target_bits"
    )]
    pub(crate) calibration_tokens: usize,
    /// The type of numbers that are not packed, and of scales and biases; as the model has them, where
    /// it is not given.
    #[arg(long, value_name = "TYPE",
          value_parser = PossibleValuesParser::new(FloatDtype::NAMES).try_map(|name| name.parse::<FloatDtype>()))]
    pub(crate) dtype: Option<FloatDtype>,
    /// Turn packed matrices back into floating-point numbers.
    #[arg(long, conflicts_with_all = ["mode", "bits", "group_size", "target_bits"])]
    pub(crate) dequantize: bool,
    /// Compare both models by how well they predict this text.
    #[arg(long, value_name = "FILE")]
    pub(crate) evaluate: Option<PathBuf>,
    /// Print one JSON object about what was written.
    #[arg(long)]
    pub(crate) json: bool,
}

fn target_bits(text: &str) -> Result<f64, String> {
    let bits = text.parse::<f64>().ok();
    let bits = bits.filter(|bits| bits.is_finite() && *bits > 0.0);
    bits.ok_or_else(|| "must be a number of bits, such as 4.5".to_owned())
}
