//! Every checkpoint in `tests/golden` gives the logits that mlx-lm gives, however the prompt is fed.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::Checkpoint;
use headroom_mlx::Array;
use headroom_models::{CacheLayout, LanguageModel, LogitRows, open};

/// Largest difference allowed, as a share of the largest expected logit.
const TOLERANCE: f32 = 1e-3;

struct Case {
    name: String,
    model: Box<dyn LanguageModel>,
    tokens: Vec<u32>,
    logits: Vec<f32>,
    step_logits: Vec<f32>,
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    let mut cases: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn load(directory: &Path) -> Case {
    headroom_mlx::start().unwrap();
    let expected = Checkpoint::open_file(&directory.join("expected.safetensors")).unwrap();
    let words = |name: &str| -> Vec<[u8; 4]> {
        let bytes = expected.read(name).unwrap();
        bytes
            .chunks_exact(4)
            .map(|word| word.try_into().unwrap())
            .collect()
    };
    let floats = |name| words(name).into_iter().map(f32::from_le_bytes).collect();
    let name = directory
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let model = open(&directory.join("model"), &mut |_| ControlFlow::Continue(()))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    Case {
        model,
        tokens: words("tokens")
            .into_iter()
            .map(u32::from_le_bytes)
            .collect(),
        logits: floats("logits"),
        step_logits: floats("step_logits"),
        name,
    }
}

impl Case {
    /// Feeds the prompt in pieces of these sizes, in turn, and returns all logits.
    fn run(&self, sizes: &[usize]) -> Vec<f32> {
        let mut cache = self.model.new_cache(CacheLayout::Simple);
        cache.expect(self.tokens.len() as u32);
        let mut logits = Vec::new();
        let mut rest = self.tokens.as_slice();
        for &size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            let tokens = Array::from_slice(piece, &[1, piece.len() as i32]);
            let piece_logits = self
                .model
                .forward(&tokens, &mut [&mut cache], LogitRows::All)
                .unwrap();
            logits.extend(piece_logits.to_vec_exact::<f32>().unwrap());
            rest = after;
            if rest.is_empty() {
                return logits;
            }
        }
        unreachable!("sizes is not empty")
    }

    fn assert_close(&self, how: &str, actual: &[f32], expected: &[f32]) {
        assert_eq!(actual.len(), expected.len(), "{}, {how}", self.name);
        let largest = expected
            .iter()
            .fold(0f32, |largest, value| largest.max(value.abs()));
        let difference = actual
            .iter()
            .zip(expected)
            .fold(0f32, |worst, (a, e)| worst.max((a - e).abs()));
        assert!(
            difference <= TOLERANCE * largest,
            "{}, {how}: {difference} of {largest}",
            self.name
        );
    }
}

#[test]
fn every_case_gives_the_reference_logits() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases found", cases.len());
    for directory in cases {
        let case = load(&directory);
        case.assert_close("whole", &case.run(&[usize::MAX]), &case.logits);
        case.assert_close("token by token", &case.run(&[1]), &case.step_logits);
        case.assert_close("chunks of 3 and 5", &case.run(&[3, 5]), &case.logits);
    }
}

#[test]
fn the_last_row_alone_is_the_last_row_of_all() {
    let case = load(&cases()[0]);
    let tokens = Array::from_slice(&case.tokens, &[1, case.tokens.len() as i32]);
    let last = case
        .model
        .forward(
            &tokens,
            &mut [&mut case.model.new_cache(CacheLayout::Simple)],
            LogitRows::Last,
        )
        .unwrap();
    let vocabulary = case.model.shape().vocabulary_size as usize;
    let expected = &case.logits[case.logits.len() - vocabulary..];
    case.assert_close("last row", &last.to_vec_exact::<f32>().unwrap(), expected);
}
