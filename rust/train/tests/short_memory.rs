//! A run that begins with memory in plenty and loses it on the way. In a process of its own, one test at
//! a time, for what may be used is the process's.

#[allow(dead_code, reason = "each of the tests takes what it needs")]
mod workplace;

use std::sync::{Mutex, PoisonError};

use headroom_engine::{clear_allocator_cache, memory_state, set_max_memory};
use headroom_memory::MaxMemory;
use headroom_mlx::trim_heap;
use headroom_train::TrainError;
use headroom_train::base::{BaseConfig, train_base};
use headroom_train::checkpoint::CheckpointStore;
use headroom_train::record::{EvaluationRecord, LOG_FILE, Record, StepRecord, read_log};
use headroom_train::run::{Observer, Outcome, Resume, TrainingEvent};
use serde_json::{Value, json};
use workplace::Workplace;

/// What is left of a run.
struct Whole {
    steps: Vec<StepRecord>,
    evaluation: EvaluationRecord,
    /// Where the newest checkpoint says that the next row begins.
    cursor: Value,
}

/// The run that nothing was taken from, for one test at a time.
static FREE: Mutex<Option<Whole>> = Mutex::new(None);

/// Waits for the other tests, and begins without a limit.
fn beside_a_free_run(test: impl FnOnce(&Workplace, &Whole)) {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    set_max_memory(None).unwrap();
    let workplace = Workplace::new();
    let free = free.get_or_insert_with(|| {
        let mut nothing = |_: &StepRecord| ();
        let mut shortage = Shortage::behind(0, &mut nothing);
        train(&workplace, "free", Resume::No, &mut shortage).unwrap();
        assert_eq!(shortage.plans.len(), 1, "{:?}", shortage.notes);
        Whole::of(&workplace, "free")
    });
    test(&workplace, free);
}

impl Whole {
    fn of(workplace: &Workplace, output: &str) -> Self {
        let mut evaluation = None;
        read_log(&workplace.path(output).join(LOG_FILE), |record| {
            if let Record::Evaluation(found) = record {
                evaluation = Some(found);
            }
        })
        .unwrap();
        let checkpoints = workplace.path(output).join("checkpoints");
        let store = CheckpointStore::open(&checkpoints, None).unwrap();
        let newest = store.latest().unwrap().checkpoint.unwrap();
        Self {
            steps: workplace.steps(output),
            evaluation: evaluation.unwrap(),
            cursor: newest.state().cursor.clone(),
        }
    }

    /// Losses alike, the same held-out text, and the same rows behind both runs.
    fn assert_is(&self, other: &Self) {
        assert_eq!(self.steps.len(), other.steps.len());
        for (one, other) in self.steps.iter().zip(&other.steps) {
            assert_eq!((one.step, one.tokens), (other.step, other.tokens));
            assert!(near(one.loss, other.loss), "{} {}", one.loss, other.loss);
        }
        let [one, other_one] = [self, other].map(|run| &run.evaluation);
        assert_eq!((one.tokens, one.bytes), (other_one.tokens, other_one.bytes));
        assert!(near(one.loss, other_one.loss), "{one:?} {other_one:?}");
        assert_eq!(self.cursor, other.cursor);
    }
}

/// Takes memory away behind a step, and keeps what is told of it.
struct Shortage<'a> {
    behind: u64,
    take: &'a mut dyn FnMut(&StepRecord),
    plans: Vec<u64>,
    notes: Vec<String>,
}

impl<'a> Shortage<'a> {
    fn behind(behind: u64, take: &'a mut dyn FnMut(&StepRecord)) -> Self {
        Self {
            behind,
            take,
            plans: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn is_told(&self) -> bool {
        let is_of_it = |note: &String| note.contains("memory ran short");
        let notes = self.notes.iter().filter(|note| is_of_it(note)).count();
        notes > 0 && self.plans.len() > notes && self.plans.is_sorted_by(|one, next| one > next)
    }
}

impl Observer for Shortage<'_> {
    fn happened(&mut self, event: TrainingEvent<'_>) {
        match event {
            TrainingEvent::Planned(plan) => self.plans.push(plan.estimate.passing()),
            TrainingEvent::Note(note) => self.notes.push(note),
            TrainingEvent::Step(step) if step.step == self.behind => (self.take)(step),
            _ => {}
        }
    }

    fn wants_stop(&self) -> bool {
        false
    }
}

fn train(
    workplace: &Workplace,
    output: &str,
    resume: Resume,
    shortage: &mut Shortage,
) -> Result<Outcome, TrainError> {
    // A long row: what passes is then many times what lasts.
    let more = json!({
        "depth": 1, "context": 3072, "device-batch-size": 1, "total-batch-size": 3072,
        "num-iterations": 3, "eval-every": 3, "eval-tokens": 3072, "save-every": 0,
    });
    let config = BaseConfig::from_fields(workplace.fields(output, more)).unwrap();
    train_base(&config, resume, shortage)
}

/// What is too little for such a step: all that the process cannot do without, and a share of the step's
/// arrays.
fn too_little(step: &StepRecord, share: f64) -> u64 {
    beside() + (step.peak_bytes as f64 * share) as u64
}

/// Bytes that the process uses beside arrays, once it has given back what it can.
fn beside() -> u64 {
    clear_allocator_cache().unwrap();
    trim_heap();
    let state = memory_state().unwrap();
    state.used_bytes.unwrap() - state.mlx.unwrap().active_bytes
}

/// More than a step takes.
const PLENTY: u64 = 100 << 20;

fn limit(bytes: u64) {
    set_max_memory(Some(MaxMemory::from_bytes(bytes).unwrap())).unwrap();
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-5 * other.abs()
}

#[test]
fn when_the_host_allows_less_the_step_is_taken_again_in_smaller_pieces() {
    beside_a_free_run(|workplace, free| {
        let mut allowed = 0;
        let mut lower = |step: &StepRecord| {
            allowed = too_little(step, 0.75);
            limit(allowed);
        };
        let mut shortage = Shortage::behind(1, &mut lower);
        train(workplace, "lowered", Resume::No, &mut shortage).unwrap();
        assert!(shortage.is_told(), "{:?}", shortage.notes);
        Whole::of(workplace, "lowered").assert_is(free);
        for step in &workplace.steps("lowered")[1..] {
            assert!(
                step.peak_bytes < free.steps[0].peak_bytes / 4 * 3,
                "{step:?}"
            );
            assert!(step.footprint_bytes.unwrap() <= allowed, "{step:?}");
            assert_eq!(step.budget_bytes, Some(allowed));
        }
    });
}

#[test]
fn when_the_host_itself_takes_memory_the_step_is_taken_again_in_smaller_pieces() {
    beside_a_free_run(|workplace, free| {
        let mut taken = Vec::new();
        let mut take = |step: &StepRecord| {
            limit(too_little(step, 0.75) + PLENTY);
            taken = vec![1_u8; PLENTY as usize];
        };
        let mut shortage = Shortage::behind(1, &mut take);
        train(workplace, "taken", Resume::No, &mut shortage).unwrap();
        assert!(shortage.is_told(), "{:?}", shortage.notes);
        Whole::of(workplace, "taken").assert_is(free);
        drop(taken);
    });
}

#[test]
fn an_evaluation_that_memory_runs_short_of_is_done_again_in_smaller_pieces() {
    beside_a_free_run(|workplace, free| {
        let mut lower = |step: &StepRecord| limit(too_little(step, 0.43));
        let mut shortage = Shortage::behind(3, &mut lower);
        train(workplace, "evaluated", Resume::No, &mut shortage).unwrap();
        assert!(shortage.is_told(), "{:?}", shortage.notes);
        Whole::of(workplace, "evaluated").assert_is(free);
    });
}

#[test]
fn when_no_piece_is_small_enough_the_run_says_what_it_needs_and_can_go_on_later() {
    beside_a_free_run(|workplace, free| {
        let mut taken = Vec::new();
        let mut take = |_: &StepRecord| {
            limit(beside() + PLENTY);
            taken = vec![1_u8; PLENTY as usize];
        };
        let mut shortage = Shortage::behind(2, &mut take);
        let error = train(workplace, "ended", Resume::No, &mut shortage).unwrap_err();
        assert!(shortage.is_told(), "{:?}", shortage.notes);
        assert_says_what_it_needs(&error);
        assert_eq!(workplace.steps("ended").len(), 2);
        let saved = workplace.path("ended/checkpoints/step-00000002/manifest.json");
        assert!(saved.is_file());
        drop(taken);
        set_max_memory(None).unwrap();
        let mut nothing = |_: &StepRecord| ();
        let mut plenty = Shortage::behind(0, &mut nothing);
        train(workplace, "ended", Resume::Yes, &mut plenty).unwrap();
        Whole::of(workplace, "ended").assert_is(free);
    });
}

fn assert_says_what_it_needs(error: &TrainError) {
    let TrainError::OverBudget {
        limit_bytes,
        needed_bytes,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(needed_bytes.bytes() > limit_bytes.bytes(), "{error}");
    let sentence = error.to_string();
    assert!(sentence.contains(&needed_bytes.to_string()), "{sentence}");
}
