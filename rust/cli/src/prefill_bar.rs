//! How much of a prompt is computed, for who waits at a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Shows once there is more than one chunk to wait for, on a terminal only, and goes when it is
/// dropped.
pub(crate) struct PrefillBar(ProgressBar);

impl PrefillBar {
    pub(crate) fn new() -> Self {
        const TEMPLATE: &str = "Computing {bar:30} {pos} of {len} tokens";
        let style = ProgressStyle::with_template(TEMPLATE);
        Self(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(crate) fn show(&self, done_tokens: usize, total_tokens: usize) {
        if done_tokens >= total_tokens {
            return self.0.finish_and_clear();
        }
        self.0.set_length(total_tokens as u64);
        self.0.set_position(done_tokens as u64);
    }

    /// Lets `print` write to the terminal without drawing over it.
    pub(crate) fn beside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for PrefillBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
