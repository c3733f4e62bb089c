//! Learning on a thread of its own, so that whoever waits can give up at any time.

use std::ops::ControlFlow;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::error::TokenizerLearningError;
use super::learning::{LearnedTokenizer, learn};
use super::request::{LearningProgress, TokenizerRequest};
use crate::data::DataError;

/// How often whoever waits is asked, where nothing happens.
const PATIENCE: Duration = Duration::from_millis(100);

enum Happening {
    Progress(LearningProgress),
    Finished(Result<Box<LearnedTokenizer>, TokenizerLearningError>),
}

/// As [`learn`], but neither a silent hub nor the merging of pairs, which cannot be interrupted, keeps
/// the caller from ending: the thread is left behind then, and ends by itself. `go_on` is asked several
/// times a second, with what has happened since, if anything has.
///
/// # Errors
/// As [`learn`]; [`TokenizerLearningError::Cancelled`] when `go_on` breaks.
pub fn learn_in_background(
    request: TokenizerRequest,
    go_on: &mut dyn FnMut(Option<LearningProgress>) -> ControlFlow<()>,
) -> Result<Box<LearnedTokenizer>, TokenizerLearningError> {
    let (sender, happenings) = channel();
    let thread = thread::Builder::new().name("tokenizer".to_owned());
    thread
        .spawn(move || drop(sender.send(Happening::Finished(learned(&request, &sender)))))
        .map_err(DataError::Thread)?;
    loop {
        let progress = match happenings.recv_timeout(PATIENCE) {
            Ok(Happening::Finished(result)) => return result,
            Ok(Happening::Progress(progress)) => Some(progress),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Err(DataError::Fault.into()),
        };
        if go_on(progress).is_break() {
            return Err(TokenizerLearningError::Cancelled);
        }
    }
}

fn learned(
    request: &TokenizerRequest,
    sender: &Sender<Happening>,
) -> Result<Box<LearnedTokenizer>, TokenizerLearningError> {
    let mut tell = |progress| match sender.send(Happening::Progress(progress)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    learn(request, &mut tell).map(Box::new)
}
