//! The exponential function in arithmetic that vectorises.

/// `e^x` with a relative error below 2e-7 between -80 and 80, where `x` is clamped to; NaN stays NaN.
///
/// `x = n · ln 2 + r` with whole `n`; `e^r` is a polynomial (Cephes' `expf`), `2^n` a float's exponent.
#[inline(always)]
pub(crate) fn exponential(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-80.0, 80.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let mut p = 1.987_569_1e-4;
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = p * r + coefficient;
    }
    let of_r = p * r * r + r + 1.0;
    // Saturating: NaN becomes zero here, and what it is multiplied with stays NaN.
    let exponent = (n as i32 + 127) << 23;
    of_r * f32::from_bits(exponent as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential_to_a_float_s_last_bits() {
        for step in -8000..=8000 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exponential(x)) / exact - 1.0).abs();
            assert!(error < 2e-7, "{x}: {error}");
        }
        assert_eq!(exponential(0.0), 1.0);
    }

    #[test]
    fn what_is_no_number_stays_none_and_what_is_too_large_is_clamped() {
        assert!(exponential(f32::NAN).is_nan());
        assert_eq!(exponential(f32::INFINITY), exponential(80.0));
        assert_eq!(exponential(f32::NEG_INFINITY), exponential(-80.0));
    }
}
