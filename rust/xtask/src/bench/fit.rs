//! The predicted peak beside the measured one, as the engine's own test of the prediction prints it.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::preparation;
use super::target::{Judged, Target};
use crate::process::announce;
use crate::workspace::Workspace;

/// Share of the measured peak.
const TARGET: Target = Target::AtMost(0.1);

/// One generation's peak of MLX's arrays.
#[derive(Debug, PartialEq, Serialize)]
struct Row {
    /// Family, weights, prompt tokens, prefill step, tokens kept, bits of keys and values.
    case: String,
    predicted_mebibytes: f64,
    measured_mebibytes: f64,
}

/// What the test printed, and the rows found in it.
struct Table<'a> {
    heading: &'a str,
    lines: Vec<(&'a str, Row)>,
}

/// Runs the test, prints its rows and returns them.
pub(crate) fn measure(workspace: &Workspace) -> Result<Value> {
    announce("Comparing predicted and measured peaks");
    let output = run_test(workspace)?;
    let table = Table::read(&output)?;
    let judged = Judged::new(table.largest_error(), TARGET);
    table.print(&judged);
    let rows: Vec<_> = table.lines.into_iter().map(|(_, row)| row).collect();
    Ok(json!({ "largest_error": judged, "rows": rows }))
}

/// The test fails when the target is missed; here that is a result, so the exit status does not count.
fn run_test(workspace: &Workspace) -> Result<String> {
    let output = preparation::cargo(workspace)
        .args(["test", "--quiet", "--release", "--locked"])
        .args(["--package", "headroom-engine", "--test", "fit"])
        .args(["--", "--nocapture"])
        .output()
        .context("`cargo test` could not be started")?;
    let [text, errors] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    ensure!(
        text.lines().any(|line| Row::read(line).is_some()),
        "the test of the prediction ended with {} and no rows:\n{text}{errors}",
        output.status
    );
    Ok(text.into_owned())
}

impl<'a> Table<'a> {
    fn read(output: &'a str) -> Result<Self> {
        let heading = output
            .lines()
            .find(|line| line.contains("predicted") && line.contains("measured"))
            .context("the test of the prediction printed no heading")?;
        let rows = output
            .lines()
            .filter_map(|line| Some((line, Row::read(line)?)));
        Ok(Self {
            heading,
            lines: rows.collect(),
        })
    }

    fn largest_error(&self) -> Option<f64> {
        let errors = self.lines.iter().map(|(_, row)| row.error());
        errors.reduce(f64::max)
    }

    fn print(&self, largest_error: &Judged) {
        println!("\nFit: the peak of MLX's arrays, MiB");
        println!("{}", self.heading);
        for (line, _) in &self.lines {
            println!("{line}");
        }
        let value = largest_error
            .value
            .map_or_else(|| "unknown".to_owned(), |error| format!("{error:.3}"));
        println!(
            "{:24}{value:>12}  {}\n",
            "largest error",
            largest_error.verdict()
        );
    }
}

impl Row {
    /// `None` where the line is no row. Ends in: predicted, measured, error, `%`.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [case @ .., predicted, measured, error, "%"] = words.as_slice() else {
            return None;
        };
        error.parse::<f64>().ok()?;
        Some(Self {
            case: case.join(" "),
            predicted_mebibytes: predicted.parse().ok()?,
            measured_mebibytes: measured.parse().ok()?,
        })
    }

    fn error(&self) -> f64 {
        (self.predicted_mebibytes - self.measured_mebibytes).abs() / self.measured_mebibytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 1 test
family   weights   prompt  step   kept KV bits  predicted   measured     error
 qwen3    4 bits     1100   512    all    full      11.00      10.00   +10.0 %
 llama  bfloat16      900    64    500       4      19.00      20.00    -5.0 %
test result: ok. 1 passed; 0 failed; finished in 3.35s";

    #[test]
    fn rows_are_found_among_what_the_test_prints() {
        let table = Table::read(OUTPUT).unwrap();
        let cases: Vec<_> = table.lines.iter().map(|(_, row)| &row.case).collect();
        assert_eq!(
            cases,
            [
                "qwen3 4 bits 1100 512 all full",
                "llama bfloat16 900 64 500 4"
            ]
        );
    }

    #[test]
    fn the_largest_error_counts_whatever_its_sign() {
        let table = Table::read(OUTPUT).unwrap();
        assert_eq!(table.largest_error(), Some(0.1));
    }

    #[test]
    fn output_without_a_table_is_refused() {
        assert!(Table::read("error: could not compile").is_err());
    }
}
