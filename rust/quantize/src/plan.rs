//! What is written, in order, before anything is computed.

use std::collections::{BTreeMap, BTreeSet};

use headroom_formats::{Dtype, FormatError, LayerQuantization, PlannedTensor};
use headroom_models::{ModelContents, StoredMatrix};

use crate::recipe::{Change, Recipe};

/// One tensor of the model, or one matrix with what belongs to it, and what it becomes.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) source: Source,
    /// What is written for it.
    pub(crate) written: Vec<PlannedTensor>,
}

/// Where a step's bytes come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A tensor that is copied.
    Copy(String),
    /// The matrix of a layer, which is changed.
    Matrix { layer: String, change: Change },
}

/// Every step, in the order in which the model names its tensors.
pub(crate) fn plan(contents: &ModelContents, recipe: Recipe) -> Result<Vec<Step>, FormatError> {
    let matrices = contents.matrices.iter();
    let matrices: BTreeMap<_, _> = matrices
        .map(|matrix| (format!("{}.weight", matrix.layer), matrix))
        .collect();
    let belongings = contents.matrices.iter().filter(|matrix| is_packed(matrix));
    let belongings: BTreeSet<_> = belongings
        .flat_map(|matrix| ["scales", "biases"].map(|part| format!("{}.{part}", matrix.layer)))
        .collect();
    let tensors = contents.tensors.iter();
    let leading = tensors.filter(|tensor| !belongings.contains(&tensor.name));
    let steps = leading.map(|tensor| match matrices.get(&tensor.name) {
        Some(matrix) => step_of_matrix(contents, matrix, recipe),
        None => Ok(vec![copy(contents, &tensor.name)?]),
    });
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    Ok(steps.into_iter().flatten().collect())
}

fn is_packed(matrix: &StoredMatrix) -> bool {
    matrix.stored_as != LayerQuantization::Dense
}

fn step_of_matrix(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    recipe: Recipe,
) -> Result<Vec<Step>, FormatError> {
    let layer = &matrix.layer;
    let name = |part: &str| format!("{layer}.{part}");
    let change = recipe.change(matrix);
    let written = match change {
        Change::None => {
            let parts: &[&str] = match is_packed(matrix) {
                true => &["weight", "scales", "biases"],
                false => &["weight"],
            };
            return parts
                .iter()
                .map(|part| copy(contents, &name(part)))
                .collect();
        }
        Change::Unpack(_) => vec![PlannedTensor {
            name: name("weight"),
            dtype: float_of(contents, matrix)?,
            shape: shape(contents, matrix)?.to_vec(),
        }],
        Change::Pack(to) | Change::Repack { to, .. } => {
            let float = float_of(contents, matrix)?;
            let [weight, scales, biases] = to.expected_tensors(layer, &shape(contents, matrix)?)?;
            [(weight, Dtype::Uint32), (scales, float), (biases, float)]
                .map(|(tensor, dtype)| PlannedTensor {
                    name: tensor.name,
                    dtype,
                    shape: tensor.shape,
                })
                .into()
        }
    };
    let layer = layer.clone();
    Ok(vec![Step {
        source: Source::Matrix { layer, change },
        written,
    }])
}

/// The type of the matrix's numbers, or of its scales.
fn float_of(contents: &ModelContents, matrix: &StoredMatrix) -> Result<Dtype, FormatError> {
    let part = match is_packed(matrix) {
        true => "scales",
        false => "weight",
    };
    let name = format!("{}.{part}", matrix.layer);
    let info = contents.checkpoint.info(&name);
    let info = info.ok_or_else(|| contents.checkpoint.no_tensor(&name))?;
    Ok(info.dtype)
}

/// `(outputs, inputs)`
fn shape(contents: &ModelContents, matrix: &StoredMatrix) -> Result<[usize; 2], FormatError> {
    let name = format!("{}.weight", matrix.layer);
    let info = contents.checkpoint.info(&name);
    let info = info.ok_or_else(|| contents.checkpoint.no_tensor(&name))?;
    Ok([info.shape.first().copied().unwrap_or(0), matrix.inputs])
}

fn copy(contents: &ModelContents, name: &str) -> Result<Step, FormatError> {
    let info = contents.checkpoint.info(name);
    let info = info.ok_or_else(|| contents.checkpoint.no_tensor(name))?;
    Ok(Step {
        source: Source::Copy(name.to_owned()),
        written: vec![PlannedTensor {
            name: name.to_owned(),
            dtype: info.dtype,
            shape: info.shape.clone(),
        }],
    })
}

/// How many matrices are changed.
pub(crate) fn changed(steps: &[Step]) -> usize {
    let matrices = steps.iter();
    matrices
        .filter(|step| matches!(step.source, Source::Matrix { .. }))
        .count()
}

/// Bytes of everything that is written.
pub(crate) fn total_bytes(steps: &[Step]) -> u64 {
    let written = steps.iter().flat_map(|step| &step.written);
    written.map(PlannedTensor::byte_len).sum()
}
