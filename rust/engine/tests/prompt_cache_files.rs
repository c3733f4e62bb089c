//! Saved caches are hostile until the gate has passed them: each damage is an error, and the model
//! goes on.

mod support;

use std::fs;
use std::path::Path;

use headroom_engine::{CacheKind, CacheSettings, EngineError, GenerationAids, Model, PromptCache};
use serde_json::{Value, json};
use support::tiny_model::TinyModel;
use support::{load, parameters, text};

/// A cache file, taken apart.
struct SavedCache {
    header: Value,
    data: Vec<u8>,
}

impl SavedCache {
    fn of(bytes: &[u8]) -> Self {
        let header_bytes = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        Self {
            header: serde_json::from_slice(&bytes[8..8 + header_bytes]).unwrap(),
            data: bytes[8 + header_bytes..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let header = self.header.to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&self.data);
        bytes
    }

    /// Changes the JSON that a string of the metadata holds.
    fn change_metadata(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let text = self.header["__metadata__"][key].as_str().unwrap();
        let mut value: Value = serde_json::from_str(text).unwrap();
        change(&mut value);
        self.header["__metadata__"][key] = json!(value.to_string());
    }
}

fn generate_into(cache: &PromptCache) -> Vec<u32> {
    let aids = GenerationAids {
        cache: Some(cache.clone()),
        draft: None,
    };
    let model = cache.model();
    let generation = model
        .generate_with(&text("abcdefghij"), &parameters(|_| ()), &aids)
        .unwrap();
    generation.finish().unwrap().tokens
}

fn saved(model: &Model, settings: CacheSettings, path: &Path) -> Vec<u8> {
    let cache = PromptCache::new(model, settings).unwrap();
    generate_into(&cache);
    cache.save(path).unwrap();
    fs::read(path).unwrap()
}

fn refusal(model: &Model, path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    match PromptCache::load(model, path) {
        Ok(_) => panic!("a damaged file was loaded"),
        Err(error) => error.to_string(),
    }
}

struct Bench {
    model: Model,
    directory: tempfile::TempDir,
    _tiny: TinyModel,
}

impl Bench {
    fn new() -> Self {
        let tiny = TinyModel::of("llama-float32");
        Self {
            model: load(tiny.path()),
            directory: tempfile::tempdir().unwrap(),
            _tiny: tiny,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("cache.safetensors")
    }

    fn is_still_usable(&self) {
        let cache = PromptCache::new(&self.model, CacheSettings::default()).unwrap();
        assert!(!generate_into(&cache).is_empty());
    }
}

fn rotating() -> CacheSettings {
    CacheSettings {
        kind: CacheKind::Rotating { max_size: 16 },
        ..CacheSettings::default()
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bench = Bench::new();
    let path = bench.path();
    let whole = saved(&bench.model, CacheSettings::default(), &path);
    let header_end = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let places = (header_end..whole.len()).step_by(997);
    for cut in (0..header_end).chain(places) {
        refusal(&bench.model, &path, &whole[..cut]);
    }
    bench.is_still_usable();
}

#[test]
fn a_header_with_any_byte_changed_is_refused_or_means_the_same() {
    let bench = Bench::new();
    let path = bench.path();
    let whole = saved(&bench.model, rotating(), &path);
    let header_end = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for place in 0..header_end {
        let mut changed = whole.clone();
        changed[place] ^= 0x05;
        fs::write(&path, &changed).unwrap();
        if let Ok(cache) = PromptCache::load(&bench.model, &path) {
            assert!(cache.state().unwrap().tokens < 1000);
            generate_into(&cache);
        }
    }
    bench.is_still_usable();
}

/// Something done to a cache file.
type Damage = fn(&mut SavedCache);

#[test]
fn every_damage_has_its_sentence() {
    let bench = Bench::new();
    let path = bench.path();
    let whole = saved(&bench.model, CacheSettings::default(), &path);
    let damages: [(&str, Damage); 9] = [
        ("is not a saved prompt cache", |file| {
            file.header["__metadata__"]["format"] = json!("mlx");
        }),
        ("of version 2", |file| {
            file.header["__metadata__"]["version"] = json!("2");
        }),
        ("computed by another model", |file| {
            file.header["__metadata__"]["model"] = json!("0123");
        }),
        ("names no model", |file| {
            let metadata = file.header["__metadata__"].as_object_mut().unwrap();
            metadata.remove("model");
        }),
        ("settings: ", |file| {
            file.header["__metadata__"]["settings"] = json!("{");
        }),
        ("max_kv_size is 3", |file| {
            file.change_metadata("settings", |settings| {
                settings["kind"] = json!({"kind": "rotating", "max_size": 3});
            });
        }),
        ("beyond the model's vocabulary", |file| {
            let start = file.header["tokens"]["data_offsets"][0].as_u64().unwrap() as usize;
            file.data[start + 3] = 0x7f;
        }),
        ("its tokens are missing", |file| {
            file.header["tokens"]["dtype"] = json!("I32");
        }),
        ("`tokens` is refused", |file| {
            file.header["tokens"]["shape"] = json!([i32::MAX, i32::MAX, i32::MAX]);
        }),
    ];
    for (expected, damage) in damages {
        let mut file = SavedCache::of(&whole);
        damage(&mut file);
        let sentence = refusal(&bench.model, &path, &file.bytes());
        println!("{sentence}");
        assert!(sentence.contains(expected), "{expected}: {sentence}");
    }
    bench.is_still_usable();
}

#[test]
fn a_description_that_lies_is_refused() {
    let bench = Bench::new();
    let path = bench.path();
    let whole = saved(&bench.model, CacheSettings::default(), &path);
    let described = SavedCache::of(&whole).header["__metadata__"]["cache"].clone();
    let text = described.as_str().unwrap();
    // Every number of the description, made another.
    let digits: Vec<usize> = (0..text.len())
        .filter(|&place| text.as_bytes()[place].is_ascii_digit())
        .collect();
    for place in digits {
        for lie in ["-1", "4294967296", "9"] {
            let mut lying = text.to_owned();
            lying.replace_range(place..=place, lie);
            let mut file = SavedCache::of(&whole);
            file.header["__metadata__"]["cache"] = json!(lying);
            fs::write(&path, file.bytes()).unwrap();
            if let Ok(cache) = PromptCache::load(&bench.model, &path) {
                generate_into(&cache);
            }
        }
    }
    bench.is_still_usable();
}

#[test]
fn a_file_that_cannot_be_written_leaves_what_was_there() {
    let bench = Bench::new();
    let path = bench.path();
    let cache = PromptCache::new(&bench.model, CacheSettings::default()).unwrap();
    generate_into(&cache);
    cache.save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let nowhere = bench.directory.path().join("no/such/cache.safetensors");
    let error = cache.save(&nowhere).unwrap_err();
    assert!(
        matches!(error, EngineError::CacheNotWritten { .. }),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    let names: Vec<_> = fs::read_dir(bench.directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing half written is left");
}
