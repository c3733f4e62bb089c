//! What rewriting takes: one test in a process of its own, because the high-water mark belongs to the
//! process, and so does what MLX counts.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use headroom_formats::{ConfigFile, Dtype, PlannedTensor, SafetensorsWriter};
use headroom_mlx::allocator;
use headroom_models::demanded_tensors;
use headroom_quantize::{QuantizedLayout, Recipe, Request, rewrite};
use serde_json::json;

/// Bytes of the largest tensor: the embedding in bfloat16.
const LARGEST_BYTES: u64 = VOCABULARY * WIDTH * 2;
const VOCABULARY: u64 = 24_576;
const WIDTH: u64 = 1024;

/// A model of one layer in bfloat16, in which every number is about one hundredth.
fn write_model(directory: &Path) {
    let config = json!({
        "model_type": "nanochat", "hidden_size": WIDTH, "num_hidden_layers": 1,
        "intermediate_size": WIDTH, "num_attention_heads": 8, "num_key_value_heads": 8,
        "vocab_size": VOCABULARY, "max_position_embeddings": 512, "tie_word_embeddings": false,
    });
    fs::create_dir(directory).unwrap();
    let path = directory.join("config.json");
    fs::write(&path, config.to_string()).unwrap();
    let tensors = demanded_tensors(&ConfigFile::read(&path).unwrap()).unwrap();
    let planned = tensors.into_iter().map(|tensor| PlannedTensor {
        name: tensor.name,
        dtype: Dtype::Bfloat16,
        shape: tensor.shape,
    });
    let planned: Vec<_> = planned.collect();
    let path = directory.join("model.safetensors");
    let mut writer = SafetensorsWriter::create(&path, planned.clone(), &[]).unwrap();
    for tensor in planned {
        let bytes = [0x24, 0x3C].repeat(tensor.byte_len() as usize / 2);
        writer.write(&tensor.name, &bytes).unwrap();
    }
    writer.finish().unwrap();
}

/// Highest resident memory of this process so far; `None` where the system does not tell.
fn high_water_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The most that rewriting adds to what the process and MLX hold.
fn peaks(model: &Path, output: &Path, recipe: Recipe) -> (Option<u64>, u64) {
    let request = Request {
        model: model.to_owned(),
        output: output.to_owned(),
        recipe,
        dtype: None,
    };
    // Writing 5 resets the mark to what is resident now.
    drop(fs::write("/proc/self/clear_refs", "5"));
    let (before, held) = (high_water_bytes(), allocator::read().unwrap().active_bytes);
    rewrite(&request, &mut |_| ControlFlow::Continue(())).unwrap();
    let grown = high_water_bytes()
        .zip(before)
        .map(|(after, before)| after - before);
    (
        grown,
        allocator::read().unwrap().peak_bytes.saturating_sub(held),
    )
}

#[test]
fn rewriting_takes_less_than_the_largest_tensor_above_what_it_becomes() {
    headroom_mlx::start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write_model(&path("dense"));
    let affine = |bits, size| Recipe::Uniform(QuantizedLayout::affine(bits, size).unwrap());
    // What the largest tensor becomes, in bytes.
    let cases = [
        ("dense", "four", affine(4, 64), LARGEST_BYTES * 9 / 32),
        ("four", "six", affine(6, 32), LARGEST_BYTES * 7 / 16),
        ("six", "back", Recipe::Dense, LARGEST_BYTES),
    ];
    for (from, to, recipe, becomes_bytes) in cases {
        let (grown, held) = peaks(&path(from), &path(to), recipe);
        println!("{from} to {to}: process {grown:?}, MLX {held}, becomes {becomes_bytes}");
        let allowed = LARGEST_BYTES * 11 / 10 + becomes_bytes;
        assert!(
            grown.is_none_or(|grown| grown <= allowed),
            "{from} to {to}: {grown:?} of {allowed}"
        );
        // A few rows are in MLX's memory at a time.
        assert!(held <= LARGEST_BYTES / 4, "{from} to {to}: {held}");
    }
}
