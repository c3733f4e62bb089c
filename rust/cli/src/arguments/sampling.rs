//! Flags of every command that chooses tokens.

use std::fs::File;
use std::io::Read;

use clap::Args;
use headroom_engine::{GenerateParameters, OutputConstraint};

/// The engine refuses schemas of this size, so none needs to be read further.
const SCHEMA_LIMIT_BYTES: u64 = 2 << 20;

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
    /// Taken once from the logits of tokens among the last 20.
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    presence_penalty: f32,
    /// Taken from a token's logit for every time that it is among the last 20.
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    frequency_penalty: f32,
    /// Add BIAS, from -100 to 100, to the logit of token ID; may be given several times.
    #[arg(long, value_name = "ID=BIAS", value_parser = token_bias)]
    logit_bias: Vec<(u32, f32)>,
    /// Same seed, same prompt, same text; a new one each time when absent.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Let the answer end no earlier than after this many tokens.
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_tokens: u32,
    /// Answer with JSON that this schema accepts; `@FILE` reads it from a file.
    #[arg(long, value_name = "TEXT_OR_@FILE", value_parser = text_or_file, conflicts_with = "regex")]
    json_schema: Option<String>,
    /// Answer with a text that this pattern matches from its beginning to its end.
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    regex: Option<String>,
    /// End the answer before this text; may be given several times.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    stop: Vec<String>,
    /// Prompt tokens computed at once; fewer take less memory. 512 unless a strategy says otherwise.
    #[arg(long, value_name = "N")]
    pub(crate) prefill_step: Option<u32>,
}

impl SamplingArguments {
    fn constraint(&self) -> Option<OutputConstraint> {
        let schema = self.json_schema.clone().map(OutputConstraint::JsonSchema);
        schema.or_else(|| self.regex.clone().map(OutputConstraint::Regex))
    }
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
            presence_penalty: arguments.presence_penalty,
            frequency_penalty: arguments.frequency_penalty,
            logit_bias: arguments.logit_bias.iter().copied().collect(),
            min_tokens: arguments.min_tokens,
            constraint: arguments.constraint(),
            seed: arguments.seed,
            stop: arguments.stop.clone(),
            ..Self::default()
        }
    }
}

/// `ID=BIAS`.
fn token_bias(text: &str) -> Result<(u32, f32), String> {
    let (id, bias) = text
        .split_once('=')
        .ok_or("write a token's id, `=` and its bias, such as 11=-2.5")?;
    let id = id.trim().parse();
    let id = id.map_err(|_| "in front of `=` must stand a token's id, such as 11")?;
    let bias = bias.trim().parse();
    let bias = bias.map_err(|_| "after `=` must stand a number, such as -2.5")?;
    Ok((id, bias))
}

fn text_or_file(text: &str) -> Result<String, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.to_owned());
    };
    let mut content = String::new();
    let read = File::open(path)
        .and_then(|file| file.take(SCHEMA_LIMIT_BYTES).read_to_string(&mut content));
    match read {
        Ok(_) => Ok(content),
        Err(error) => Err(format!("{path} cannot be read: {error}")),
    }
}
