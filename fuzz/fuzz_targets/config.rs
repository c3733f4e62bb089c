//! A configuration of any family, as far as it goes without weights.
#![no_main]

use std::path::Path;

use headroom_formats::{ConfigFile, Quantization};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = ConfigFile::parse(bytes, Path::new("config.json")) else {
        return;
    };
    let _ = Quantization::from_config(&config);
    if let Ok(shape) = headroom_models::shape_of(&config) {
        assert!(!shape.layers.is_empty() && shape.layers.len() <= 1 << 10);
        assert!(shape.hidden_size > 0 && shape.vocabulary_size > 0);
    }
});
