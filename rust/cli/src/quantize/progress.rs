//! A bar on the terminal while quantising works, and Ctrl-C that ends it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_quantize::{CalibrationProgress, Progress, QuantizeError};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{interrupt, load};

/// Runs what tells how many bytes it has written.
pub(super) fn of_bytes<T>(
    work: impl FnOnce(&mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<T, QuantizeError>,
) -> Result<T, QuantizeError> {
    with_bar(load::style(), |advance| {
        work(&mut |progress| advance(progress.written_bytes, progress.total_bytes))
    })
}

/// Runs what tells how many models it has evaluated.
pub(super) fn of_evaluations<T>(
    work: impl FnOnce(
        &mut dyn FnMut(CalibrationProgress) -> ControlFlow<()>,
    ) -> Result<T, QuantizeError>,
) -> Result<T, QuantizeError> {
    let style = ProgressStyle::with_template("measuring {wide_bar} {pos} of {len}, {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    with_bar(style, |advance| {
        work(&mut |progress| advance(progress.evaluated, progress.total))
    })
}

/// Hands out what moves the bar to a place of so many and says whether to go on.
fn with_bar<T>(
    style: ProgressStyle,
    work: impl FnOnce(&mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> T,
) -> T {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let cancel = Arc::clone(&is_cancelled);
    interrupt::call_on_interrupt(move || cancel.store(true, Ordering::Relaxed));
    let bar = ProgressBar::new(0).with_style(style);
    let outcome = work(&mut |place, of| {
        bar.set_length(of);
        bar.set_position(place);
        match is_cancelled.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    bar.finish_and_clear();
    interrupt::end_on_interrupt();
    outcome
}
