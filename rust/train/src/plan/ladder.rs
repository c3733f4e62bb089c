//! Ways to cut a step, from the fastest to the smallest.

use crate::model::{Geometry, Kept, Workspace};
use crate::plan::estimate::Shape;
use crate::plan::request::PlanRequest;
use crate::training_dtype::TrainingDtype;

const MIB: u64 = 1 << 20;

/// Bytes that logits of one chunk, and scores of one chunk, may take. With 8,192 ids, chunks of
/// 512 tokens (16 MiB) and of 2,048 were equally fast.
const CHUNK_BYTES: [u64; 3] = [64 * MIB, 24 * MIB, 8 * MIB];

/// Tokens of a chunk at the least, however tight memory is; not tuned.
const LEAST_CHUNK: usize = 32;

/// Every way, the fastest first: fewer rows go before computing values again, which goes before
/// remembering less precisely.
pub(crate) fn ladder(request: &PlanRequest) -> Vec<(Shape, TrainingDtype)> {
    let precise = request.state_dtype.unwrap_or(TrainingDtype::Float32);
    let mut rungs = Vec::new();
    if !request.recompute {
        rungs.extend(cuts(request, Kept::Activations).map(|shape| (shape, precise)));
    }
    let again = || cuts(request, Kept::Inputs).filter(|shape| request.recompute || shape.rows == 1);
    rungs.extend(again().map(|shape| (shape, precise)));
    if request.state_dtype.is_none() {
        rungs.extend(again().last().map(|shape| (shape, TrainingDtype::Bfloat16)));
    }
    let with_states = |(shape, dtype): (Shape, TrainingDtype)| {
        let state_bytes = dtype.size_bytes();
        (
            Shape {
                state_bytes,
                ..shape
            },
            dtype,
        )
    };
    rungs.into_iter().map(with_states).collect()
}

/// From the largest chunks of all rows to the smallest of one row.
fn cuts(request: &PlanRequest, kept: Kept) -> impl Iterator<Item = Shape> {
    let PlanRequest {
        geometry,
        rows,
        enough_tokens,
        weight_bytes,
        is_rounded,
        ..
    } = *request;
    let is_too_much = move |fewer: usize| fewer > 1 && fewer * geometry.context > enough_tokens;
    let fewer = (1..=rows).rev();
    let fewer = fewer.filter(move |fewer| rows.is_multiple_of(*fewer) && !is_too_much(*fewer));
    let shape = move |rows, chunk_bytes| Shape {
        geometry,
        rows,
        workspace: workspace(&geometry, rows, kept, chunk_bytes),
        weight_bytes,
        is_rounded,
        state_bytes: 0,
    };
    fewer.flat_map(move |rows| {
        let chunks: &[u64] = if rows == 1 {
            &CHUNK_BYTES
        } else {
            &CHUNK_BYTES[..2]
        };
        chunks.iter().map(move |&bytes| shape(rows, bytes))
    })
}

fn workspace(geometry: &Geometry, rows: usize, kept: Kept, chunk_bytes: u64) -> Workspace {
    let most = |bytes_of_one: usize, all: usize| {
        let fitting = chunk_bytes as usize / bytes_of_one.max(1);
        fitting.max(LEAST_CHUNK).min(all)
    };
    Workspace {
        kept,
        loss_chunk_tokens: most(geometry.vocabulary * 4, rows * geometry.context),
        attention_chunk_tokens: most(
            rows * geometry.heads * geometry.context * 4,
            geometry.context,
        ),
    }
}
