//! What loading takes. MLX counts for the whole process, so this is one test in a program of its own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_mlx::allocator;
use headroom_models::{EmbeddingPlacement, open, outline};

/// RoPE's frequencies and other constants, which models make for themselves.
const CONSTANTS_BYTES: u64 = 8 << 10;

fn case(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

/// Bytes of arrays at the peak of loading, of which nothing was there before.
fn loading_peak(model: &Path, embedding: EmbeddingPlacement) -> u64 {
    let before = allocator::read().unwrap().active_bytes;
    allocator::reset_peak().unwrap();
    let loaded = open(model, embedding, &mut |_| ControlFlow::Continue(())).unwrap();
    let peak = allocator::read().unwrap().peak_bytes;
    drop(loaded);
    peak.saturating_sub(before)
}

#[test]
fn loading_never_holds_more_than_the_weights() {
    headroom_mlx::start().unwrap();
    for name in [
        "llama-float32",
        "qwen3-4-bit-group-64-tied",
        "phi3-4-bit-group-64",
        "qwen3-mixed-modes",
        "qwen3-mxfp8-tied",
    ] {
        let model = case(name);
        let outline = outline(&model).unwrap();
        for (embedding, weights_bytes) in [
            (EmbeddingPlacement::Memory, outline.weights_bytes),
            (
                EmbeddingPlacement::File,
                outline.weights_bytes_without_embedding,
            ),
        ] {
            let peak = loading_peak(&model, embedding);
            assert!(
                peak <= weights_bytes + weights_bytes / 20 + CONSTANTS_BYTES,
                "{name}, {embedding:?}: {peak} for {weights_bytes}"
            );
            assert!(
                peak >= weights_bytes / 2,
                "{name}, {embedding:?}: only {peak}"
            );
        }
    }
}
