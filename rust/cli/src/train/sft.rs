//! `headroom train sft`: a model and conversations in, a model that answers out.

use std::process::ExitCode;

use headroom_train::sft::{SftConfig, train_sft};
use serde_json::Value;

use crate::arguments::TrainSftArguments;
use crate::error::CliError;
use crate::train::ending;
use crate::train::fields::Fields;
use crate::train::watching::Watching;

pub(crate) fn run(arguments: &TrainSftArguments) -> Result<ExitCode, CliError> {
    let fields = Fields::of(&Value::Null)
        .with_file(arguments.config.as_deref())?
        .with_flags(&arguments.settings)?;
    let config = SftConfig::from_fields(fields.into_value())?;
    let mut watching = Watching::new(arguments.profile, arguments.monitor);
    let outcome = train_sft(&config, ending::resume(arguments.resume), &mut watching);
    watching.finish();
    ending::tell(&config.output, &outcome?, arguments.json)
}
