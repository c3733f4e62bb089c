//! `headroom quantize`: a checkpoint in, a smaller one out.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_quantize::{Progress, QuantizedLayout, Recipe, Report, Request, rewrite};
use indicatif::ProgressBar;

use crate::arguments::QuantizeArguments;
use crate::error::CliError;
use crate::{figures, interrupt, load};

pub(crate) fn run(arguments: &QuantizeArguments) -> Result<ExitCode, CliError> {
    let request = Request {
        model: load::directory(&arguments.model)?,
        output: arguments.output.clone(),
        recipe: recipe(arguments),
    };
    let report = with_progress(&request)?;
    match arguments.json {
        true => {
            let json = serde_json::to_string_pretty(&report).map_err(io::Error::other)?;
            writeln!(io::stdout(), "{json}")?;
        }
        false => print(&request, &report)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn recipe(arguments: &QuantizeArguments) -> Recipe {
    match arguments.dequantize {
        true => Recipe::Dense,
        false => Recipe::Affine(QuantizedLayout {
            bits: arguments.bits,
            group_size: arguments.group_size,
        }),
    }
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
    Ok(report?)
}

fn print(request: &Request, report: &Report) -> io::Result<()> {
    let path = request.output.display();
    let (before, after) = (
        figures::size(report.bytes_before),
        figures::size(report.bytes_after),
    );
    writeln!(
        io::stdout(),
        "{path}: {after} from {before}, {:.2} bits per weight from {:.2}",
        report.bits_per_weight_after,
        report.bits_per_weight_before
    )
}
