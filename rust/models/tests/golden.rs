//! Every checkpoint in `tests/golden` gives the logits that mlx-lm gives, however the prompt is fed.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::Checkpoint;
use headroom_mlx::Array;
use headroom_models::{CacheLayout, EmbeddingPlacement, LanguageModel, LogitRows, open};

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

fn load(directory: &Path) -> Result<Case, String> {
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
    let model = open(
        &directory.join("model"),
        EmbeddingPlacement::Memory,
        &mut |_| ControlFlow::Continue(()),
    )
    .map_err(|error| format!("{name}: {error}"))?;
    Ok(Case {
        model,
        tokens: words("tokens")
            .into_iter()
            .map(u32::from_le_bytes)
            .collect(),
        logits: floats("logits"),
        step_logits: floats("step_logits"),
        name,
    })
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

    /// What is wrong with these logits, if they are not those expected.
    fn complaint(&self, how: &str, actual: &[f32], expected: &[f32]) -> Option<String> {
        assert_eq!(actual.len(), expected.len(), "{}, {how}", self.name);
        let largest = expected
            .iter()
            .fold(0f32, |largest, value| largest.max(value.abs()));
        let difference = actual
            .iter()
            .zip(expected)
            .fold(0f32, |worst, (a, e)| worst.max((a - e).abs()));
        // Written so that a logit that is no number fails too.
        let close = difference <= TOLERANCE * largest && actual.iter().all(|a| a.is_finite());
        (!close).then(|| format!("{}, {how}: {difference} of {largest}", self.name))
    }

    /// What is wrong with the model's logits in each way to feed the prompt.
    fn complaints(&self) -> Vec<String> {
        let whole = self.complaint("whole", &self.run(&[usize::MAX]), &self.logits);
        let steps = self.complaint("token by token", &self.run(&[1]), &self.step_logits);
        let odd = self.complaint("chunks of 3 and 5", &self.run(&[3, 5]), &self.logits);
        [whole, steps, odd].into_iter().flatten().collect()
    }
}

#[test]
fn every_case_gives_the_reference_logits() {
    let complaints: Vec<String> = cases()
        .iter()
        .flat_map(|directory| match load(directory) {
            Ok(case) => case.complaints(),
            Err(refusal) => vec![refusal],
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_family_has_cases() {
    let cases = cases();
    for family in [
        "gemma3",
        "gemma3_text",
        "gemma3n",
        "gemma3n_text",
        "llama",
        "nanochat",
        "openelm",
        "phi3",
        "qwen3",
        "smollm3",
    ] {
        let prefix = format!("{family}-");
        let of_family = |case: &&PathBuf| {
            let name = case.file_name().unwrap().to_string_lossy();
            name.starts_with(&prefix)
        };
        let found = cases.iter().filter(of_family).count();
        assert!(found >= 3, "{family}: only {found} cases found");
    }
}

#[test]
fn the_last_row_alone_is_the_last_row_of_all() {
    let case = load(&cases()[0]).unwrap();
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
    let last = last.to_vec_exact::<f32>().unwrap();
    assert_eq!(case.complaint("last row", &last, expected), None);
}
