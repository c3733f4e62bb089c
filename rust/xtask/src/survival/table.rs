//! The runs as a table, a line as soon as a run has ended.

use super::Governor;
use super::boundary::Boundary;
use super::ending::Ending;
use super::execution::Run;
use super::steps::Need;
use super::subject::Subject;

/// Names what follows.
pub(crate) fn print_heading(boundary: &Boundary, subject: &Subject, need: Need) {
    println!(
        "\n{}, limit on {boundary}\ntakes {} when nothing limits it; the bare program starts within {}",
        subject.name,
        mebibytes(Some(need.comfortable_bytes)),
        mebibytes(Some(need.bare_bytes)),
    );
    println!(
        "{:>11}{:>7}{:>10}{:>11}{:>11}{:>7}  ended",
        "limit", "share", "governor", "peak", "resident", "s"
    );
}

/// Prints one run.
pub(crate) fn print_run(run: &Run) {
    println!("{}", line(run));
}

fn line(run: &Run) -> String {
    format!(
        "{:>11}{:>7.2}{:>10}{:>11}{:>11}{:>7.1}  {}{}",
        mebibytes(Some(run.step.limit_bytes)),
        run.step.share,
        governor(run.governor),
        mebibytes(run.peak_bytes),
        mebibytes(run.peak_resident_bytes),
        run.time.as_secs_f64(),
        ended(&run.ending),
        actions(&run.actions),
    )
}

fn governor(governor: Governor) -> &'static str {
    match governor {
        Governor::On => "on",
        Governor::Off => "off",
        Governor::None => "none",
    }
}

fn ended(ending: &Ending) -> String {
    match ending {
        Ending::Finished => "finished".to_owned(),
        Ending::StoppedForMemory => "stopped for memory".to_owned(),
        Ending::Refused {
            exit_code,
            sentence,
        } => format!("refused ({exit_code}): {sentence}"),
        Ending::Killed { signal: 6 } => "ABORTED (signal 6)".to_owned(),
        Ending::Killed { signal } => format!("KILLED by signal {signal}"),
        Ending::TimedOut => "TOOK TOO LONG".to_owned(),
        Ending::Fault { reason } => format!("FAULT: {reason}"),
    }
}

/// Each action once, with how often it was taken.
fn actions(names: &[String]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counted.iter_mut().find(|(seen, _)| seen == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    let words: Vec<_> = counted
        .into_iter()
        .map(|(name, count)| match count {
            1 => name.to_owned(),
            _ => format!("{name} x{count}"),
        })
        .collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(" after {}", words.join(", ")),
    }
}

fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::survival::steps::Step;

    #[test]
    fn a_line_tells_limit_peak_and_end() {
        let run = Run {
            step: Step {
                share: 0.5,
                limit_bytes: 64 << 20,
            },
            governor: Governor::On,
            ending: Ending::StoppedForMemory,
            peak_bytes: Some(63 << 20),
            peak_resident_bytes: None,
            actions: ["shrink_cache", "quantize_kv", "shrink_cache"]
                .map(str::to_owned)
                .into(),
            time: Duration::from_millis(1250),
        };
        assert_eq!(
            line(&run),
            "   64.0 MiB   0.50        on   63.0 MiB    unknown    1.2  stopped for memory after \
             shrink_cache x2, quantize_kv"
        );
    }
}
