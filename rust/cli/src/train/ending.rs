//! What is said when a run has ended.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use headroom_train::run::Outcome;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::{figures, interrupt};

/// Prints what became of a run.
pub(crate) fn tell(output: &Path, outcome: &Outcome, as_json: bool) -> Result<ExitCode, CliError> {
    match as_json {
        true => writeln!(io::stdout(), "{:#}", json(output, outcome))?,
        false => writeln!(io::stdout(), "{}", sentence(output, outcome))?,
    }
    Ok(match outcome.model {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::from(interrupt::EXIT_CODE),
    })
}

fn json(output: &Path, outcome: &Outcome) -> Value {
    json!({
        "output": output,
        "finished": outcome.model.is_some(),
        "steps": outcome.steps,
        "all_steps": outcome.all_steps,
        "tokens": outcome.tokens,
        "loss": outcome.loss,
        "evaluation": outcome.evaluation,
        "peak_footprint_bytes": outcome.peak_footprint_bytes,
    })
}

fn sentence(output: &Path, outcome: &Outcome) -> String {
    let Outcome {
        steps, all_steps, ..
    } = outcome;
    let (output, tokens) = (output.display(), outcome.tokens);
    let loss = outcome
        .loss
        .map(|loss| format!(", loss {loss:.4}"))
        .unwrap_or_default();
    let bits = outcome.evaluation.map(|record| record.bits_per_byte);
    let bits = bits.map(|bits| format!(", {bits:.4} bits per byte held out"));
    let bits = bits.unwrap_or_default();
    let peak = outcome.peak_footprint_bytes.map(figures::size);
    let peak = peak
        .map(|peak| format!(", peak footprint {peak}"))
        .unwrap_or_default();
    match outcome.model {
        Some(_) => format!("{output}: trained {steps} steps on {tokens} tokens{loss}{bits}{peak}"),
        None => format!(
            "{output}: stopped and saved after {steps} of {all_steps} steps{loss}; go on with --resume"
        ),
    }
}
