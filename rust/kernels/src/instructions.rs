//! Which instructions this processor has.

/// A set of vector instructions that loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instructions {
    /// x86-64 with vectors of sixteen floats.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86-64 with vectors of eight floats.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every processor of the target has; on aarch64, NEON.
    Baseline,
}

impl Instructions {
    /// The widest that this processor has.
    pub(crate) fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}
