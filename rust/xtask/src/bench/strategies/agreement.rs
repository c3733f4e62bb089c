//! How often a strategy's likeliest next token is that of the full-precision run.
//!
//! The same text goes through both, so that one difference does not change all that follows.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use headroom_memory::{Backend, GenerationSettings, Pressure, Strategy};
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;

use crate::process::{announce, run_quietly};

/// Tokens at once in the run that the others are compared with.
const FULL_PRECISION_CHUNK: u32 = 512;

/// What headroom computes on without being told.
const BACKEND: Backend = match cfg!(target_os = "macos") {
    true => Backend::Gpu,
    false => Backend::Cpu,
};

/// One strategy's next tokens beside those of the full-precision run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Agreement {
    pub(crate) strategy: Strategy,
    pub(crate) same_tokens: usize,
    pub(crate) tokens: usize,
}

impl Agreement {
    /// Between 0 and 1.
    pub(crate) fn share(&self) -> f64 {
        self.same_tokens as f64 / self.tokens as f64
    }
}

/// Compares every strategy, as it is set without pressure, over all stretches of tokens.
pub(crate) fn measure(
    headroom: &Path,
    model: &Path,
    stretches: &[Vec<u32>],
) -> Result<Vec<Agreement>> {
    announce("Comparing next tokens with the full-precision run");
    let mut agreements = Strategy::ALL.map(|strategy| Agreement {
        strategy,
        same_tokens: 0,
        tokens: 0,
    });
    for tokens in stretches {
        let logits = DebugLogits {
            headroom,
            model,
            tokens,
        };
        let expected = logits.likeliest(&full_precision())?;
        for agreement in &mut agreements {
            let settings = agreement.strategy.generation(Pressure::Low, BACKEND);
            let found = logits.likeliest(&flags(settings))?;
            agreement.same_tokens += same(&expected, &found)?;
            agreement.tokens += expected.len();
        }
    }
    Ok(agreements.into())
}

/// `headroom debug logits` over one stretch of tokens.
struct DebugLogits<'a> {
    headroom: &'a Path,
    model: &'a Path,
    tokens: &'a [u32],
}

impl DebugLogits<'_> {
    /// The likeliest token after each.
    fn likeliest(&self, flags: &[String]) -> Result<Vec<usize>> {
        let tokens: Vec<_> = self.tokens.iter().map(u32::to_string).collect();
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("logits.safetensors");
        run_quietly(
            Command::new(self.headroom)
                .args(["debug", "logits", "--tokens", &tokens.join(",")])
                .arg("--model")
                .arg(self.model)
                .arg("--output")
                .arg(&path)
                .args(flags),
        )?;
        let likeliest = read_likeliest(&std::fs::read(&path)?)?;
        ensure!(
            likeliest.len() == self.tokens.len(),
            "headroom gave logits for {} tokens of {}",
            likeliest.len(),
            self.tokens.len()
        );
        Ok(likeliest)
    }
}

fn full_precision() -> Vec<String> {
    vec!["--chunk".to_owned(), FULL_PRECISION_CHUNK.to_string()]
}

/// A strategy's settings in the words of `headroom debug logits`.
fn flags(settings: GenerationSettings) -> Vec<String> {
    let mut flags = vec!["--chunk".to_owned(), settings.prefill_step.to_string()];
    if let Some(max_kv_size) = settings.max_kv_size {
        flags.extend(["--max-kv-size".to_owned(), max_kv_size.to_string()]);
    }
    if let Some(kv) = settings.kv_quantization {
        flags.extend(["--kv-bits".to_owned(), kv.bits.to_string()]);
        flags.extend(["--kv-group-size".to_owned(), kv.group_size.to_string()]);
        flags.extend([
            "--quantized-kv-start".to_owned(),
            settings.quantized_kv_start.to_string(),
        ]);
    }
    flags
}

/// The place of each row's largest value.
fn read_likeliest(file: &[u8]) -> Result<Vec<usize>> {
    let tensors = SafeTensors::deserialize(file).context("the logits are no safetensors file")?;
    let logits = tensors
        .tensor("logits")
        .context("the logits' file lacks them")?;
    let &[_, vocabulary] = logits.shape() else {
        anyhow::bail!("the logits have the shape {:?}", logits.shape());
    };
    ensure!(
        logits.dtype() == Dtype::F32 && vocabulary > 0,
        "the logits are no rows of float32"
    );
    let (values, _) = logits.data().as_chunks::<4>();
    let values: Vec<f32> = values.iter().copied().map(f32::from_le_bytes).collect();
    Ok(values.chunks_exact(vocabulary).map(largest).collect())
}

/// The place of the largest value, the first of equals.
fn largest(row: &[f32]) -> usize {
    let larger = |best: usize, place: usize| match row[place] > row[best] {
        true => place,
        false => best,
    };
    (0..row.len()).reduce(larger).unwrap_or_default()
}

fn same(expected: &[usize], found: &[usize]) -> Result<usize> {
    ensure!(
        expected.len() == found.len(),
        "the runs gave different numbers of rows"
    );
    let pairs = expected.iter().zip(found);
    Ok(pairs.filter(|(one, other)| one == other).count())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    fn file(shape: &[usize], values: &[f32]) -> Vec<u8> {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let tensor = TensorView::new(Dtype::F32, shape.to_vec(), &bytes).unwrap();
        safetensors::serialize([("logits", tensor)], None::<HashMap<String, String>>).unwrap()
    }

    #[test]
    fn the_likeliest_token_of_each_row_is_the_first_of_the_largest() {
        let logits = file(&[3, 3], &[0.0, 2.0, 1.0, -1.0, -2.0, -3.0, 1.0, 4.0, 4.0]);
        assert_eq!(read_likeliest(&logits).unwrap(), [1, 0, 1]);
    }

    #[test]
    fn logits_that_are_no_table_are_refused() {
        assert!(read_likeliest(&file(&[4], &[0.0; 4])).is_err());
        assert!(read_likeliest(&file(&[2, 0], &[])).is_err());
        assert!(read_likeliest(b"no file").is_err());
    }

    #[test]
    fn a_strategy_is_told_by_its_settings() {
        let flags = |strategy: Strategy| {
            flags(strategy.generation(Pressure::Critical, Backend::Cpu)).join(" ")
        };
        assert!(flags(Strategy::Conservative).contains("--kv-bits 16"));
        let aggressive = flags(Strategy::Aggressive);
        assert!(
            aggressive.contains("--chunk 16 --max-kv-size 512 --kv-bits 4"),
            "{aggressive}"
        );
    }

    #[test]
    fn agreement_is_the_share_of_equal_places() {
        let agreement = Agreement {
            strategy: Strategy::Balanced,
            same_tokens: same(&[1, 2, 3, 4], &[1, 2, 0, 4]).unwrap(),
            tokens: 4,
        };
        assert_eq!(agreement.share(), 0.75);
        assert!(same(&[1], &[1, 2]).is_err());
    }
}
