//! The loss of soft-capped logits and its gradient in one pass over memory.

use crate::exponential::exponential;
use crate::instructions::Instructions;
use crate::threads::suitable;

/// Logits of some tokens, and where their loss goes.
pub struct CappedLoss<'a> {
    /// `(tokens, vocabulary)`, before the cap.
    pub logits: &'a [f32],
    /// The id that each token was to be followed by.
    pub targets: &'a [u32],
    /// Whether a token counts; what does not has no loss and no gradient.
    pub counted: &'a [bool],
    /// The largest logit that there can be: they become `cap · tanh(x / cap)`. At most 40.
    pub cap: f32,
    /// Out: the gradient of the sum of all losses, as the logits.
    pub gradient: &'a mut [f32],
    /// Out: nats of each token.
    pub nats: &'a mut [f32],
}

/// Weighs every token: `nats = ln Σ e^z − z[target]` with `z = cap · tanh(x / cap)`.
///
/// A capped logit lies within `±cap`, so that sums need no largest value first. What is not a number
/// makes its token's loss and gradient so.
///
/// # Panics
/// When lengths do not agree or a counted target lies outside the vocabulary.
pub fn soft_capped_cross_entropy(loss: CappedLoss) {
    let tokens = loss.targets.len();
    assert_eq!(loss.counted.len(), tokens, "a flag for each token");
    assert_eq!(loss.nats.len(), tokens, "a loss for each token");
    assert_eq!(
        loss.gradient.len(),
        loss.logits.len(),
        "a gradient for each logit"
    );
    if tokens == 0 {
        return;
    }
    assert_eq!(loss.logits.len() % tokens, 0, "whole rows");
    let vocabulary = loss.logits.len() / tokens;
    if vocabulary == 0 {
        return;
    }
    let rows = tokens.div_ceil(suitable(loss.logits.len()));
    std::thread::scope(|scope| {
        let mut parts = loss.parts(vocabulary, rows);
        let own = parts.next();
        for part in parts {
            scope.spawn(move || part.compute(vocabulary));
        }
        if let Some(part) = own {
            part.compute(vocabulary);
        }
    });
}

impl<'a> CappedLoss<'a> {
    /// Parts of `rows` tokens.
    fn parts(self, vocabulary: usize, rows: usize) -> impl Iterator<Item = CappedLoss<'a>> {
        let numbers = rows * vocabulary;
        let outputs = self
            .gradient
            .chunks_mut(numbers)
            .zip(self.nats.chunks_mut(rows));
        let flags = self.targets.chunks(rows).zip(self.counted.chunks(rows));
        let inputs = self.logits.chunks(numbers).zip(flags);
        let cap = self.cap;
        inputs
            .zip(outputs)
            .map(
                move |((logits, (targets, counted)), (gradient, nats))| CappedLoss {
                    logits,
                    targets,
                    counted,
                    cap,
                    gradient,
                    nats,
                },
            )
    }

    fn compute(self, vocabulary: usize) {
        let instructions = Instructions::widest();
        let rows = self
            .logits
            .chunks(vocabulary)
            .zip(self.gradient.chunks_mut(vocabulary));
        let tokens = self.targets.iter().zip(self.counted).zip(self.nats);
        for ((logits, gradient), ((&target, &counts), nats)) in rows.zip(tokens) {
            *nats = match counts {
                true => weigh(instructions, logits, target as usize, self.cap, gradient),
                false => {
                    gradient.fill(0.0);
                    0.0
                }
            };
        }
    }
}

/// One token's nats; its gradient is written.
fn weigh(
    instructions: Instructions,
    logits: &[f32],
    target: usize,
    cap: f32,
    gradient: &mut [f32],
) -> f32 {
    let total = match instructions {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Instructions::widest` has found the processor to have these.
        Instructions::Avx512 => unsafe { exponentials_avx512(logits, cap, gradient) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx2 => unsafe { exponentials_avx2(logits, cap, gradient) },
        Instructions::Baseline => exponentials(logits, cap, gradient),
    };
    let share = (1.0 / total) as f32;
    for value in gradient.iter_mut() {
        *value *= share;
    }
    let bent = hyperbolic_tangent(logits[target] / cap);
    gradient[target] -= 1.0 - bent * bent;
    (total.ln() - f64::from(cap * bent)) as f32
}

/// Numbers that are summed in float32 before the sum goes on in float64.
const BLOCK: usize = 1024;
/// Sums that run side by side.
const LANES: usize = 16;

/// Writes each `e^z · (1 − tanh²)` and gives the sum of all `e^z`.
#[inline(always)]
fn exponentials(logits: &[f32], cap: f32, out: &mut [f32]) -> f64 {
    let inverse = 1.0 / cap;
    let mut total = 0.0f64;
    for (logits, out) in logits.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        let mut sums = [0.0f32; LANES];
        let (whole, rest) = logits.as_chunks::<LANES>();
        let (whole_out, rest_out) = out.as_chunks_mut::<LANES>();
        for (x, out) in whole.iter().zip(whole_out) {
            for lane in 0..LANES {
                let bent = hyperbolic_tangent(x[lane] * inverse);
                let exponential = exponential(cap * bent);
                sums[lane] += exponential;
                out[lane] = exponential * (1.0 - bent * bent);
            }
        }
        for (lane, (x, out)) in rest.iter().zip(rest_out).enumerate() {
            let bent = hyperbolic_tangent(x * inverse);
            let exponential = exponential(cap * bent);
            sums[lane] += exponential;
            *out = exponential * (1.0 - bent * bent);
        }
        total += sums.into_iter().map(f64::from).sum::<f64>();
    }
    total
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn exponentials_avx512(logits: &[f32], cap: f32, out: &mut [f32]) -> f64 {
    exponentials(logits, cap, out)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn exponentials_avx2(logits: &[f32], cap: f32, out: &mut [f32]) -> f64 {
    exponentials(logits, cap, out)
}

/// With an absolute error below 2e-7.
#[inline(always)]
fn hyperbolic_tangent(x: f32) -> f32 {
    1.0 - 2.0 / (exponential(2.0 * x) + 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, in float64.
    fn plain(logits: &[f32], target: usize, cap: f64) -> (f64, Vec<f64>) {
        let bent: Vec<f64> = logits
            .iter()
            .map(|&x| (f64::from(x) / cap).tanh())
            .collect();
        let total: f64 = bent.iter().map(|bent| (cap * bent).exp()).sum();
        let gradient = bent.iter().enumerate().map(|(id, bent)| {
            let expected = if id == target { 1.0 } else { 0.0 };
            ((cap * bent).exp() / total - expected) * (1.0 - bent * bent)
        });
        (total.ln() - cap * bent[target], gradient.collect())
    }

    fn computed(logits: &[f32], targets: &[u32], counted: &[bool]) -> (Vec<f32>, Vec<f32>) {
        let mut gradient = vec![f32::NAN; logits.len()];
        let mut nats = vec![f32::NAN; targets.len()];
        soft_capped_cross_entropy(CappedLoss {
            logits,
            targets,
            counted,
            cap: 15.0,
            gradient: &mut gradient,
            nats: &mut nats,
        });
        (nats, gradient)
    }

    proptest! {
        #[test]
        fn it_is_the_definition(
            logits in proptest::collection::vec(-60.0f32..60.0, 1..200),
            target in any::<prop::sample::Index>(),
        ) {
            let target = target.index(logits.len());
            let (nats, gradient) = computed(&logits, &[target as u32], &[true]);
            let (expected_nats, expected) = plain(&logits, target, 15.0);
            prop_assert!((f64::from(nats[0]) - expected_nats).abs() < 1e-5);
            for (actual, expected) in gradient.iter().zip(expected) {
                prop_assert!((f64::from(*actual) - expected).abs() < 2e-6);
            }
        }
    }

    #[test]
    fn every_set_of_instructions_gives_the_same() {
        let logits: Vec<f32> = (0..5000).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
        let weighed = |instructions| {
            let mut gradient = vec![0.0; logits.len()];
            let nats = weigh(instructions, &logits, 77, 15.0, &mut gradient);
            (nats, gradient)
        };
        assert_eq!(
            weighed(Instructions::widest()),
            weighed(Instructions::Baseline)
        );
    }

    #[test]
    fn many_rows_on_all_cores_are_the_same_as_each_alone() {
        let vocabulary = 3001;
        let logits: Vec<f32> = (0..200 * vocabulary)
            .map(|i| ((i * 7919) % 613) as f32 / 20.0 - 15.0)
            .collect();
        let targets: Vec<u32> = (0..200).map(|token| token * 15).collect();
        let counted: Vec<bool> = (0..200).map(|token| token % 3 != 0).collect();
        let (nats, gradient) = computed(&logits, &targets, &counted);
        for token in 0..200 {
            let row = token * vocabulary..(token + 1) * vocabulary;
            let alone = computed(
                &logits[row.clone()],
                &targets[token..=token],
                &counted[token..=token],
            );
            assert_eq!((nats[token], &gradient[row]), (alone.0[0], &alone.1[..]));
        }
        assert_eq!((nats[0], gradient[5]), (0.0, 0.0));
    }

    #[test]
    fn what_is_no_number_shows() {
        let (nats, gradient) = computed(&[1.0, f32::NAN, 2.0], &[0], &[true]);
        assert!(nats[0].is_nan() && gradient.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn no_tokens_are_no_work() {
        assert_eq!(computed(&[], &[], &[]), (vec![], vec![]));
    }
}
