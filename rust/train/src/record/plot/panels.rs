//! Which panels there are.

use plotters::style::RGBColor;

use super::curves::RunCurves;
use super::panel::{Curve, Mark, Note, Panel, smoothed};
use crate::record::thinned::{Stretch, ThinnedCurve};

const BLUE: RGBColor = RGBColor(58, 110, 165);
const PALE_BLUE: RGBColor = RGBColor(176, 203, 228);
const ORANGE: RGBColor = RGBColor(222, 143, 45);
const GREEN: RGBColor = RGBColor(74, 146, 84);
const PURPLE: RGBColor = RGBColor(134, 90, 160);
const RED: RGBColor = RGBColor(180, 30, 40);

const MIB: f64 = (1 << 20) as f64;
const GIB: f64 = (1 << 30) as f64;

/// Loss, and where there were evaluations, bits per byte below it.
pub(super) fn loss(curves: &RunCurves) -> Vec<Panel> {
    let training = &curves.training_loss;
    let mut shown = vec![
        curve("training", PALE_BLUE, Mark::band(training)),
        curve("smoothed", BLUE, Mark::Line(smoothed(training))),
    ];
    shown.extend(evaluated("validation", &curves.validation_loss));
    let loss = Panel {
        title: "Loss",
        last_step: curves.last_step,
        y_name: "nats per token".to_owned(),
        y_digits: 2,
        begins_at_zero: false,
        curves: shown,
        notes: notes(curves),
    };
    let bits_per_byte = evaluated("validation", &curves.bits_per_byte).map(|shown| Panel {
        title: "Bits per byte",
        last_step: curves.last_step,
        y_name: "bits per byte of held-out text".to_owned(),
        y_digits: 2,
        begins_at_zero: false,
        curves: vec![shown],
        notes: Vec::new(),
    });
    [loss].into_iter().chain(bits_per_byte).collect()
}

/// The schedule as it was.
pub(super) fn learning_rate(curves: &RunCurves) -> Panel {
    let points = Mark::points(&curves.learning_rate, Stretch::mean, 1.0);
    Panel {
        title: "Learning rate",
        last_step: curves.last_step,
        y_name: "share of the peak".to_owned(),
        y_digits: 2,
        begins_at_zero: true,
        curves: vec![curve("learning rate", BLUE, Mark::Line(points))],
        notes: Vec::new(),
    }
}

/// What the process and MLX held, and what they might.
pub(super) fn memory(curves: &RunCurves) -> Panel {
    let held = [
        ("footprint", &curves.footprint, BLUE),
        ("peak of MLX's arrays", &curves.peak, RED),
        ("active", &curves.active, GREEN),
        ("MLX's cache", &curves.cache, ORANGE),
    ];
    let most = held.iter().filter_map(|(_, curve, _)| highest(curve));
    let most = most.fold(0.0, f64::max);
    let unit = Unit::of(most);
    let lines = held.into_iter();
    let lines = lines.filter_map(|(name, held, colour)| memory_curve(name, held, colour, unit));
    let (budget_line, budget_note) = budget(&curves.budget, most, unit);
    Panel {
        title: "Memory",
        last_step: curves.last_step,
        y_name: unit.name.to_owned(),
        y_digits: unit.digits,
        begins_at_zero: true,
        curves: lines.chain(budget_line).collect(),
        notes: budget_note.into_iter().collect(),
    }
}

/// In which bytes are counted.
#[derive(Clone, Copy)]
struct Unit {
    bytes: f64,
    name: &'static str,
    digits: usize,
}

impl Unit {
    fn of(most_bytes: f64) -> Self {
        let (bytes, name, digits) = match most_bytes >= GIB {
            true => (GIB, "GiB", 2),
            false => (MIB, "MiB", 0),
        };
        Self {
            bytes,
            name,
            digits,
        }
    }

    fn show(self, bytes: f64) -> String {
        format!("{:.*} {}", self.digits, bytes / self.bytes, self.name)
    }
}

/// `None` where the figure was never known.
fn memory_curve(name: &str, held: &ThinnedCurve, colour: RGBColor, unit: Unit) -> Option<Curve> {
    let name = format!("{name}, up to {}", unit.show(highest(held)?));
    let points = Mark::points(held, |stretch| stretch.highest, unit.bytes);
    Some(curve(name, colour, Mark::Line(points)))
}

/// The budget's line, or where it would press all others to the ground, a note of it.
fn budget(budget: &ThinnedCurve, most_held: f64, unit: Unit) -> (Option<Curve>, Option<Note>) {
    const TIMES_HELD: f64 = 3.0;
    let Some(most) = highest(budget) else {
        return (None, None);
    };
    if most > TIMES_HELD * most_held {
        let gibibytes = most / GIB;
        let note = format!("The budget of {gibibytes:.1} GiB is far above what is drawn.");
        return (None, Some(Note::Remark(note)));
    }
    let name = format!("budget, {}", unit.show(most));
    let points = Mark::points(budget, |stretch| stretch.lowest, unit.bytes);
    (Some(curve(name, PURPLE, Mark::Dashed(points))), None)
}

fn highest(curve: &ThinnedCurve) -> Option<f64> {
    let stretches = curve.stretches().iter();
    stretches.map(|stretch| stretch.highest).reduce(f64::max)
}

/// `None` where there was no evaluation.
fn evaluated(name: &str, points: &ThinnedCurve) -> Option<Curve> {
    let last = points.stretches().last()?.mean();
    let points = Mark::points(points, Stretch::mean, 1.0);
    let name = format!("{name}, {last:.3} at the end");
    Some(curve(name, ORANGE, Mark::Dotted(points)))
}

fn curve(name: impl Into<String>, colour: RGBColor, mark: Mark) -> Curve {
    Curve {
        name: name.into(),
        colour,
        mark,
    }
}

fn notes(curves: &RunCurves) -> Vec<Note> {
    let not_numbers = curves.not_numbers;
    let not_numbers = not_numbers.first_step.map(|step| {
        let steps = counted(not_numbers.count, "step");
        format!("The loss was no number at {steps}, first at step {step}.")
    });
    let unreadable = (curves.unreadable_lines > 0).then(|| {
        let lines = counted(curves.unreadable_lines, "line");
        format!("{lines} of the log could not be read.")
    });
    let notes = not_numbers.into_iter().chain(unreadable);
    notes.map(Note::Warning).collect()
}

fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
