//! Least squares over points that come one at a time.

/// Sums around the means, so that small slopes of large figures are not lost (Welford, 1962).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunningLine {
    points: u64,
    mean_x: f64,
    mean_y: f64,
    /// Sums of products of deviations.
    xx: f64,
    xy: f64,
    yy: f64,
}

impl RunningLine {
    pub(super) fn push(&mut self, x: f64, y: f64) {
        self.points += 1;
        let weight = 1.0 / self.points as f64;
        let (before_x, before_y) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += before_x * weight;
        self.mean_y += before_y * weight;
        self.xx += before_x * (x - self.mean_x);
        self.xy += before_x * (y - self.mean_y);
        self.yy += before_y * (y - self.mean_y);
    }

    pub(super) fn points(&self) -> u64 {
        self.points
    }

    /// The slope and its standard error; `None` for fewer than three points or a single `x`.
    pub(super) fn slope(&self) -> Option<(f64, f64)> {
        if self.points < 3 || self.xx <= 0.0 {
            return None;
        }
        let slope = self.xy / self.xx;
        let residual = (self.yy - slope * self.xy).max(0.0);
        let variance = residual / (self.points - 2) as f64;
        Some((slope, (variance / self.xx).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
        let mut line = RunningLine::default();
        for &(x, y) in points {
            line.push(x, y);
        }
        line.slope()
    }

    #[test]
    fn slope_and_error_are_those_of_the_textbook() {
        // Anscombe's first set (1973): slope 0.5001, standard error 0.1179.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [
            8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68,
        ];
        let points: Vec<_> = x.into_iter().zip(y).collect();
        let (slope, error) = line(&points).unwrap();
        assert!((slope - 0.5001).abs() < 1e-4, "{slope}");
        assert!((error - 0.1179).abs() < 1e-4, "{error}");
    }

    #[test]
    fn a_byte_a_step_is_seen_on_top_of_a_terabyte() {
        let points: Vec<_> = (0..10_000)
            .map(|step| (f64::from(step), 1e12 + f64::from(step)))
            .collect();
        let (slope, error) = line(&points).unwrap();
        assert!(
            (slope - 1.0).abs() < 1e-6 && error < 1e-6,
            "{slope} {error}"
        );
    }

    #[test]
    fn too_few_points_have_no_line() {
        assert_eq!(line(&[(1.0, 1.0), (2.0, 2.0)]), None);
        assert_eq!(line(&[(1.0, 1.0); 5]), None);
    }
}
