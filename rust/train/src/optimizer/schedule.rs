//! How rates change over a run.

/// No warm-up, full rates, and a linear way down to zero over the last part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Steps of the whole run.
    pub steps: u64,
    /// The share of them over which rates go down.
    pub warm_down_share: f64,
}

/// Steps over which Muon's momentum rises, and between what.
const MOMENTUM_STEPS: f64 = 300.0;
const MOMENTUM: [f64; 2] = [0.85, 0.95];

impl Schedule {
    /// What rates are multiplied by in a step, counted from zero.
    pub fn share(&self, step: u64) -> f64 {
        let way_down = (self.warm_down_share * self.steps as f64).round();
        let left = self.steps.saturating_sub(step) as f64;
        match left >= way_down {
            true => 1.0,
            false => left / way_down,
        }
    }

    /// Muon's momentum in a step, counted from zero.
    pub fn momentum(step: u64) -> f64 {
        let share = (step as f64 / MOMENTUM_STEPS).min(1.0);
        (1.0 - share) * MOMENTUM[0] + share * MOMENTUM[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_stay_and_then_go_down_to_zero() {
        let schedule = Schedule {
            steps: 10,
            warm_down_share: 0.2,
        };
        let shares: Vec<f64> = (6..11).map(|step| schedule.share(step)).collect();
        assert_eq!(shares, [1.0, 1.0, 1.0, 0.5, 0.0]);
    }

    #[test]
    fn a_run_without_a_way_down_keeps_its_rates() {
        let schedule = Schedule {
            steps: 3,
            warm_down_share: 0.0,
        };
        assert_eq!([0, 1, 2].map(|step| schedule.share(step)), [1.0; 3]);
    }

    #[test]
    fn momentum_rises_for_three_hundred_steps() {
        assert_eq!(Schedule::momentum(0), 0.85);
        assert!((Schedule::momentum(150) - 0.9).abs() < 1e-12);
        assert_eq!(Schedule::momentum(300), Schedule::momentum(5000));
    }
}
