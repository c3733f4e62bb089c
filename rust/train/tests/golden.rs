//! Ten steps of the recipe against the reference in `tests/golden/training`: losses, every gradient,
//! norms, weights and what the optimizers remember; and in bfloat16, to its rounding.

use std::path::{Path, PathBuf};

use headroom_formats::Checkpoint;
use headroom_mlx::{Array, Dtype};
use headroom_models::read_tensor;
use headroom_train::data::Row;
use headroom_train::model::{
    Geometry, Gradients, Kept, LossSum, MicroBatch, Parameters, Walk, Watch, Workspace,
    read_geometry, read_weights,
};
use headroom_train::optimizer::{Optimizer, OptimizerState, Rates, Schedule};
use headroom_train::record::Phase;
use headroom_train::{TrainError, TrainingDtype};

struct Nobody;

impl Watch for Nobody {
    fn after(&mut self, _phase: Phase) -> Result<(), TrainError> {
        Ok(())
    }
}

fn training() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/training")
}

fn file(name: &str) -> Checkpoint {
    Checkpoint::open_file(&training().join(name)).unwrap()
}

fn floats(array: &Array) -> Vec<f32> {
    let array = array
        .as_dtype(Dtype::Float32)
        .unwrap()
        .contiguous()
        .unwrap();
    array.to_vec_exact::<f32>().unwrap()
}

fn numbers(checkpoint: &Checkpoint, name: &str) -> Vec<f32> {
    floats(&read_tensor(checkpoint, name).unwrap())
}

/// The largest difference as a share of the largest expected value.
fn deviation(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0.0f32, |most, value| most.max(value.abs()));
    let differences = actual
        .iter()
        .zip(expected)
        .map(|(actual, expected)| (actual - expected).abs());
    differences.fold(0.0, f32::max) / largest
}

const STEPS: usize = 10;
const MICRO_BATCHES: usize = 2;
const ROWS: usize = 4;

/// Every step's micro-batches, in chunks of `rows` rows.
fn batches(geometry: &Geometry, rows: usize) -> Vec<Vec<MicroBatch>> {
    let checkpoint = file("batches.safetensors");
    let parts = ["inputs", "targets", "counted"].map(|name| numbers(&checkpoint, name));
    let row = |at: usize| {
        let range = at * geometry.context..(at + 1) * geometry.context;
        let [inputs, targets, counted] = &parts;
        let ids = |values: &[f32]| values[range.clone()].iter().map(|&id| id as u32).collect();
        Row {
            inputs: ids(inputs),
            targets: ids(targets),
            counted: counted[range.clone()]
                .iter()
                .map(|&counts| counts > 0.0)
                .collect(),
        }
    };
    let of_step = |step: usize| {
        let all: Vec<Row> = (0..MICRO_BATCHES * ROWS)
            .map(|at| row(step * MICRO_BATCHES * ROWS + at))
            .collect();
        all.chunks(rows)
            .map(|rows| MicroBatch {
                rows: rows.to_vec(),
            })
            .collect()
    };
    (0..STEPS).map(of_step).collect()
}

fn workspace(kept: Kept, loss_chunk_tokens: usize, attention_chunk_tokens: usize) -> Workspace {
    Workspace {
        kept,
        loss_chunk_tokens,
        attention_chunk_tokens,
    }
}

/// Ways to cut the work, with rows per micro-batch: sums must be the same.
fn ways() -> Vec<(usize, Workspace)> {
    vec![
        (4, workspace(Kept::Activations, 1000, 1000)),
        (4, workspace(Kept::Inputs, 7, 5)),
        (1, workspace(Kept::Inputs, 24, 24)),
        (2, workspace(Kept::Activations, 1, 1)),
        (8, workspace(Kept::Inputs, 64, 12)),
    ]
}

struct Run {
    geometry: Geometry,
    weights: Parameters<Array>,
    optimizer: Optimizer,
}

impl Run {
    fn begin(dtype: Dtype) -> Self {
        headroom_mlx::start().unwrap();
        let directory = training().join("model");
        let geometry = read_geometry(&directory).unwrap();
        let checkpoint = Checkpoint::open(&directory).unwrap();
        Self {
            geometry,
            weights: read_weights(&checkpoint, &geometry, dtype).unwrap(),
            optimizer: Optimizer {
                rates: Rates::default(),
                schedule: Schedule {
                    steps: STEPS as u64,
                    warm_down_share: 0.2,
                },
                states: OptimizerState::zeros(&geometry, TrainingDtype::Float32).unwrap(),
                step: 0,
                seed: 1,
            },
        }
    }

    fn accumulate(&self, walk: &Walk, batches: &[MicroBatch]) -> (Gradients, LossSum) {
        let mut sums = Gradients::none(&self.geometry);
        let mut loss = LossSum::default();
        for batch in batches {
            loss += walk
                .accumulate(&self.weights, batch, &mut sums, &mut Nobody)
                .unwrap();
        }
        (sums, loss)
    }
}

#[test]
fn every_gradient_of_the_first_step_is_the_references_however_the_work_is_cut() {
    let expected = file("gradients.safetensors");
    for (rows, workspace) in ways() {
        let run = Run::begin(Dtype::Float32);
        let walk = Walk::new(run.geometry, rows, workspace);
        let (sums, loss) = run.accumulate(&walk, &batches(&run.geometry, rows)[0]);
        let share = Array::from_f32(1.0 / loss.tokens as f32);
        for ((name, _), sum) in sums.names().zip(sums.iter()) {
            let mean = sum.sum().unwrap().multiply(&share).unwrap();
            let deviation = deviation(&floats(&mean), &numbers(&expected, &name));
            assert!(
                deviation < 1e-5,
                "{name} by {deviation} with {rows} rows, {workspace:?}"
            );
        }
    }
}

#[test]
fn ten_steps_give_the_references_losses_norms_weights_and_memories() {
    let expected = file("steps.safetensors");
    let [losses, norms] = ["loss", "gradient_norm"].map(|name| numbers(&expected, name));
    for (rows, workspace) in ways() {
        let mut run = Run::begin(Dtype::Float32);
        let walk = Walk::new(run.geometry, rows, workspace);
        for (step, batches) in batches(&run.geometry, rows).iter().enumerate() {
            let (mut sums, loss) = run.accumulate(&walk, batches);
            let (weights, optimizer) = (&mut run.weights, &mut run.optimizer);
            let update = optimizer
                .update(weights, &mut sums, loss.tokens, &mut || ())
                .unwrap();
            let loss = loss.mean().unwrap() as f32;
            assert!(
                deviation(&[loss], &[losses[step]]) < 1e-5,
                "loss of step {step}: {loss}"
            );
            let norm = update.gradient_norm as f32;
            assert!(
                deviation(&[norm], &[norms[step]]) < 1e-5,
                "norm of step {step}: {norm}"
            );
            if step == 0 {
                assert_weights(&run.weights, "weights_after_1.safetensors", 1e-5);
            }
        }
        assert_weights(&run.weights, "weights_after_10.safetensors", 1e-4);
        assert_memories(&run.optimizer.states);
    }
}

fn assert_weights(weights: &Parameters<Array>, name: &str, tolerance: f32) {
    let expected = file(name);
    for ((tensor, _), weight) in weights.names().zip(weights.iter()) {
        let deviation = deviation(&floats(weight), &numbers(&expected, &tensor));
        assert!(deviation < tolerance, "{tensor} in {name} by {deviation}");
    }
}

fn assert_memories(states: &Parameters<OptimizerState>) {
    let expected = file("states_after_10.safetensors");
    for ((tensor, _), state) in states.names().zip(states.iter()) {
        for (part, array) in state.parts() {
            let name = format!("{tensor}.{part}");
            let deviation = deviation(&floats(array), &numbers(&expected, &name));
            assert!(deviation < 1e-4, "{name} by {deviation}");
        }
    }
}

#[test]
fn evaluation_weighs_the_same_targets() {
    let run = Run::begin(Dtype::Float32);
    let batches = batches(&run.geometry, 2);
    let walk = Walk::new(run.geometry, 2, workspace(Kept::Inputs, 9, 6));
    let mut nats = 0.0;
    for batch in &batches[0] {
        let each = walk.evaluate(&run.weights, batch, &mut Nobody).unwrap();
        nats += each.into_iter().map(f64::from).sum::<f64>();
    }
    let (_, loss) = run.accumulate(&walk, &batches[0]);
    assert!((nats - loss.nats).abs() < 1e-3, "{nats} {}", loss.nats);
}

/// What may be between a gradient in bfloat16 and the exact one, as a share of it. Its way through two
/// blocks and back has some forty roundings, each off by 2⁻⁹ at most; independent ones make √40 · 2⁻⁹,
/// and twice that is allowed.
const GRADIENT_IN_BFLOAT16: f32 = 0.025;

/// What may be between ten steps of a matrix in bfloat16 and ten exact ones, as a share of these: twice
/// what the reference's own run in bfloat16 is off, for Muon blows up what is small in a gradient.
const WAY_IN_BFLOAT16: f32 = 2.0 * 0.21;

/// What may be between losses, as a share: ways that part by a few hundredths part losses by less, and the
/// first alone would be as close as 2⁻⁹.
const LOSS_IN_BFLOAT16: f32 = 1.0 / 128.0;

/// The root of the mean square of the differences.
fn spread(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    let squares = one
        .iter()
        .zip(other)
        .map(|(one, other)| (one - other).powi(2));
    (squares.sum::<f32>() / one.len() as f32).sqrt()
}

#[test]
fn every_gradient_in_bfloat16_is_the_references_to_rounding() {
    let expected = file("bfloat16.safetensors");
    for (rows, workspace) in ways() {
        let run = Run::begin(Dtype::Bfloat16);
        let walk = Walk::new(run.geometry, rows, workspace);
        let (sums, loss) = run.accumulate(&walk, &batches(&run.geometry, rows)[0]);
        let share = Array::from_f32(1.0 / loss.tokens as f32);
        for ((name, _), sum) in sums.names().zip(sums.iter()) {
            let mean = floats(&sum.sum().unwrap().multiply(&share).unwrap());
            let exact = numbers(&expected, &format!("gradient.{name}"));
            let off = spread(&mean, &exact) / spread(&exact, &vec![0.0; exact.len()]);
            assert!(
                off < GRADIENT_IN_BFLOAT16,
                "{name} by {off} with {rows} rows, {workspace:?}"
            );
        }
    }
}

#[test]
fn ten_steps_in_bfloat16_lose_little_of_the_references_way() {
    let expected = file("bfloat16.safetensors");
    let losses = numbers(&expected, "loss");
    for (rows, workspace) in ways() {
        let mut run = Run::begin(Dtype::Bfloat16);
        let begun = run.weights.iter().map(floats).collect::<Vec<_>>();
        let walk = Walk::new(run.geometry, rows, workspace);
        for (batches, expected) in batches(&run.geometry, rows).iter().zip(&losses) {
            let (mut sums, loss) = run.accumulate(&walk, batches);
            let (weights, optimizer) = (&mut run.weights, &mut run.optimizer);
            optimizer
                .update(weights, &mut sums, loss.tokens, &mut || ())
                .unwrap();
            let loss = loss.mean().unwrap() as f32;
            let off = deviation(&[loss], &[*expected]);
            assert!(off < LOSS_IN_BFLOAT16, "{loss} for {expected}");
        }
        let named = run.weights.names().zip(run.weights.iter());
        for (((name, _), weight), begun) in named.zip(&begun) {
            let exact = numbers(&expected, &format!("weight_after_10.{name}"));
            let off = spread(&floats(weight), &exact) / spread(&exact, begun);
            assert_eq!(weight.dtype(), Dtype::Bfloat16);
            assert!(
                off < WAY_IN_BFLOAT16,
                "{name} by {off} with {rows} rows, {workspace:?}"
            );
        }
    }
}
