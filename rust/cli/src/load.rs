//! Loading with a progress bar, shown on a terminal only.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_engine::{EngineError, Model};
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) fn model(directory: &Path) -> Result<Model, EngineError> {
    let bar = ProgressBar::new(0).with_style(style());
    let model = Model::load(directory, |progress| {
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.read_bytes);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    model
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("Loading {bar:30} {bytes} of {total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
