//! From comfortable to too small.

/// What memory is needed, as a kind of limit counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// By the program before it has loaded anything. Below it, the system ends the program before
    /// it can look at its limits, and nothing that it does could help.
    pub(crate) bare_bytes: u64,
    /// By the generation when nothing limits it.
    pub(crate) comfortable_bytes: u64,
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// Of what the generation needs beyond the bare program.
    pub(crate) share: f64,
    pub(crate) limit_bytes: u64,
}

const SHARES: [f64; 12] = [1.3, 1.1, 1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.15];

/// Limits are set in whole pages; this is a multiple of all usual page sizes.
const GRANULE_BYTES: u64 = 1 << 16;

impl Need {
    /// The limits, largest first.
    pub(crate) fn steps(self) -> impl Iterator<Item = Step> {
        let model_bytes = self.comfortable_bytes.saturating_sub(self.bare_bytes);
        SHARES.into_iter().map(move |share| {
            let limit = self.bare_bytes + (model_bytes as f64 * share) as u64;
            Step {
                share,
                limit_bytes: limit.next_multiple_of(GRANULE_BYTES),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_fall_from_comfortable_to_little_more_than_the_bare_program() {
        let need = Need {
            bare_bytes: 20 << 20,
            comfortable_bytes: 120 << 20,
        };
        let limits: Vec<_> = need.steps().map(|step| step.limit_bytes).collect();
        assert_eq!(limits.first(), Some(&(150 << 20)));
        assert_eq!(limits.last(), Some(&(35 << 20)));
        assert!(limits.is_sorted_by(|above, below| above > below));
    }
}
