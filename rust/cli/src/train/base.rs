//! `headroom train base`: text in, a model out.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use headroom_memory::ByteSize;
use headroom_train::base::{BaseConfig, Preset, Resume, train_base};
use headroom_train::run::Outcome;
use serde_json::{Map, Value, json};

use crate::arguments::TrainBaseArguments;
use crate::error::CliError;
use crate::train::watching::Watching;
use crate::{figures, interrupt};

pub(crate) fn run(arguments: &TrainBaseArguments) -> Result<ExitCode, CliError> {
    let config = BaseConfig::from_fields(Value::Object(fields(arguments)?))?;
    let resume = match arguments.resume {
        true => Resume::Yes,
        false => Resume::No,
    };
    let mut watching = Watching::new(arguments.profile, arguments.monitor);
    let outcome = train_base(&config, resume, &mut watching);
    interrupt::end_on_interrupt();
    watching.finish();
    let outcome = outcome?;
    match arguments.json {
        true => writeln!(io::stdout(), "{:#}", json(&config, &outcome))?,
        false => print(&config, &outcome)?,
    }
    Ok(match outcome.model {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::from(interrupt::EXIT_CODE),
    })
}

/// What is said, the most particular last: preset, file, flags.
fn fields(arguments: &TrainBaseArguments) -> Result<Map<String, Value>, CliError> {
    let mut fields = Map::new();
    let preset = match (arguments.low_memory, arguments.ultra_low) {
        (true, _) => Some(Preset::LowMemory),
        (_, true) => Some(Preset::UltraLow),
        _ => None,
    };
    if let Some(Value::Object(preset)) = preset.map(Preset::settings) {
        fields.extend(preset);
    }
    if let Some(path) = &arguments.config {
        fields.extend(file(path)?);
    }
    let flags = serde_json::to_value(&arguments.settings).map_err(io::Error::other)?;
    let said = flags.as_object().into_iter().flatten();
    let said = said.filter(|(_, value)| !value.is_null() && **value != Value::Bool(false));
    fields.extend(said.map(|(name, value)| (name.clone(), value.clone())));
    Ok(fields)
}

/// A TOML file's fields; a size may have its unit there, too.
fn file(path: &Path) -> Result<Map<String, Value>, CliError> {
    let unreadable = |reason: String| CliError::ReadConfig {
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let mut fields: Map<String, Value> =
        toml::from_str(&text).map_err(|error| unreadable(error.message().to_owned()))?;
    if let Some(Value::String(size)) = fields.get("max-memory") {
        let size: ByteSize = size.parse()?;
        fields.insert("max-memory".to_owned(), json!(size));
    }
    Ok(fields)
}

fn json(config: &BaseConfig, outcome: &Outcome) -> Value {
    json!({
        "output": config.output,
        "finished": outcome.model.is_some(),
        "steps": outcome.steps,
        "all_steps": outcome.all_steps,
        "tokens": outcome.tokens,
        "loss": outcome.loss,
        "evaluation": outcome.evaluation,
        "peak_footprint_bytes": outcome.peak_footprint_bytes,
    })
}

fn print(config: &BaseConfig, outcome: &Outcome) -> io::Result<()> {
    let mut stdout = io::stdout();
    let output = config.output.display();
    let loss = outcome
        .loss
        .map_or(String::new(), |loss| format!(", loss {loss:.4}"));
    let bits = outcome.evaluation.map(|record| record.bits_per_byte);
    let bits = bits.map_or(String::new(), |bits| {
        format!(", {bits:.4} bits per byte held out")
    });
    let peak = outcome.peak_footprint_bytes.map(figures::size);
    let peak = peak.map_or(String::new(), |peak| format!(", peak footprint {peak}"));
    match outcome.model {
        Some(_) => writeln!(
            stdout,
            "{output}: trained {} steps on {} tokens{loss}{bits}{peak}",
            outcome.steps, outcome.tokens
        ),
        None => writeln!(
            stdout,
            "{output}: stopped and saved after {} of {} steps{loss}; go on with --resume",
            outcome.steps, outcome.all_steps
        ),
    }
}
