//! What loading takes, and what a table saves that stays in its file.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::speed::Loading;
use super::{LARGE, Subject, TABLES, print_judged};
use crate::bench::target::{Judged, Target};

/// Of the weights: what loading adds to the process at its peak.
const TARGET: Target = Target::AtMost(1.05);

/// One checkpoint, loaded one way.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    file_bytes: u64,
    loading: Loading,
}

impl Row {
    fn added(&self, bytes: Option<u64>) -> Option<u64> {
        Some(bytes?.saturating_sub(self.loading.first.resident_before_bytes?))
    }

    fn peak_share(&self) -> Option<f64> {
        let added_bytes = self.added(self.loading.first.peak_resident_bytes)?;
        Some(added_bytes as f64 / self.loading.weights_bytes as f64)
    }
}

/// Prints a table and returns what was measured.
pub(super) fn measure(subject: &Subject<'_>) -> Result<Value> {
    let rows = [
        row(subject, "Qwen3, 1 GB, 4 bits", LARGE, "memory")?,
        row(subject, "  its embedding in its file", LARGE, "file")?,
        row(
            subject,
            "Gemma 3n, bfloat16, tables in its file",
            TABLES,
            "memory",
        )?,
    ];
    println!("\nWhat loading adds to the process, MiB");
    println!(
        "{:40}{:>10}{:>10}{:>10}{:>10}",
        "", "in files", "weights", "at peak", "after"
    );
    for row in &rows {
        println!(
            "{:40}{:>10.1}{:>10.1}{:>10}{:>10}",
            row.name,
            mebibytes(row.file_bytes),
            mebibytes(row.loading.weights_bytes),
            shown(row.added(row.loading.first.peak_resident_bytes)),
            shown(row.added(row.loading.first.resident_after_bytes)),
        );
    }
    let judged = Judged::new(rows[0].peak_share(), TARGET);
    print_judged("peak, by the 1 GB of weights", &judged);
    Ok(json!({ "peak_share": judged, "rows": rows }))
}

fn row(subject: &Subject<'_>, name: &'static str, model: &str, embedding: &str) -> Result<Row> {
    let weights = subject.models.join(model).join("model.safetensors");
    Ok(Row {
        name,
        file_bytes: std::fs::metadata(weights)?.len(),
        loading: subject.load(model, embedding, 0)?,
    })
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn shown(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.1}", mebibytes(bytes)),
    )
}
