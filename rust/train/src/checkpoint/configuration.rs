//! Whether a run goes on with the settings that it began with.

use serde_json::Value;

use super::difference::differences;
use super::error::CheckpointError;

/// Checks that two flat objects of settings are equal, apart from those in `may_change`.
///
/// # Errors
/// One error that names every other field that differs, with both values.
pub fn require_same_configuration(
    saved: &Value,
    current: &Value,
    may_change: &[&str],
) -> Result<(), CheckpointError> {
    let mut differences = differences(saved, &as_read_back(current));
    differences.retain(|difference| !may_change.contains(&difference.field.as_str()));
    match differences.is_empty() {
        true => Ok(()),
        false => Err(CheckpointError::OtherConfiguration { differences }),
    }
}

/// As it would come back from a file: reading decimal digits may differ from a number in its last bit.
fn as_read_back(settings: &Value) -> Value {
    serde_json::from_str(&settings.to_string()).unwrap_or_else(|_| settings.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(saved: Value, current: Value) -> String {
        let result = require_same_configuration(&saved, &current, &["num_iterations"]);
        result.unwrap_err().to_string()
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_values() {
        let saved = json!({"depth": 12, "vocab": 65536, "seed": 1, "data": "a"});
        let current = json!({"depth": 8, "vocab": 65536, "seed": 1, "strict": true});
        assert_eq!(
            refusal(saved, current),
            "the run was begun with other settings: `data` was \"a\" and is not given; `depth` was \
             12 and is 8; `strict` was not given and is true; give those, or another output for a \
             new run"
        );
    }

    #[test]
    fn a_field_that_may_change_is_no_difference() {
        let saved = json!({"depth": 12, "num_iterations": 100});
        let current = json!({"num_iterations": 200, "depth": 12});
        require_same_configuration(&saved, &current, &["num_iterations"]).unwrap();
        assert!(refusal(saved, json!({"depth": 13})).contains("depth"));
    }

    #[test]
    fn hostile_text_from_a_checkpoint_is_shown_short_and_escaped() {
        let saved = json!({"\u{1b}[2J": "x".repeat(10_000)});
        let shown = refusal(saved, json!({}));
        assert!(!shown.contains('\u{1b}') && shown.len() < 500, "{shown}");
    }

    proptest! {
        #[test]
        fn a_number_equals_itself_after_it_was_saved(number in any::<f64>()) {
            let settings = json!({"learning_rate": number});
            let saved = serde_json::from_str(&settings.to_string()).unwrap();
            require_same_configuration(&saved, &settings, &[]).unwrap();
        }
    }
}
