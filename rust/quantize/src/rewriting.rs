//! From one checkpoint to another, tensor by tensor.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_formats::{ConfigFile, QuantizedLayout, read_bounded};
use headroom_mlx::allocator;
use headroom_models::contents;
use serde_json::{Value, json};

use crate::error::QuantizeError;
use crate::output_directory::{OutputDirectory, in_shards};
use crate::plan::{Step, changed, plan, total_bytes};
use crate::recipe::Recipe;
use crate::report::Report;
use crate::writing::{Progress, Writing};

/// Which checkpoint is to be rewritten, how, and where to.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model's directory.
    pub model: PathBuf,
    /// The directory to be; nothing may lie there.
    pub output: PathBuf,
    /// What becomes of matrices.
    pub recipe: Recipe,
}

/// Rewrites a checkpoint as `request` says. Must run on the thread that owns MLX, if one does. One
/// tensor is in memory at a time, and what it becomes.
///
/// # Errors
/// When the model does not pass the gate, nothing is left to change, the output is there already or
/// cannot be written, or `on_progress` stops it. Then nothing lies at the output.
pub fn rewrite(
    request: &Request,
    on_progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report, QuantizeError> {
    headroom_mlx::start()?;
    let output = OutputDirectory::begin(&request.output)?;
    let contents = contents(&request.model)?;
    let steps = plan(&contents, request.recipe)?;
    require_change(request, &steps)?;
    allocator::reset_peak()?;
    let tensors = steps.iter().flat_map(|step| step.written.clone());
    let shards = in_shards(tensors.collect());
    let mut writing = Writing {
        checkpoint: &contents.checkpoint,
        output: &output,
        shards: shards.iter(),
        current: None,
        progress: Progress {
            written_bytes: 0,
            total_bytes: total_bytes(&steps),
        },
    };
    for step in &steps {
        writing.write(step, on_progress)?;
    }
    writing.finish()?;
    output.write_index(&shards)?;
    output.write_json("config.json", &config(request)?)?;
    output.copy_companions(&request.model)?;
    output.finish()?;
    Report::of(&contents, &steps)
}

/// Refuses to copy a whole checkpoint for nothing.
fn require_change(request: &Request, steps: &[Step]) -> Result<(), QuantizeError> {
    if changed(steps) > 0 {
        return Ok(());
    }
    let path = request.model.clone();
    Err(match request.recipe {
        Recipe::Affine(layout) => QuantizeError::NothingToQuantize { path, layout },
        Recipe::Dense => QuantizeError::NotQuantized { path },
    })
}

const CONFIG_LIMIT_BYTES: u64 = 8 << 20;

/// `config.json` with what it says of quantisation replaced, twice as mlx-lm writes it.
fn config(request: &Request) -> Result<Value, QuantizeError> {
    let path = request.model.join("config.json");
    let bytes = read_bounded(&path, CONFIG_LIMIT_BYTES)?;
    // These very bytes are an object, whatever the file was when its tensors were looked at.
    ConfigFile::parse(&bytes, &path)?;
    let mut config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let Some(fields) = config.as_object_mut() else {
        return Ok(config);
    };
    for name in ["quantization", "quantization_config"] {
        fields.remove(name);
        if let Recipe::Affine(QuantizedLayout { bits, group_size }) = request.recipe {
            let section = json!({"group_size": group_size, "bits": bits, "mode": "affine"});
            fields.insert(name.to_owned(), section);
        }
    }
    Ok(config)
}
