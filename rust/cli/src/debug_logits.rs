//! `headroom debug logits`: a model's numbers, for comparing.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use headroom_engine::{Logits, LogitsRequest};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::NamedTempFile;

use crate::arguments::LogitsArguments;
use crate::error::CliError;

pub(crate) fn run(arguments: &LogitsArguments) -> Result<ExitCode, CliError> {
    let request = LogitsRequest {
        directory: arguments.model.clone(),
        tokens: arguments.tokens.clone(),
        chunk: arguments.chunk.map(|chunk| chunk as usize),
    };
    write(&request.run()?, &arguments.output).map_err(|reason| CliError::WriteFile {
        path: arguments.output.clone(),
        reason: reason.to_string(),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the final name and renames, so that the file is whole or not there.
fn write(logits: &Logits, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let columns = logits.vocabulary_size as usize;
    let bytes: Vec<u8> = logits
        .values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let tensor = TensorView::new(
        Dtype::F32,
        vec![logits.values.len() / columns, columns],
        &bytes,
    )?;
    let file = safetensors::serialize([("logits", tensor)], None::<HashMap<String, String>>)?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut beside = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    beside.write_all(&file)?;
    beside.persist(path)?;
    Ok(())
}
