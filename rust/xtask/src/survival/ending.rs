//! How a run ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

/// What came of a run. With the governor, only the first three may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All tokens were generated.
    Finished,
    /// The program ended the generation itself, with the text so far.
    StoppedForMemory,
    /// One sentence says why not.
    Refused { exit_code: i32, sentence: String },
    /// A signal ended it: 9 is the system's, 6 an abort.
    Killed { signal: i32 },
    /// It took longer than a run may.
    TimedOut,
    /// It ended in a way that is none of the above.
    Fault { reason: String },
}

/// What a program that has ended left behind.
pub(crate) struct Remains<'a> {
    pub(crate) status: ExitStatus,
    pub(crate) output: &'a str,
    pub(crate) errors: &'a str,
}

impl Remains<'_> {
    pub(crate) fn ending(&self) -> Ending {
        match (self.status.signal(), self.status.code()) {
            (Some(signal), _) => Ending::Killed { signal },
            (None, Some(0)) => self.success(),
            (None, Some(exit_code @ (1 | 2))) => self.refusal(exit_code),
            (None, exit_code) => fault(format!("exit code {exit_code:?}: {}", self.errors.trim())),
        }
    }

    /// The names of the actions that the governor took, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        let summary = serde_json::from_str::<Value>(self.output).unwrap_or_default();
        let actions = summary["actions"].as_array().cloned().unwrap_or_default();
        let names = actions
            .iter()
            .filter_map(|action| action["action"].as_str());
        names.map(str::to_owned).collect()
    }

    fn success(&self) -> Ending {
        let summary = match serde_json::from_str::<Value>(self.output) {
            Ok(summary) => summary,
            Err(error) => return fault(format!("the result cannot be read: {error}")),
        };
        match summary["stop_reason"].as_str() {
            Some("length" | "stop") => Ending::Finished,
            Some("memory") => Ending::StoppedForMemory,
            other => fault(format!("stop_reason {other:?}")),
        }
    }

    /// One line, `error: ` and the sentence. A panic that the program caught is none.
    fn refusal(&self, exit_code: i32) -> Ending {
        let sentence = self.errors.trim_end().strip_prefix("error: ");
        match sentence.filter(|sentence| sentence.lines().count() == 1) {
            Some(sentence) if !sentence.starts_with("a fault in headroom") => Ending::Refused {
                exit_code,
                sentence: sentence.to_owned(),
            },
            _ => fault(format!("exit code {exit_code}: {}", self.errors.trim())),
        }
    }
}

fn fault(reason: String) -> Ending {
    Ending::Fault { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status as `wait` gives it: the exit code in the upper byte, the signal in the lower.
    fn remains<'a>(raw_status: i32, output: &'a str, errors: &'a str) -> Remains<'a> {
        Remains {
            status: ExitStatus::from_raw(raw_status),
            output,
            errors,
        }
    }

    #[test]
    fn the_stop_reason_tells_how_a_success_ended() {
        let ending = |output| remains(0, output, "").ending();
        assert_eq!(ending(r#"{"stop_reason": "length"}"#), Ending::Finished);
        assert_eq!(
            ending(r#"{"stop_reason": "memory"}"#),
            Ending::StoppedForMemory
        );
        assert!(matches!(ending("{}"), Ending::Fault { .. }));
        assert!(matches!(ending("{\"stop_"), Ending::Fault { .. }));
    }

    #[test]
    fn a_refusal_is_one_sentence() {
        let refused = remains(1 << 8, "", "error: it needs more; choose less\n").ending();
        let expected = Ending::Refused {
            exit_code: 1,
            sentence: "it needs more; choose less".to_owned(),
        };
        assert_eq!(refused, expected);
    }

    #[test]
    fn what_is_no_sentence_is_a_fault() {
        for errors in ["", "terminate called", "error: one\nerror: two"] {
            let ending = remains(1 << 8, "", errors).ending();
            assert!(matches!(ending, Ending::Fault { .. }), "{errors}");
        }
        let caught = "error: a fault in headroom itself ended the command: x; please report it";
        let ending = remains(1 << 8, "", caught).ending();
        assert!(matches!(ending, Ending::Fault { .. }));
    }

    #[test]
    fn a_signal_is_a_kill() {
        assert_eq!(remains(9, "", "").ending(), Ending::Killed { signal: 9 });
        assert_eq!(remains(6, "", "").ending(), Ending::Killed { signal: 6 });
    }

    #[test]
    fn actions_are_listed_by_name() {
        let output = r#"{"actions": [{"action": "shrink_cache"}, {"action": "quantize_kv"}]}"#;
        assert_eq!(
            remains(0, output, "").actions(),
            ["shrink_cache", "quantize_kv"]
        );
        assert!(remains(0, "", "").actions().is_empty());
    }
}
