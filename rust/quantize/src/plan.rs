//! What is written, in order, before anything is computed.

use std::collections::{BTreeMap, BTreeSet};

use headroom_formats::{
    Dtype, DtypeRule, ExpectedTensor, FormatError, LayerQuantization, PlannedTensor,
    QuantizedLayout,
};
use headroom_models::{ModelContents, StoredMatrix};

use crate::float_dtype::FloatDtype;
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
    /// A tensor whose numbers get another type.
    Cast { name: String, to: FloatDtype },
    /// A matrix, which is changed.
    Matrix {
        matrix: StoredMatrix,
        change: Change,
        /// The type that its numbers have before they are packed, or for good.
        float: Option<FloatDtype>,
    },
}

/// Every step, in the order in which the model names its tensors.
pub(crate) fn plan(
    contents: &ModelContents,
    recipe: &Recipe,
    float: Option<FloatDtype>,
) -> Result<Vec<Step>, FormatError> {
    let matrices = contents.matrices.iter();
    let matrices: BTreeMap<_, _> = matrices
        .map(|matrix| (format!("{}.weight", matrix.layer), matrix))
        .collect();
    let belongings = contents.matrices.iter();
    let belongings: BTreeSet<_> = belongings
        .flat_map(|matrix| ["scales", "biases"].map(|part| format!("{}.{part}", matrix.layer)))
        .collect();
    let tensors = contents.tensors.iter();
    let leading = tensors.filter(|tensor| !belongings.contains(&tensor.name));
    let steps = leading.map(|tensor| match matrices.get(&tensor.name) {
        Some(matrix) => steps_of_matrix(contents, matrix, recipe, float),
        None => Ok(vec![keep(contents, &tensor.name, float)?]),
    });
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    Ok(steps.into_iter().flatten().collect())
}

fn steps_of_matrix(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    recipe: &Recipe,
    float: Option<FloatDtype>,
) -> Result<Vec<Step>, FormatError> {
    let change = recipe.change(matrix);
    let written = written_for(contents, matrix, change, float)?;
    let is_dense = matrix.stored_as == LayerQuantization::Dense;
    let stored = float_of(contents, matrix)?;
    let is_cast = is_dense && float.is_some_and(|float| float.stored() != stored);
    if change == Change::None && !is_cast {
        let parts = written.iter();
        return parts
            .map(|part| keep(contents, &part.name, float))
            .collect();
    }
    let matrix = matrix.clone();
    Ok(vec![Step {
        source: Source::Matrix {
            matrix,
            change,
            float,
        },
        written,
    }])
}

/// The tensors that a matrix becomes.
pub(crate) fn written_for(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    change: Change,
    float: Option<FloatDtype>,
) -> Result<Vec<PlannedTensor>, FormatError> {
    let shape = [contents.outputs(matrix), matrix.inputs];
    let stored_as = match change {
        Change::None => matrix.stored_as,
        Change::Pack(to) => LayerQuantization::Quantized(to),
        Change::Unpack => LayerQuantization::Dense,
    };
    let tensors = match stored_as {
        LayerQuantization::Quantized(layout) => {
            let tensors = layout.expected_tensors(&matrix.layer, &shape)?;
            tensors.into_vec()
        }
        LayerQuantization::Dense => {
            let name = format!("{}.weight", matrix.layer);
            vec![ExpectedTensor::float(name, shape)]
        }
    };
    let float = match float {
        Some(float) => float.stored(),
        None => float_of(contents, matrix)?,
    };
    let planned = tensors.into_iter().map(|tensor| PlannedTensor {
        dtype: match tensor.dtype {
            DtypeRule::Exactly(dtype) => dtype,
            DtypeRule::Float => float,
        },
        name: tensor.name,
        shape: tensor.shape,
    });
    Ok(planned.collect())
}

/// The type of the matrix's numbers, or of its scales; bfloat16 where scales are bytes.
fn float_of(contents: &ModelContents, matrix: &StoredMatrix) -> Result<Dtype, FormatError> {
    let part = match matrix.stored_as {
        LayerQuantization::Dense => "weight",
        LayerQuantization::Quantized(QuantizedLayout::Affine(_)) => "scales",
        LayerQuantization::Quantized(QuantizedLayout::Floating(_)) => return Ok(Dtype::Bfloat16),
    };
    let name = format!("{}.{part}", matrix.layer);
    let info = contents.checkpoint.info(&name);
    let info = info.ok_or_else(|| contents.checkpoint.no_tensor(&name))?;
    Ok(info.dtype)
}

/// A tensor as it is, but for the type of its numbers.
fn keep(
    contents: &ModelContents,
    name: &str,
    float: Option<FloatDtype>,
) -> Result<Step, FormatError> {
    let info = contents.checkpoint.info(name);
    let info = info.ok_or_else(|| contents.checkpoint.no_tensor(name))?;
    let other = float.filter(|float| info.dtype.is_float() && info.dtype != float.stored());
    let name = name.to_owned();
    let written = vec![PlannedTensor {
        name: name.clone(),
        dtype: other.map_or(info.dtype, FloatDtype::stored),
        shape: info.shape.clone(),
    }];
    let source = match other {
        Some(to) => Source::Cast { name, to },
        None => Source::Copy(name),
    };
    Ok(Step { source, written })
}

/// How many matrices are changed.
pub(crate) fn changed(steps: &[Step]) -> usize {
    let matrices = steps.iter();
    matrices
        .filter(|step| matches!(step.source, Source::Matrix { .. }))
        .count()
}

/// Whether anything is not as it was.
pub(crate) fn changes_something(steps: &[Step]) -> bool {
    steps
        .iter()
        .any(|step| !matches!(step.source, Source::Copy(_)))
}

/// Bytes of the tensors that the model uses, as they are stored, with numbers of another type.
pub(crate) fn stored_bytes(contents: &ModelContents, float: Option<FloatDtype>) -> u64 {
    let tensors = contents.tensors.iter();
    let used = tensors.filter_map(|tensor| contents.checkpoint.info(&tensor.name));
    let bytes = used.map(|info| match float.filter(|_| info.dtype.is_float()) {
        Some(float) => info.element_count() * float.stored().size_bytes(),
        None => info.byte_len(),
    });
    bytes.sum()
}

/// Bytes of everything that is written.
pub(crate) fn total_bytes(steps: &[Step]) -> u64 {
    let written = steps.iter().flat_map(|step| &step.written);
    written.map(PlannedTensor::byte_len).sum()
}
