//! What five thousand small steps leave behind in memory.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::programs::Programs;
use super::setting::Setting;
use crate::process::announce;

/// Small enough for thousands of steps in a minute or two.
const SETTING: Setting = Setting {
    depth: 1,
    vocabulary: 512,
    context: 64,
    device_batch_size: 2,
    micro_batches: 2,
    steps: 5000,
};
/// Buffers have found their sizes by then.
const SETTLED_STEP: u64 = 100;

/// Memory from the settled step to the last one.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Flatness {
    steps: u64,
    active_bytes: Range,
    footprint_bytes: Range,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Range {
    least: u64,
    most: u64,
}

/// A line of headroom's log, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    kind: String,
    step: u64,
    active_bytes: Option<u64>,
    footprint_bytes: Option<u64>,
}

pub(crate) fn measure(programs: &Programs) -> Result<Flatness> {
    announce(&format!("Training {SETTING} for {} steps", SETTING.steps));
    let found = Flatness::of_log(&programs.headroom_log(&SETTING, &[])?.log)?;
    ensure!(
        found.steps == SETTING.steps,
        "the run ended at step {}",
        found.steps
    );
    Ok(found)
}

impl Flatness {
    fn of_log(log: &str) -> Result<Self> {
        let lines = log.lines().map(serde_json::from_str);
        let lines: Vec<Line> = lines
            .collect::<serde_json::Result<_>>()
            .context("headroom's log is not as expected")?;
        let is_settled = |line: &&Line| line.kind == "step" && line.step >= SETTLED_STEP;
        let settled: Vec<&Line> = lines.iter().filter(is_settled).collect();
        let last = settled.last().context("the run ended before it settled")?;
        let active = settled.iter().map(|line| line.active_bytes);
        let footprint = settled.iter().map(|line| line.footprint_bytes);
        Ok(Self {
            steps: last.step,
            active_bytes: Range::of(active)?,
            footprint_bytes: Range::of(footprint)?,
        })
    }

    fn line(&self) -> String {
        let Range { least, most } = self.active_bytes;
        let verdict = match least == most {
            true => "met",
            false => "FELL SHORT",
        };
        format!(
            "steps {SETTLED_STEP} to {}: active memory {least} to {most} bytes, equal to the byte: {verdict}; \
             footprint {:.1} to {:.1} MiB",
            self.steps,
            mebibytes(self.footprint_bytes.least),
            mebibytes(self.footprint_bytes.most)
        )
    }
}

impl Range {
    fn of(figures: impl Iterator<Item = Option<u64>>) -> Result<Self> {
        let figures: Option<Vec<u64>> = figures.collect();
        let figures = figures.context("a step does not say what memory it took")?;
        let (least, most) = (figures.iter().min(), figures.iter().max());
        let (&least, &most) = least.zip(most).context("no step was told of")?;
        Ok(Self { least, most })
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

pub(crate) fn print(found: &Flatness) {
    println!("\n{SETTING}\n{}\n", found.line());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(active_bytes: u64) -> String {
        format!(
            r#"{{"kind":"step","step":99,"active_bytes":5,"footprint_bytes":1}}
{{"kind":"step","step":100,"active_bytes":1048576,"footprint_bytes":1048576}}
{{"kind":"evaluation","step":100}}
{{"kind":"step","step":101,"active_bytes":{active_bytes},"footprint_bytes":2097152}}"#
        )
    }

    #[test]
    fn one_byte_more_falls_short() {
        let flat = Flatness::of_log(&log(1_048_576)).unwrap();
        assert_eq!(
            flat.line(),
            "steps 100 to 101: active memory 1048576 to 1048576 bytes, equal to the byte: met; footprint 1.0 to 2.0 MiB"
        );
        let grown = Flatness::of_log(&log(1_048_577)).unwrap();
        assert!(grown.line().contains("FELL SHORT"));
    }
}
