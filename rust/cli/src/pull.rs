//! `headroom pull`: a model from the hub into the cache, with a progress bar on a terminal only.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use headroom_hub::{DownloadProgress, Hub, HubError, HubSettings, RepositoryId, repository_of};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::PullArguments;
use crate::error::CliError;
use crate::interrupt;

/// Prints the model's directory, which `--model` takes.
pub(crate) fn run(arguments: &PullArguments) -> Result<ExitCode, CliError> {
    let repository = repository_of(&arguments.model)?;
    let hub = Hub::new(HubSettings::from_environment()?);
    writeln!(io::stdout(), "{}", fetch(hub, repository)?.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Downloads what is missing; Ctrl-C ends it and keeps what has arrived.
pub(crate) fn fetch(hub: Hub, repository: RepositoryId) -> Result<PathBuf, CliError> {
    let (sender, receiver) = mpsc::channel();
    let interrupted = sender.clone();
    interrupt::call_on_interrupt(move || drop(interrupted.send(Happening::Interrupted)));
    // A silent network cannot be interrupted, so the waiting is done beside it.
    thread::spawn(move || download(&hub, &repository, &sender));
    finished(&receiver)
}

enum Happening {
    Progress {
        file: String,
        done_bytes: u64,
        total_bytes: u64,
    },
    Finished(Result<PathBuf, HubError>),
    Interrupted,
}

/// Goes on until it is finished or nobody listens any more.
fn download(hub: &Hub, repository: &RepositoryId, sender: &Sender<Happening>) {
    let mut tell = |progress: DownloadProgress| {
        let happening = Happening::Progress {
            file: progress.file.to_owned(),
            done_bytes: progress.done_bytes,
            total_bytes: progress.total_bytes,
        };
        match sender.send(happening) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    drop(sender.send(Happening::Finished(hub.download(repository, &mut tell))));
}

fn finished(receiver: &Receiver<Happening>) -> Result<PathBuf, CliError> {
    let bar = ProgressBar::new(0).with_style(style());
    loop {
        match receiver.recv() {
            Ok(Happening::Progress {
                file,
                done_bytes,
                total_bytes,
            }) => {
                show(&bar, file, done_bytes, total_bytes);
            }
            Ok(Happening::Finished(result)) => {
                bar.finish_and_clear();
                return Ok(result?);
            }
            Ok(Happening::Interrupted) | Err(_) => {
                bar.finish_and_clear();
                return Err(CliError::DownloadInterrupted);
            }
        }
    }
}

fn show(bar: &ProgressBar, file: String, done_bytes: u64, total_bytes: u64) {
    // What earlier runs brought is no speed of this one.
    if bar.length() != Some(total_bytes) {
        bar.set_length(total_bytes);
        bar.reset_eta();
    }
    bar.set_position(done_bytes);
    if bar.message() != file {
        bar.set_message(file);
    }
}

fn style() -> ProgressStyle {
    const TEMPLATE: &str = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left  {msg}";
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}
