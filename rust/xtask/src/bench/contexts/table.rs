//! The outcome as two tables: speed, and memory behind the longest context.

use super::kind::Kind;
use super::outcome::{KindOutcome, Memory, Outcome, Speeds};
use super::{CONTEXTS, MODEL, ROUNDS};

pub(crate) fn print(outcome: &Outcome) {
    println!("\nDecode behind a context, tokens/s: headroom, mlx-lm, ratio");
    println!(
        "{}; median of {ROUNDS}; bfloat16 beside mlx-lm's plain cache, which is bfloat16",
        MODEL.0
    );
    println!("{}", heading());
    for kind in &outcome.kinds {
        println!("{}", speed_line(kind));
    }
    println!(
        "\nMemory behind {} tokens, MiB: headroom, mlx-lm",
        longest()
    );
    println!("{:18}{:>20}{:>24}", "", "KV cache", "peak while decoding");
    for kind in &outcome.kinds {
        println!("{}", memory_line(kind));
    }
    println!();
}

fn longest() -> u32 {
    CONTEXTS.into_iter().max().unwrap_or_default()
}

fn heading() -> String {
    let contexts = CONTEXTS.map(|context| format!("{:>24}", format!("{context} tokens")));
    format!("{:18}{}  target", "", contexts.concat())
}

fn speed_line(outcome: &KindOutcome) -> String {
    let mut line = name(outcome.kind);
    for speeds in &outcome.speeds {
        line += &triple(*speeds);
    }
    if let Some(judged) = &outcome.judged {
        line += &format!("  {}", judged.verdict());
    }
    line
}

fn triple(speeds: Speeds) -> String {
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    format!(
        "{:>8}{:>8}{:>8}",
        shown(speeds.headroom),
        shown(speeds.mlx_lm),
        shown(speeds.ratio)
    )
}

fn memory_line(outcome: &KindOutcome) -> String {
    let pair = |bytes: fn(&Memory) -> u64| {
        let shown = |memory: Option<&Memory>| {
            memory.map_or("-".to_owned(), |memory| mebibytes(bytes(memory)))
        };
        let (ours, theirs) = (outcome.headroom.as_ref(), outcome.mlx_lm.as_ref());
        format!("{:>10}{:>10}", shown(ours), shown(theirs))
    };
    let (cache, peak) = (
        pair(|memory| memory.cache_bytes),
        pair(|memory| memory.peak_bytes),
    );
    format!("{}{cache}    {peak}", name(outcome.kind))
}

fn name(kind: Kind) -> String {
    format!("{:18}", kind.name())
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::target::{Judged, Target};

    fn outcome() -> KindOutcome {
        KindOutcome {
            kind: Kind::FourBits,
            speeds: vec![
                Speeds {
                    context: 512,
                    headroom: Some(15.04),
                    mlx_lm: Some(1.5),
                    ratio: Some(10.03),
                },
                Speeds {
                    context: 4096,
                    headroom: Some(3.0),
                    mlx_lm: None,
                    ratio: None,
                },
            ],
            judged: Some(Judged::new(Some(1.4), Target::AtLeast(1.5))),
            headroom: Some(Memory {
                cache_bytes: 3 << 19,
                peak_bytes: 2 << 20,
            }),
            mlx_lm: None,
        }
    }

    #[test]
    fn a_line_tells_both_speeds_their_ratio_and_the_verdict() {
        assert_eq!(
            speed_line(&outcome()),
            "4 bits                15.0     1.5    10.0     3.0       -       -  at least 1.5: FELL SHORT"
        );
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!(
            memory_line(&outcome()),
            "4 bits                   1.5         -           2.0         -"
        );
    }
}
