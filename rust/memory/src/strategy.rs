//! How much is given up to save memory, and what a generation is set to for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::MemoryError;
use crate::fit::{Backend, KvQuantization};
use crate::pressure::Pressure;

/// How much speed and precision may be given up to save memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Keeps the precision as long as it can: mainly smaller prefill steps.
    Conservative,
    /// Keys and values in half the bits, a bounded context when memory is tight.
    #[default]
    Balanced,
    /// Keys and values in 4 bits, and a bounded context.
    Aggressive,
}

/// What a strategy sets a generation to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GenerationSettings {
    /// Prompt tokens computed at once.
    pub prefill_step: u32,
    /// The most tokens whose keys and values are kept; `None` keeps all.
    pub max_kv_size: Option<u32>,
    /// `None` keeps keys and values as they were computed.
    pub kv_quantization: Option<KvQuantization>,
    /// From how many tokens on keys and values are quantised.
    pub quantized_kv_start: u32,
}

/// A row of the table below: prefill step, tokens kept, their precision.
struct Row(u32, Option<u32>, Precision);

/// How exactly keys and values are kept.
#[derive(Clone, Copy)]
enum Precision {
    /// As they are computed.
    Full,
    /// In half the bits they are computed in: bfloat16 on a CPU, 8 bits on a GPU.
    Half,
    /// In 4 bits.
    Four,
}

use Precision::{Four, Full, Half};

const ALL: Option<u32> = None;

/// Strategies, mildest first; in each a row per level of pressure, lowest first. The rows without
/// pressure were chosen by measurement (`make bench` prints the table): memory, speed and agreement
/// with the full-precision run.
const TABLE: [[Row; 4]; 3] = [
    [
        Row(128, ALL, Full),
        Row(128, ALL, Full),
        Row(64, ALL, Half),
        Row(32, ALL, Half),
    ],
    [
        Row(128, ALL, Half),
        Row(64, ALL, Half),
        Row(64, Some(4096), Half),
        Row(32, Some(2048), Four),
    ],
    [
        Row(64, Some(2048), Four),
        Row(64, Some(2048), Four),
        Row(32, Some(1024), Four),
        Row(16, Some(512), Four),
    ],
];

impl Precision {
    const fn on(self, backend: Backend) -> Option<KvQuantization> {
        match (self, backend) {
            (Self::Full, _) => None,
            (Self::Half, Backend::Cpu) => Some(KvQuantization::SIXTEEN_BITS),
            (Self::Half, Backend::Gpu) => Some(KvQuantization::EIGHT_BITS),
            (Self::Four, _) => Some(KvQuantization::FOUR_BITS),
        }
    }
}

impl Strategy {
    /// Every strategy, the one that gives up least first.
    pub const ALL: [Self; 3] = [Self::Conservative, Self::Balanced, Self::Aggressive];

    /// What a generation that begins under this pressure is set to.
    pub const fn generation(self, pressure: Pressure, backend: Backend) -> GenerationSettings {
        let Row(prefill_step, max_kv_size, precision) = &TABLE[self as usize][pressure as usize];
        GenerationSettings {
            prefill_step: *prefill_step,
            max_kv_size: *max_kv_size,
            kv_quantization: precision.on(backend),
            quantized_kv_start: 0,
        }
    }

    /// The name used in JSON and on the terminal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Balanced => "balanced",
            Self::Aggressive => "aggressive",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Strategy {
    type Err = MemoryError;

    /// # Errors
    /// [`MemoryError::UnknownStrategy`] for any other name. Case does not matter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| MemoryError::UnknownStrategy {
                text: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [Pressure; 4] = [
        Pressure::Low,
        Pressure::Medium,
        Pressure::High,
        Pressure::Critical,
    ];

    /// Bits per value; 16 where nothing is quantised.
    fn bits(settings: GenerationSettings) -> u8 {
        settings.kv_quantization.map_or(16, |kv| kv.bits)
    }

    fn tokens_kept(settings: GenerationSettings) -> u32 {
        settings.max_kv_size.unwrap_or(u32::MAX)
    }

    /// Whether `tighter` takes no more memory than `looser` in any respect.
    fn saves_as_much(tighter: GenerationSettings, looser: GenerationSettings) -> bool {
        tighter.prefill_step <= looser.prefill_step
            && bits(tighter) <= bits(looser)
            && tokens_kept(tighter) <= tokens_kept(looser)
            && tighter.quantized_kv_start <= looser.quantized_kv_start
    }

    #[test]
    fn more_pressure_never_takes_more_memory() {
        for strategy in Strategy::ALL {
            for levels in LEVELS.windows(2) {
                let (looser, tighter) = (levels[0], levels[1]);
                let settings = |level| strategy.generation(level, Backend::Gpu);
                assert!(
                    saves_as_much(settings(tighter), settings(looser)),
                    "{strategy} from {looser} to {tighter}"
                );
            }
        }
    }

    #[test]
    fn a_bolder_strategy_never_takes_more_memory() {
        for level in LEVELS {
            for strategies in Strategy::ALL.windows(2) {
                let (looser, tighter) = (strategies[0], strategies[1]);
                assert!(
                    saves_as_much(
                        tighter.generation(level, Backend::Gpu),
                        looser.generation(level, Backend::Gpu)
                    ),
                    "from {looser} to {tighter} at {level}"
                );
            }
        }
    }

    #[test]
    fn without_pressure_each_strategy_has_a_precision_of_its_own() {
        let at_rest = |strategy: Strategy| bits(strategy.generation(Pressure::Low, Backend::Gpu));
        assert_eq!(Strategy::ALL.map(at_rest), [16, 8, 4]);
    }

    #[test]
    fn half_is_half_of_what_is_computed_in() {
        let precision = |backend| Strategy::Balanced.generation(Pressure::Low, backend);
        let bits = |backend| bits(precision(backend));
        assert_eq!((bits(Backend::Cpu), bits(Backend::Gpu)), (16, 8));
    }

    #[test]
    fn the_conservative_one_never_bounds_the_context() {
        for level in LEVELS {
            let settings = Strategy::Conservative.generation(level, Backend::Gpu);
            assert_eq!(settings.max_kv_size, None, "at {level}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_printed() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.to_string().parse::<Strategy>().unwrap(), strategy);
            let json = serde_json::to_string(&strategy).unwrap();
            assert_eq!(json, format!("\"{strategy}\""));
        }
        assert_eq!(
            " Aggressive ".parse::<Strategy>().unwrap(),
            Strategy::Aggressive
        );
        assert_eq!(Strategy::default(), Strategy::Balanced);
    }

    #[test]
    fn another_name_is_refused_with_those_that_exist() {
        let refusal = "reckless".parse::<Strategy>().unwrap_err().to_string();
        assert!(
            refusal.contains("\"reckless\"") && refusal.contains("conservative, balanced"),
            "{refusal}"
        );
    }
}
