//! `headroom train base`: text in, a model out.

use std::process::ExitCode;

use headroom_train::base::{BaseConfig, Preset, train_base};
use serde_json::Value;

use crate::arguments::TrainBaseArguments;
use crate::error::CliError;
use crate::train::ending;
use crate::train::fields::Fields;
use crate::train::watching::Watching;

pub(crate) fn run(arguments: &TrainBaseArguments) -> Result<ExitCode, CliError> {
    let preset = match (arguments.low_memory, arguments.ultra_low) {
        (true, _) => Preset::LowMemory.settings(),
        (_, true) => Preset::UltraLow.settings(),
        _ => Value::Null,
    };
    let fields = Fields::of(&preset)
        .with_file(arguments.config.as_deref())?
        .with_flags(&arguments.settings)?;
    let config = BaseConfig::from_fields(fields.into_value())?;
    let mut watching = Watching::new(arguments.profile, arguments.monitor);
    let outcome = train_base(&config, ending::resume(arguments.resume), &mut watching);
    watching.finish();
    ending::tell(&config.output, &outcome?, arguments.json)
}
