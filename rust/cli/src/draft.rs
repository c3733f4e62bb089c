//! The small model that `--draft-model` names.

use headroom_engine::{Admission, DraftModel, Model};

use crate::arguments::DraftArguments;
use crate::error::CliError;
use crate::load;

/// Loads it, where one is named.
pub(crate) fn draft(
    arguments: &DraftArguments,
    target: &Model,
    admission: Admission,
) -> Result<Option<DraftModel>, CliError> {
    let Some(name) = &arguments.draft_model else {
        return Ok(None);
    };
    let draft = load::model(name, admission)?;
    let draft = DraftModel::new(target, &draft, arguments.num_draft_tokens)?;
    Ok(Some(draft))
}
