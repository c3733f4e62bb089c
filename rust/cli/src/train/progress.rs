//! How far a run has come, for who waits for it: a live view on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU64;
use std::time::Duration;

use headroom_train::record::{EvaluationRecord, StepRecord};
use indicatif::{FormattedDuration, HumanCount, ProgressBar, ProgressStyle};

use crate::figures::size;

/// The view of one run; goes when it is dropped.
pub(crate) struct TrainingProgress {
    total_steps: u64,
    bits_per_byte: Option<f64>,
    pace: Pace,
    display: Display,
}

enum Display {
    Terminal(ProgressBar),
    Lines {
        sink: Box<dyn Write>,
        /// Steps from one line to the next.
        every: NonZeroU64,
    },
}

impl TrainingProgress {
    /// The view of a run of that many steps, of which `done_steps` were done before. Where standard
    /// error is no terminal it gets a line every `line_every` steps.
    pub(crate) fn new(total_steps: u64, done_steps: u64, line_every: NonZeroU64) -> Self {
        let display = match io::stderr().is_terminal() {
            true => Display::Terminal(bar(total_steps, done_steps)),
            false => Display::Lines {
                sink: Box::new(io::stderr()),
                every: line_every,
            },
        };
        Self::on(display, total_steps)
    }

    fn on(display: Display, total_steps: u64) -> Self {
        Self {
            total_steps,
            bits_per_byte: None,
            pace: Pace::default(),
            display,
        }
    }

    /// Shows a step that is done.
    pub(crate) fn step(&mut self, record: &StepRecord) {
        self.pace.observe(record.seconds);
        let left = self.total_steps.saturating_sub(record.step);
        let time_left = self.pace.time_left(left).map(FormattedDuration);
        let time_left = time_left.map_or_else(|| "unknown".to_owned(), |time| time.to_string());
        let training = training_figures(record, self.bits_per_byte);
        let memory = memory_figures(record);
        let (step, total) = (record.step, self.total_steps);
        match &mut self.display {
            Display::Terminal(bar) => {
                bar.set_position(step);
                bar.set_message(format!("{time_left} left\n  {training}\n  {memory}"));
            }
            Display::Lines { sink, every } if step == 1 || left == 0 || step % *every == 0 => {
                // Nobody reading it is no failure.
                drop(writeln!(
                    sink,
                    "step {step} of {total}: {training}, {memory}, {time_left} left"
                ));
            }
            Display::Lines { .. } => {}
        }
    }

    /// Shows what an evaluation found, in a line that stays.
    pub(crate) fn evaluation(&mut self, record: &EvaluationRecord) {
        self.bits_per_byte = Some(record.bits_per_byte);
        self.note(&format!(
            "step {}: validation loss {:.4}, {:.4} bits per byte",
            record.step, record.loss, record.bits_per_byte
        ));
    }

    /// Shows a sentence in a line that stays.
    pub(crate) fn note(&mut self, text: &str) {
        match &mut self.display {
            Display::Terminal(bar) => bar.suspend(|| drop(writeln!(io::stderr(), "{text}"))),
            Display::Lines { sink, .. } => drop(writeln!(sink, "{text}")),
        }
    }
}

impl Drop for TrainingProgress {
    fn drop(&mut self) {
        if let Display::Terminal(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn bar(total_steps: u64, done_steps: u64) -> ProgressBar {
    const TEMPLATE: &str = "Training {bar:30} step {pos} of {len}, {msg}";
    let style = ProgressStyle::with_template(TEMPLATE);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total_steps).with_style(style);
    bar.set_position(done_steps);
    bar.set_message("the first step is being done");
    bar
}

fn training_figures(record: &StepRecord, evaluated: Option<f64>) -> String {
    let mut figures = format!("loss {:.4}", record.loss);
    let training = record.bits_per_byte.map(|bits| (bits, ""));
    let bits = training.or(evaluated.map(|bits| (bits, " at the last evaluation")));
    if let Some((bits, place)) = bits {
        figures += &format!(", {bits:.4} bits per byte{place}");
    }
    let tokens_per_second = HumanCount(record.tokens_per_second.round() as u64);
    figures + &format!(", {tokens_per_second} tokens/s")
}

fn memory_figures(record: &StepRecord) -> String {
    let left = record.budget_left_bytes();
    format!(
        "active {}, cache {}, peak {}, budget left {}",
        size(record.active_bytes),
        size(record.cache_bytes),
        size(record.peak_bytes),
        left.map_or_else(|| "unknown".to_owned(), size)
    )
}

/// What a step takes, the latest ones counting most.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    seconds_per_step: Option<f64>,
}

impl Pace {
    fn observe(&mut self, seconds: f64) {
        const SHARE_OF_LATEST: f64 = 0.1;
        if !seconds.is_finite() {
            return;
        }
        let before = self.seconds_per_step.unwrap_or(seconds);
        self.seconds_per_step = Some(before + SHARE_OF_LATEST * (seconds - before));
    }

    /// `None` before the first step, and beyond what can be counted.
    fn time_left(self, steps: u64) -> Option<Duration> {
        let seconds = self.seconds_per_step? * steps as f64;
        Duration::try_from_secs_f64(seconds.round()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Rc<RefCell<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn step(step: u64) -> StepRecord {
        StepRecord {
            step,
            tokens: 512 * step,
            loss: 3.25,
            bits_per_byte: None,
            learning_rate: 1.0,
            gradient_norm: 0.5,
            seconds: 2.0,
            tokens_per_second: 12_345.4,
            phases: BTreeMap::new(),
            active_bytes: 300 << 20,
            cache_bytes: 20 << 20,
            peak_bytes: 500 << 20,
            footprint_bytes: Some(600 << 20),
            budget_bytes: Some(1 << 30),
        }
    }

    /// What is written where nobody sees a terminal.
    fn lines(show: impl FnOnce(&mut TrainingProgress)) -> String {
        let sink = Sink::default();
        let display = Display::Lines {
            sink: Box::new(sink.clone()),
            every: NonZeroU64::new(10).unwrap(),
        };
        let mut progress = TrainingProgress::on(display, 25);
        show(&mut progress);
        drop(progress);
        String::from_utf8(sink.0.take()).unwrap()
    }

    #[test]
    fn a_line_tells_everything_about_its_step() {
        assert_eq!(
            lines(|progress| progress.step(&step(1))),
            "step 1 of 25: loss 3.2500, 12,345 tokens/s, active 300.0 MiB, cache 20.0 MiB, peak \
             500.0 MiB, budget left 424.0 MiB, 00:00:48 left\n"
        );
    }

    #[test]
    fn the_first_the_last_and_every_tenth_step_have_a_line() {
        let text = lines(|progress| (1..=25).for_each(|number| progress.step(&step(number))));
        let starts: Vec<_> = text.lines().map(|line| &line[..8]).collect();
        assert_eq!(starts, ["step 1 o", "step 10 ", "step 20 ", "step 25 "]);
    }

    #[test]
    fn evaluations_and_notes_have_lines_and_bits_per_byte_are_remembered() {
        let evaluation = EvaluationRecord {
            step: 9,
            bits_per_byte: 1.5,
            loss: 3.5,
            tokens: 1,
            bytes: 1,
            seconds: 1.0,
            peak_bytes: None,
        };
        let text = lines(|progress| {
            progress.evaluation(&evaluation);
            progress.note("Saved.");
            progress.step(&step(10));
        });
        assert!(text.starts_with(
            "step 9: validation loss 3.5000, 1.5000 bits per byte\nSaved.\nstep 10 of 25: loss \
             3.2500, 1.5000 bits per byte at the last evaluation, "
        ));
    }

    #[test]
    fn what_is_unknown_or_no_number_is_said_so() {
        let blind = StepRecord {
            loss: f64::NAN,
            seconds: f64::NAN,
            tokens_per_second: f64::NAN,
            footprint_bytes: None,
            ..step(1)
        };
        let text = lines(|progress| progress.step(&blind));
        assert!(text.contains("loss NaN, 0 tokens/s"), "{text}");
        assert!(text.ends_with("budget left unknown, unknown left\n"));
    }

    #[test]
    fn the_time_left_follows_the_latest_steps() {
        let mut pace = Pace::default();
        assert_eq!(pace.time_left(1), None);
        (0..100).for_each(|_| pace.observe(10.0));
        assert_eq!(pace.time_left(3), Some(Duration::from_secs(30)));
        (0..100).for_each(|_| pace.observe(1.0));
        assert_eq!(pace.time_left(3), Some(Duration::from_secs(3)));
        assert_eq!(pace.time_left(u64::MAX), None);
    }
}
