//! Where the embedding lies changes what is in memory, and no bit of the logits.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::FormatError;
use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, EmbeddingPlacement, LanguageModel, LogitRows, ModelError, open, outline,
};

fn case(name: &str) -> PathBuf {
    headroom_mlx::start().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

fn load(model: &Path, embedding: EmbeddingPlacement) -> Box<dyn LanguageModel> {
    open(model, embedding, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn forward(model: &dyn LanguageModel) -> Result<Array, ModelError> {
    let tokens = Array::from_slice(&[3u32, 1, 4, 1, 5, 9, 2, 6], &[1, 8]);
    let mut cache = model.new_cache(CacheLayout::Simple);
    model.forward(&tokens, &mut [&mut cache], LogitRows::All)
}

fn logits(model: &Path, embedding: EmbeddingPlacement) -> Vec<f32> {
    let logits = forward(load(model, embedding).as_ref()).unwrap();
    logits.to_vec_exact::<f32>().unwrap()
}

#[test]
fn logits_are_the_same_to_the_bit() {
    for name in [
        "llama-float32",
        "llama-4-bit-group-64",
        "llama-bfloat16-tied",
        "phi3-4-bit-group-64",
        "gemma3n-4-bit-group-32",
    ] {
        let model = case(name);
        let [memory, file] = [EmbeddingPlacement::Memory, EmbeddingPlacement::File]
            .map(|place| logits(&model, place));
        assert!(memory == file, "{name}");
    }
}

#[test]
fn an_outline_tells_what_a_table_in_its_file_saves() {
    let untied = outline(&case("llama-float32")).unwrap();
    let table = u64::from(untied.shape.vocabulary_size) * u64::from(untied.shape.hidden_size) * 4;
    let saved = untied.weights_bytes - untied.weights_bytes_without_embedding;
    assert_eq!(saved, table);
    let tied = outline(&case("llama-bfloat16-tied")).unwrap();
    assert_eq!(tied.weights_bytes, tied.weights_bytes_without_embedding);
}

#[test]
fn a_file_cut_short_in_mid_generation_is_a_typed_error() {
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(case("llama-float32")).unwrap().flatten() {
        fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    let model = load(directory.path(), EmbeddingPlacement::File);
    forward(model.as_ref()).unwrap();
    let weights = directory.path().join("model.safetensors");
    let file = fs::OpenOptions::new().write(true).open(weights).unwrap();
    file.set_len(100).unwrap();
    assert!(matches!(
        forward(model.as_ref()),
        Err(ModelError::Format(FormatError::Changed {
            actual_bytes: 100,
            ..
        }))
    ));
}

#[test]
fn loading_that_is_stopped_ends_there() {
    let mut heard = 0;
    let stopped = open(
        &case("llama-float32"),
        EmbeddingPlacement::Memory,
        &mut |_| {
            heard += 1;
            ControlFlow::Break(())
        },
    );
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    assert_eq!(heard, 1);
}
