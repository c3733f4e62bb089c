//! `headroom train tokenizer`: text in, a tokenizer out.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headroom_memory::ByteSize;
use headroom_train::TrainError;
use headroom_train::data::{Content, DataSettings, DataSource, SkippedShards};
use headroom_train::tokenizer_learning::{
    LearnedTokenizer, LearningProgress, TokenizerReport, TokenizerRequest, learn_in_background,
    refuse_existing,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::TrainTokenizerArguments;
use crate::error::CliError;
use crate::{figures, interrupt};

pub(crate) fn run(arguments: &TrainTokenizerArguments) -> Result<ExitCode, CliError> {
    refuse_existing(&arguments.output).map_err(TrainError::from)?;
    let learned = with_progress(request(arguments)?)?;
    // What remains takes a moment, and half a directory would be left behind.
    interrupt::call_on_interrupt(|| {});
    let report = learned.write(&arguments.output).map_err(TrainError::from)?;
    interrupt::end_on_interrupt();
    warn(&learned.skipped)?;
    match arguments.json {
        true => {
            let json = serde_json::to_string_pretty(&report).map_err(io::Error::other)?;
            writeln!(io::stdout(), "{json}")?;
        }
        false => print(arguments, &report)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn request(arguments: &TrainTokenizerArguments) -> Result<TokenizerRequest, CliError> {
    let source = DataSource::named(&arguments.data).map_err(TrainError::from)?;
    Ok(TokenizerRequest {
        data: DataSettings {
            is_strict: arguments.strict,
            ..DataSettings::new(source, Content::Text)
        },
        vocabulary_size: arguments.vocab,
        most_text_bytes: arguments.max_text.map(ByteSize::bytes),
    })
}

fn with_progress(request: TokenizerRequest) -> Result<Box<LearnedTokenizer>, CliError> {
    const TICK: Duration = Duration::from_millis(200);
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let interrupt = Arc::clone(&is_interrupted);
    interrupt::call_on_interrupt(move || interrupt.store(true, Ordering::Relaxed));
    let bar = ProgressBar::new_spinner().with_style(style());
    bar.enable_steady_tick(TICK);
    let learned = learn_in_background(request, &mut |progress| {
        if let Some(progress) = progress {
            bar.set_message(doing(progress));
        }
        match is_interrupted.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    bar.finish_and_clear();
    Ok(learned.map_err(TrainError::from)?)
}

fn doing(progress: LearningProgress) -> String {
    match progress {
        LearningProgress::Reading { text_bytes } => {
            format!("Counting words: {} read", figures::size(text_bytes))
        }
        LearningProgress::Merging { words } => format!("Merging pairs of {words} words"),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn warn(skipped: &SkippedShards) -> io::Result<()> {
    match skipped.sentence() {
        Some(sentence) => writeln!(io::stderr(), "warning: {sentence}"),
        None => Ok(()),
    }
}

fn print(arguments: &TrainTokenizerArguments, report: &TokenizerReport) -> io::Result<()> {
    let fewer = match report.vocabulary_size < arguments.vocab {
        true => format!(", as many as the text gives of {}", arguments.vocab),
        false => String::new(),
    };
    writeln!(
        io::stdout(),
        "{}: {} tokens{fewer}, learned from {} of text in {} documents",
        arguments.output.display(),
        report.vocabulary_size,
        figures::size(report.text_bytes),
        report.documents
    )
}
