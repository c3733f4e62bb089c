//! `headroom debug logits`: a model's numbers, for comparing.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use headroom_engine::{CacheKind, CacheSettings, Logits, LogitsRequest};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::arguments::LogitsArguments;
use crate::error::CliError;

pub(crate) fn run(arguments: &LogitsArguments) -> Result<ExitCode, CliError> {
    let request = LogitsRequest {
        directory: arguments.model.clone(),
        tokens: arguments.tokens.clone(),
        chunk: arguments.chunk.map(|chunk| chunk as usize),
        cache: CacheSettings {
            kind: kind(arguments),
            quantization: arguments.kv_cache.quantization(),
            quantized_start: arguments.kv_cache.quantized_kv_start,
            adapts: false,
        },
    };
    write(&request.run()?, &arguments.output).map_err(|reason| CliError::WriteFile {
        path: arguments.output.clone(),
        reason: reason.to_string(),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The two flags exclude each other.
fn kind(arguments: &LogitsArguments) -> CacheKind {
    match (arguments.kv_chunk_size, arguments.kv_cache.max_kv_size) {
        (Some(chunk_size), _) => CacheKind::Chunked { chunk_size },
        (None, Some(max_size)) => CacheKind::Rotating { max_size },
        (None, None) => CacheKind::Simple,
    }
}

/// Writes beside the final name and renames, so that the file is whole or not there.
fn write(logits: &Logits, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err("it is there and is no ordinary file".into());
    }
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
    let mut beside = readable_by_others().tempfile_in(directory.unwrap_or(Path::new(".")))?;
    beside.write_all(&file)?;
    beside.persist(path)?;
    Ok(())
}

/// As any program makes files, where a temporary one is for its owner alone.
fn readable_by_others() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(Permissions::from_mode(0o666));
    builder
}
