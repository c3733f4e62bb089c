//! `headroom train tokenizer`: text in, a tokenizer out.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use headroom_memory::ByteSize;
use headroom_train::TrainError;
use headroom_train::data::{Content, DataSettings, DataSource, SkippedShards};
use headroom_train::tokenizer::{
    LearnedTokenizer, LearningProgress, TokenizerError, TokenizerReport, TokenizerRequest, learn,
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

enum Happening {
    Progress(LearningProgress),
    Finished(Result<Box<LearnedTokenizer>, TokenizerError>),
    Interrupted,
}

/// Learns beside the waiting, because merging cannot be interrupted.
fn with_progress(request: TokenizerRequest) -> Result<Box<LearnedTokenizer>, CliError> {
    let (sender, receiver) = mpsc::channel();
    let interrupted = sender.clone();
    interrupt::call_on_interrupt(move || drop(interrupted.send(Happening::Interrupted)));
    thread::spawn(move || drop(sender.send(Happening::Finished(learned(&request, &sender)))));
    finished(&receiver)
}

fn learned(
    request: &TokenizerRequest,
    sender: &Sender<Happening>,
) -> Result<Box<LearnedTokenizer>, TokenizerError> {
    let mut tell = |progress| match sender.send(Happening::Progress(progress)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    learn(request, &mut tell).map(Box::new)
}

fn finished(receiver: &Receiver<Happening>) -> Result<Box<LearnedTokenizer>, CliError> {
    const TICK: Duration = Duration::from_millis(200);
    let bar = ProgressBar::new_spinner().with_style(style());
    bar.enable_steady_tick(TICK);
    let result = loop {
        match receiver.recv() {
            Ok(Happening::Progress(progress)) => bar.set_message(doing(progress)),
            Ok(Happening::Finished(result)) => break result,
            Ok(Happening::Interrupted) | Err(_) => break Err(TokenizerError::Cancelled),
        }
    };
    bar.finish_and_clear();
    Ok(result.map_err(TrainError::from)?)
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
