//! A curve of any length in constant memory: neighbouring points are put together, two by two, whenever
//! there are too many.

/// Points that stand for one stretch of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// The middle of its first and last point.
    pub(super) x: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
    sum: f64,
    points: u64,
    first_x: f64,
}

impl Stretch {
    fn of(x: f64, y: f64) -> Self {
        Self {
            x,
            lowest: y,
            highest: y,
            sum: y,
            points: 1,
            first_x: x,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / self.points as f64
    }

    fn joined(self, next: Self) -> Self {
        let last_x = 2.0 * next.x - next.first_x;
        Self {
            x: f64::midpoint(self.first_x, last_x),
            lowest: self.lowest.min(next.lowest),
            highest: self.highest.max(next.highest),
            sum: self.sum + next.sum,
            points: self.points + next.points,
            first_x: self.first_x,
        }
    }
}

/// A curve that is being taken in.
#[derive(Clone, Debug)]
pub(super) struct ThinnedCurve {
    stretches: Vec<Stretch>,
    most: usize,
    /// Points that each stretch but the last stands for.
    points_each: u64,
}

impl ThinnedCurve {
    /// One of at most that many stretches, at least two.
    pub(super) fn new(most: usize) -> Self {
        Self {
            stretches: Vec::new(),
            most: most.max(2),
            points_each: 1,
        }
    }

    /// Takes in a point; one that is no number, or beyond all use, is left out.
    pub(super) fn push(&mut self, x: f64, y: f64) {
        const BEYOND_USE: f64 = 1e30;
        let is_of_use = |value: f64| value.abs() < BEYOND_USE;
        if !is_of_use(x) || !is_of_use(y) {
            return;
        }
        let point = Stretch::of(x, y);
        match self.stretches.last_mut() {
            Some(last) if last.points < self.points_each => *last = last.joined(point),
            _ => self.stretches.push(point),
        }
        if self.stretches.len() > self.most {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let pairs = self.stretches.chunks(2);
        let joined = pairs.filter_map(|pair| pair.iter().copied().reduce(Stretch::joined));
        self.stretches = joined.collect();
        self.points_each = self.points_each.saturating_mul(2);
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_points_stay_as_they_are() {
        let mut curve = ThinnedCurve::new(4);
        for at in 0..4 {
            curve.push(f64::from(at), f64::from(at * at));
        }
        let shown: Vec<_> = curve.stretches().iter().map(|s| (s.x, s.mean())).collect();
        assert_eq!(shown, [(0.0, 0.0), (1.0, 1.0), (2.0, 4.0), (3.0, 9.0)]);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut curve = ThinnedCurve::new(4);
        curve.push(1.0, f64::NAN);
        curve.push(f64::INFINITY, 1.0);
        curve.push(1.0, -1e300);
        assert!(curve.stretches().is_empty());
    }

    proptest! {
        #[test]
        fn no_point_is_lost_and_no_extreme(ys in prop::collection::vec(-1e6..1e6f64, 1..500)) {
            let mut curve = ThinnedCurve::new(16);
            for (x, &y) in ys.iter().enumerate() {
                curve.push(x as f64, y);
            }
            let stretches = curve.stretches();
            prop_assert!(stretches.len() <= 16);
            let points: u64 = stretches.iter().map(|stretch| stretch.points).sum();
            prop_assert_eq!(points, ys.len() as u64);
            let highest = stretches.iter().map(|stretch| stretch.highest).fold(f64::MIN, f64::max);
            prop_assert_eq!(highest, ys.iter().copied().fold(f64::MIN, f64::max));
            prop_assert!(stretches.is_sorted_by(|one, next| one.x < next.x));
        }
    }
}
