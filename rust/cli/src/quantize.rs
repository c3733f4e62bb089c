//! `headroom quantize`: a checkpoint in, a smaller one out.

mod mixed;
mod progress;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use headroom_engine::Model;
use headroom_quantize::{MixedReport, Recipe, Report, Request, rewrite};
use serde::Serialize;

use crate::arguments::QuantizeArguments;
use crate::error::CliError;
use crate::{figures, load};

pub(crate) fn run(arguments: &QuantizeArguments) -> Result<ExitCode, CliError> {
    let model = load::directory(&arguments.model)?;
    let text = arguments.evaluate.as_deref().map(text).transpose()?;
    let evaluate = |model: &Path| {
        text.as_deref()
            .map(|text| evaluation(model, text))
            .transpose()
    };
    let before = evaluate(&model)?;
    let (recipe, mixed) = recipe(arguments, &model)?;
    let request = Request {
        model,
        output: arguments.output.clone(),
        recipe,
        dtype: arguments.dtype,
    };
    let report = progress::of_bytes(|on_progress| rewrite(&request, on_progress))?;
    let written = Written {
        evaluation_before: before,
        evaluation_after: evaluate(&request.output)?,
        report,
        mixed,
    };
    match arguments.json {
        true => {
            let json = serde_json::to_string_pretty(&written).map_err(io::Error::other)?;
            writeln!(io::stdout(), "{json}")?;
        }
        false => written.print(&request.output)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to become of the matrices, and what it was measured by.
fn recipe(
    arguments: &QuantizeArguments,
    model: &Path,
) -> Result<(Recipe, Option<MixedReport>), CliError> {
    if arguments.dequantize {
        return Ok((Recipe::Dense, None));
    }
    if let (Some(target_bits), Some(path)) = (arguments.target_bits, &arguments.calibration) {
        let (recipe, report) = mixed::recipe(arguments, model, (target_bits, &text(path)?))?;
        return Ok((Recipe::Mixed(recipe), Some(report)));
    }
    let layout = arguments
        .mode
        .layout(arguments.bits, arguments.group_size)?;
    Ok((Recipe::Uniform(layout), None))
}

fn text(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|reason| CliError::ReadText {
        path: path.to_owned(),
        reason,
    })
}

/// How well a model predicts a text.
#[derive(Serialize)]
struct Predictions {
    bits_per_byte: f64,
    perplexity: f64,
}

fn evaluation(model: &Path, text: &str) -> Result<Predictions, CliError> {
    let model = Model::load(model, |_| ControlFlow::Continue(()))?;
    let evaluation = model.evaluate(text)?;
    Ok(Predictions {
        bits_per_byte: evaluation.bits_per_byte(),
        perplexity: evaluation.perplexity(),
    })
}

/// What was written, and how good it is where that was asked.
#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_before: Option<Predictions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_after: Option<Predictions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mixed: Option<MixedReport>,
}

impl Written {
    fn print(&self, output: &Path) -> io::Result<()> {
        if let Some(mixed) = &self.mixed {
            mixed::print(mixed)?;
        }
        let report = &self.report;
        let sizes = [report.bytes_before, report.bytes_after].map(figures::size);
        writeln!(
            io::stdout(),
            "{}: {} from {}, {:.2} bits per weight from {:.2}",
            output.display(),
            sizes[1],
            sizes[0],
            report.bits_per_weight_after,
            report.bits_per_weight_before
        )?;
        let (Some(before), Some(after)) = (&self.evaluation_before, &self.evaluation_after) else {
            return Ok(());
        };
        writeln!(
            io::stdout(),
            "{:.4} bits per byte from {:.4}, perplexity {:.3} from {:.3}",
            after.bits_per_byte,
            before.bits_per_byte,
            after.perplexity,
            before.perplexity
        )
    }
}
