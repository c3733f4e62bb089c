//! `headroom models`: which models there are, which fit here, and which is the best of those.

use std::io::{self, Write};
use std::process::ExitCode;

use headroom_engine::{memory_state, select_model};
use headroom_hub::{Candidate, Selection};
use headroom_memory::ByteSize;
use serde::Serialize;

use crate::arguments::ModelsArguments;
use crate::error::CliError;

pub(crate) fn run(arguments: &ModelsArguments) -> Result<ExitCode, CliError> {
    let selection = select_model(available_bytes(arguments)?, arguments.context);
    match arguments.json {
        true => print_json(&selection)?,
        false => print_table(&selection)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn available_bytes(arguments: &ModelsArguments) -> Result<u64, CliError> {
    match arguments.available {
        Some(available) => Ok(available.bytes()),
        None => memory_state()?
            .available_bytes
            .ok_or(CliError::UnknownAvailable),
    }
}

fn print_json(selection: &Selection) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(&JsonSelection::from(selection));
    let json = json.map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}

/// The contract's object.
#[derive(Serialize)]
struct JsonSelection<'a> {
    available_bytes: u64,
    context: u32,
    pick: Option<&'a str>,
    models: Vec<JsonModel<'a>>,
}

#[derive(Serialize)]
struct JsonModel<'a> {
    id: &'a str,
    name: &'a str,
    parameters: u64,
    weights_bytes: u64,
    kv_bytes_per_token: u64,
    needed_bytes: u64,
    fits: bool,
    runs: bool,
    reason: &'a str,
}

impl<'a> From<&'a Selection> for JsonSelection<'a> {
    fn from(selection: &'a Selection) -> Self {
        Self {
            available_bytes: selection.request.available_bytes,
            context: selection.request.context_tokens,
            pick: selection.pick.map(|model| model.id.as_str()),
            models: selection.candidates.iter().map(JsonModel::from).collect(),
        }
    }
}

impl<'a> From<&'a Candidate> for JsonModel<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        let model = candidate.model;
        Self {
            id: &model.id,
            name: &model.name,
            parameters: model.parameters,
            weights_bytes: model.weights_bytes,
            kv_bytes_per_token: model.kv_bytes_per_token(),
            needed_bytes: candidate.needed_bytes,
            fits: candidate.fits,
            runs: candidate.runs,
            reason: &candidate.reason,
        }
    }
}

fn print_table(selection: &Selection) -> Result<(), CliError> {
    let mut output = io::stdout();
    writeln!(
        output,
        "  {:13} {:>10} {:>10} {:>10}  with a context of {} tokens",
        "model", "parameters", "weights", "KV/token", selection.request.context_tokens
    )?;
    for candidate in &selection.candidates {
        let mark = if selection.pick == Some(candidate.model) {
            '*'
        } else {
            ' '
        };
        writeln!(output, "{mark} {}", row(candidate))?;
    }
    writeln!(output, "{}", selection.explanation())?;
    Ok(output.flush()?)
}

fn row(candidate: &Candidate) -> String {
    let model = candidate.model;
    format!(
        "{:13} {:>10} {:>10} {:>10}  {}",
        model.name,
        format!("{:.2}B", model.parameters as f64 / 1e9),
        ByteSize::from_bytes(model.weights_bytes),
        ByteSize::from_bytes(model.kv_bytes_per_token()),
        candidate.reason
    )
}
