//! From one checkpoint to another, tensor by tensor.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_mlx::allocator;
use headroom_models::contents;

use crate::configuration::configuration;
use crate::error::QuantizeError;
use crate::float_dtype::FloatDtype;
use crate::output_directory::{OutputDirectory, in_shards};
use crate::plan::{Step, changes_something, plan, total_bytes};
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
    /// The type of every number that is not packed, and of scales and biases that are numbers; `None`
    /// leaves each as it is. Matrices are packed from it, as mlx-lm does.
    pub dtype: Option<FloatDtype>,
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
    let steps = plan(&contents, &request.recipe, request.dtype)?;
    require_change(request, &steps)?;
    allocator::reset_peak()?;
    let tensors = steps.iter().flat_map(|step| step.written.clone());
    let shards = in_shards(tensors.collect());
    let mut writing = Writing {
        contents: &contents,
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
    output.write_json("config.json", &configuration(request)?)?;
    output.copy_companions(&request.model)?;
    output.finish()?;
    Report::of(&contents, &steps)
}

/// Refuses to copy a whole checkpoint for nothing.
fn require_change(request: &Request, steps: &[Step]) -> Result<(), QuantizeError> {
    if changes_something(steps) {
        return Ok(());
    }
    let path = request.model.clone();
    Err(match request.recipe {
        Recipe::Uniform(layout) => QuantizeError::NothingToQuantize { path, layout },
        Recipe::Mixed(_) => QuantizeError::MixedAlready { path },
        Recipe::Dense => QuantizeError::NotQuantized { path },
    })
}
