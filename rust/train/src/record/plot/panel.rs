//! What a panel shows, before it is drawn.

use std::ops::Range;

use plotters::style::RGBColor;

use crate::record::thinned::{Stretch, ThinnedCurve};

/// A chart with its title and legend.
pub(super) struct Panel {
    pub(super) title: &'static str,
    /// Of the run, whatever the curves have.
    pub(super) last_step: u64,
    /// Below the vertical axis's upper end: what is counted.
    pub(super) y_name: String,
    pub(super) y_digits: usize,
    /// Whether the vertical axis begins at zero, where nothing is below it.
    pub(super) begins_at_zero: bool,
    pub(super) curves: Vec<Curve>,
    /// What the reader must know besides.
    pub(super) notes: Vec<Note>,
}

/// A sentence below a title.
pub(super) enum Note {
    /// Something that went wrong.
    Warning(String),
    Remark(String),
}

/// A line of a legend and what it stands for.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) colour: RGBColor,
    pub(super) mark: Mark,
}

/// How a curve is drawn. Points are `(x, y)`.
pub(super) enum Mark {
    /// From the lowest to the highest of each stretch: `(x, lowest, highest)`.
    Band(Vec<(f64, f64, f64)>),
    Line(Vec<(f64, f64)>),
    /// With a dot at each point, as far as they are few.
    Dotted(Vec<(f64, f64)>),
    Dashed(Vec<(f64, f64)>),
}

impl Mark {
    pub(super) fn band(curve: &ThinnedCurve) -> Self {
        let stretches = curve.stretches().iter();
        let band = stretches.map(|stretch| (stretch.x, stretch.lowest, stretch.highest));
        Self::Band(band.collect())
    }

    /// Every stretch by one figure of it, divided by a unit.
    pub(super) fn points(
        curve: &ThinnedCurve,
        figure: fn(&Stretch) -> f64,
        unit: f64,
    ) -> Vec<(f64, f64)> {
        let stretches = curve.stretches().iter();
        let points = stretches.map(|stretch| (stretch.x, figure(stretch) / unit));
        points.collect()
    }

    fn values(&self) -> Vec<f64> {
        match self {
            Self::Band(band) => {
                let ends = |&(_, lowest, highest)| [lowest, highest];
                band.iter().flat_map(ends).collect()
            }
            Self::Line(points) | Self::Dotted(points) | Self::Dashed(points) => {
                points.iter().map(|point| point.1).collect()
            }
        }
    }
}

impl Panel {
    /// All steps of the run, so that panels below each other agree.
    pub(super) fn x_range(&self) -> Range<f64> {
        0.0..(self.last_step as f64).max(1.0)
    }

    /// All values, with some room above and below them.
    pub(super) fn y_range(&self) -> Range<f64> {
        const ROOM: f64 = 0.06;
        // Of the largest value: marks of an axis must be numbers that differ.
        const LEAST_ROOM: f64 = 1e-4;
        let (lowest, highest) = ends(self.curves.iter().flat_map(|curve| curve.mark.values()));
        let is_from_zero = self.begins_at_zero && lowest >= 0.0;
        let lowest = if is_from_zero { 0.0 } else { lowest };
        let least_room = (LEAST_ROOM * highest.abs().max(lowest.abs())).max(1e-3);
        let room = (ROOM * (highest - lowest)).max(least_room);
        let below = if is_from_zero { 0.0 } else { room };
        lowest - below..highest + room
    }
}

/// The least and the most; 0 and 0 of nothing.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    match ends.0 <= ends.1 {
        true => ends,
        false => (0.0, 0.0),
    }
}

/// The mean of each stretch with its neighbours, nearer ones counting more; at both ends there are
/// fewer of them, as many on either side, so that no curve is drawn towards what is not there.
pub(super) fn smoothed(curve: &ThinnedCurve) -> Vec<(f64, f64)> {
    const WINDOWS: usize = 60;
    let stretches = curve.stretches();
    let reach = (stretches.len() / WINDOWS).max(1);
    let mean = |at: usize| {
        let reach = reach.min(at).min(stretches.len() - 1 - at);
        let near = stretches.iter().enumerate().take(at + reach + 1);
        let (mut sum, mut weights) = (0.0, 0.0);
        for (other, stretch) in near.skip(at - reach) {
            let weight = (1 + reach - at.abs_diff(other)) as f64;
            sum += weight * stretch.mean();
            weights += weight;
        }
        (stretches[at].x, sum / weights)
    };
    (0..stretches.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(ys: &[f64]) -> ThinnedCurve {
        let mut curve = ThinnedCurve::new(1000);
        for (x, &y) in ys.iter().enumerate() {
            curve.push(x as f64, y);
        }
        curve
    }

    fn panel(ys: &[f64], begins_at_zero: bool) -> Panel {
        Panel {
            title: "",
            last_step: 1,
            y_name: String::new(),
            y_digits: 0,
            begins_at_zero,
            notes: Vec::new(),
            curves: vec![Curve {
                name: String::new(),
                colour: RGBColor(0, 0, 0),
                mark: Mark::band(&curve(ys)),
            }],
        }
    }

    #[test]
    fn the_axes_hold_every_value_with_room_around_them() {
        let panel = panel(&[2.0, 4.0], false);
        let range = panel.y_range();
        assert!(range.start < 2.0 && range.end > 4.0);
    }

    #[test]
    fn one_value_or_none_still_has_axes() {
        for ys in [&[][..], &[0.0], &[5.0], &[5.0, 5.0]] {
            for begins_at_zero in [false, true] {
                let panel = panel(ys, begins_at_zero);
                assert!(panel.y_range().start < panel.y_range().end, "{ys:?}");
            }
        }
    }

    #[test]
    fn smoothing_keeps_a_line_a_line_and_both_ends_where_they_are() {
        let line: Vec<_> = (0..300).map(f64::from).collect();
        for (x, y) in smoothed(&curve(&line)) {
            assert!((x - y).abs() < 1e-9, "{x} {y}");
        }
        let saw: Vec<_> = (0..300).map(|step| f64::from(step % 2)).collect();
        let smooth = smoothed(&curve(&saw));
        assert_eq!((smooth[0].1, smooth[299].1), (0.0, 1.0));
        assert!((smooth[150].1 - 0.5).abs() < 0.01);
        assert!(smoothed(&curve(&[])).is_empty());
    }
}
