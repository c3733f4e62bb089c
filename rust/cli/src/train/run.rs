//! A training run, whatever it learns: settings from all who give some, somebody who watches, and
//! what is said at the end.

use std::path::Path;
use std::process::ExitCode;

use headroom_train::TrainError;
use headroom_train::run::{Outcome, Resume};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::TrainRunArguments;
use crate::error::CliError;
use crate::train::ending;
use crate::train::fields::Fields;
use crate::train::watching::Watching;

/// Settings of a run: flags go before the file, the file before the preset, which may be null.
pub(crate) fn settings(
    preset: &Value,
    arguments: &TrainRunArguments,
    flags: &impl Serialize,
) -> Result<Value, CliError> {
    let fields = Fields::of(preset).with_file(arguments.config.as_deref())?;
    Ok(fields.with_flags(flags)?.into_value())
}

/// Carries a run out that writes to `output`.
pub(crate) fn watched(
    arguments: &TrainRunArguments,
    output: &Path,
    train: impl FnOnce(Resume, &mut Watching) -> Result<Outcome, TrainError>,
) -> Result<ExitCode, CliError> {
    let resume = match arguments.resume {
        true => Resume::Yes,
        false => Resume::No,
    };
    let mut watching = Watching::new(arguments.profile, arguments.monitor);
    let outcome = train(resume, &mut watching);
    watching.finish();
    ending::tell(output, &outcome?, arguments.json)
}
