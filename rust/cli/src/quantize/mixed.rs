//! A recipe of its own for each matrix, measured on a text.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use headroom_engine::Model;
use headroom_quantize::{Calibration, ChoiceReport, MixedRecipe, MixedReport, Sensitivity};

use super::progress;
use crate::arguments::QuantizeArguments;
use crate::error::CliError;

/// The recipe for a target of bits per weight, as a text decides.
pub(super) fn recipe(
    arguments: &QuantizeArguments,
    model: &Path,
    (target_bits, text): (f64, &str),
) -> Result<(MixedRecipe, MixedReport), CliError> {
    let layout = arguments.mode.layout(None, arguments.group_size)?;
    let mut tokens = Model::load(model, |_| ControlFlow::Continue(()))?.tokenize(text)?;
    tokens.truncate(arguments.calibration_tokens);
    let calibration = Calibration {
        model: model.to_owned(),
        tokens,
        group_size: layout.group_size(),
        dtype: arguments.dtype,
        target_bits,
    };
    let sensitivity =
        progress::of_evaluations(|on_progress| Sensitivity::measure(&calibration, on_progress))?;
    Ok(sensitivity.recipe(target_bits)?)
}

/// A line for each matrix: what it gets, and the rises that were measured.
pub(super) fn print(report: &MixedReport) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(
        output,
        "loss {:.4} nats per token; how much it rises with one matrix at a time in so many bits, as the model's own \
         predictions tell:",
        report.loss_nats_per_token
    )?;
    let names = report.matrices.iter().map(|matrix| matrix.layer.len());
    let width = names.max().unwrap_or(0);
    for matrix in &report.matrices {
        let rises: Vec<_> = matrix.measured.iter().filter_map(rise).collect();
        let (layer, chosen) = (&matrix.layer, name(&matrix.chosen));
        writeln!(output, "  {layer:width$}  {chosen:8}  {}", rises.join("  "))?;
    }
    writeln!(
        output,
        "expected rise of all together: {:.4}",
        report.expected_rise_nats_per_token
    )
}

fn rise(choice: &ChoiceReport) -> Option<String> {
    let bits = choice.bits?;
    Some(format!("{bits}: {:.5}", choice.divergence_nats_per_token))
}

fn name(choice: &ChoiceReport) -> String {
    match choice.bits {
        Some(bits) => format!("{bits} bits"),
        None => "unpacked".to_owned(),
    }
}
