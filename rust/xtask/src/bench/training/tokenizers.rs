//! Learning a tokenizer beside the same learning in Python: whole processes, reading and writing included.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::ROUNDS;
use super::programs::Programs;
use super::watched::watch;
use crate::bench::median::median;
use crate::bench::target::{Judged, Target};
use crate::process::announce;

/// At least as fast as `tokenizers` in Python.
const TIME: Target = Target::AtMost(1.0);
/// Of the stories, as many as the shipped model's; of the made-up words, as many as the recipe's.
const VOCABULARIES: [u64; 2] = [3072, 65_536];

/// What both took for one text.
#[derive(Debug, Serialize)]
pub(crate) struct Learned {
    vocabulary: u64,
    text_bytes: u64,
    headroom_seconds: f64,
    python_seconds: f64,
    ratio: Judged,
}

/// Both learn from the same text in turns; what they learn must be the same.
pub(crate) fn measure(programs: &Programs) -> Result<Vec<Learned>> {
    let texts = [programs.stories()?, programs.text()];
    let cases = texts.iter().zip(VOCABULARIES);
    cases
        .map(|(text, vocabulary)| learned(programs, text, vocabulary))
        .collect()
}

fn learned(programs: &Programs, text: &Path, vocabulary: u64) -> Result<Learned> {
    announce(&format!("Learning {vocabulary} tokens"));
    let ours = programs.fresh("tokenizer-run")?;
    let theirs = ours.with_extension("json");
    let (mut our_seconds, mut their_seconds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        drop(std::fs::remove_dir_all(&ours));
        our_seconds.push(seconds(programs.learn(text, vocabulary, &ours))?);
        let like = ours.join("tokenizer.json");
        their_seconds.push(seconds(
            programs.learn_in_python(text, vocabulary, &like, &theirs),
        )?);
        ensure!(
            merges(&like)? == merges(&theirs)?,
            "both learned {vocabulary} tokens of {}, but not the same ones",
            text.display()
        );
    }
    let (ours, theirs) = (median(our_seconds), median(their_seconds));
    let (headroom_seconds, python_seconds) = ours.zip(theirs).context("nothing was measured")?;
    Ok(Learned {
        vocabulary,
        text_bytes: learned_bytes(text)?,
        headroom_seconds,
        python_seconds,
        ratio: Judged::new(Some(headroom_seconds / python_seconds), TIME),
    })
}

fn seconds(mut command: Command) -> Result<f64> {
    let begun = Instant::now();
    watch(&mut command)?;
    Ok(begun.elapsed().as_secs_f64())
}

fn merges(tokenizer: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(tokenizer)
        .with_context(|| format!("cannot read {}", tokenizer.display()))?;
    let mut tokenizer: Value = serde_json::from_str(&text)?;
    Ok(tokenizer["model"]["merges"].take())
}

/// The last shard validates; neither learns from it.
fn learned_bytes(text: &Path) -> Result<u64> {
    let shards: std::io::Result<Vec<_>> = std::fs::read_dir(text)?.collect();
    let mut shards = shards?;
    shards.sort_by_key(|shard| shard.file_name());
    shards.pop();
    shards.iter().map(|shard| Ok(shard.metadata()?.len())).sum()
}

pub(crate) fn print(found: &[Learned]) {
    println!(
        "\nLearning a tokenizer beside tokenizers in Python, whole processes, seconds, median of {ROUNDS}"
    );
    println!("{:40}{:>10}{:>10}{:>8}", "", "headroom", "Python", "ratio");
    for learned in found {
        println!("{}", learned.line());
    }
    println!();
}

impl Learned {
    fn line(&self) -> String {
        let text = self.text_bytes as f64 / 1e6;
        let name = format!("{} tokens of {text:.0} MB", self.vocabulary);
        format!(
            "{name:40}{:>10.2}{:>10.2}{:>8.2}  {}",
            self.headroom_seconds,
            self.python_seconds,
            self.python_seconds.recip() * self.headroom_seconds,
            self.ratio.verdict()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_both_times_and_what_came_of_them() {
        let learned = Learned {
            vocabulary: 3072,
            text_bytes: 54_000_000,
            headroom_seconds: 1.0,
            python_seconds: 4.0,
            ratio: Judged::new(Some(0.25), TIME),
        };
        assert_eq!(
            learned.line(),
            "3072 tokens of 54 MB                          1.00      4.00    0.25  at most 1: met"
        );
    }
}
