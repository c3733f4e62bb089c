//! `headroom quantize`: a checkpoint in, a smaller one out.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_engine::Model;
use headroom_quantize::{Progress, Recipe, Report, Request, rewrite};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::arguments::QuantizeArguments;
use crate::error::CliError;
use crate::{figures, interrupt, load};

pub(crate) fn run(arguments: &QuantizeArguments) -> Result<ExitCode, CliError> {
    let request = Request {
        model: load::directory(&arguments.model)?,
        output: arguments.output.clone(),
        recipe: recipe(arguments)?,
    };
    let text = arguments.evaluate.as_deref().map(text).transpose()?;
    let evaluate = |model: &Path| {
        text.as_deref()
            .map(|text| evaluation(model, text))
            .transpose()
    };
    let before = evaluate(&request.model)?;
    let report = with_progress(&request)?;
    let written = Written {
        evaluation_before: before,
        evaluation_after: evaluate(&request.output)?,
        report,
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
}

fn recipe(arguments: &QuantizeArguments) -> Result<Recipe, CliError> {
    Ok(match arguments.dequantize {
        true => Recipe::Dense,
        false => {
            let layout = arguments
                .mode
                .layout(arguments.bits, arguments.group_size)?;
            Recipe::Uniform(layout)
        }
    })
}

fn with_progress(request: &Request) -> Result<Report, CliError> {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let cancel = Arc::clone(&is_cancelled);
    interrupt::call_on_interrupt(move || cancel.store(true, Ordering::Relaxed));
    let bar = ProgressBar::new(0).with_style(load::style());
    let report = rewrite(request, &mut |progress: Progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.written_bytes);
        match is_cancelled.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    bar.finish_and_clear();
    interrupt::end_on_interrupt();
    Ok(report?)
}

impl Written {
    fn print(&self, output: &Path) -> io::Result<()> {
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
