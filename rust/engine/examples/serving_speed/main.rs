//! Measures what a server of conversations cares about, and prints it as one line of JSON.
//!
//!     serving_speed turns MODEL_DIRECTORY           first tokens with what was seen kept, and without
//!     serving_speed batch MODEL_DIRECTORY COUNT     so many prompts at once, and one alone
//!
//! `cargo xtask bench --only turns` and `--only batch` run it.

mod batch;
mod turns;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use headroom_engine::Model;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let measured = match arguments.as_slice() {
        ["turns", model] => turns::measure(&load(Path::new(model))?)?,
        ["batch", model, count] => batch::measure(&load(Path::new(model))?, count.parse()?)?,
        _ => return Err("usage: serving_speed turns MODEL | batch MODEL COUNT".into()),
    };
    println!("{measured}");
    Ok(())
}

fn load(directory: &Path) -> Result<Model, Box<dyn Error>> {
    Ok(Model::load(directory, |_| ControlFlow::Continue(()))?)
}

/// A result as JSON, or why there is none.
type Measured = Result<Value, Box<dyn Error>>;

/// Words that differ from place to place, so that nothing is shared by chance.
fn words(seed: usize, count: usize) -> String {
    const WORDS: [&str; 16] = [
        "fox", "moon", "river", "stone", "song", "winter", "light", "forest", "little", "old",
        "cold", "far", "runs", "sings", "waits", "and",
    ];
    let picked = (0..count).map(|place| WORDS[(seed * 7 + place * (seed + 3)) % WORDS.len()]);
    picked.collect::<Vec<_>>().join(" ")
}
