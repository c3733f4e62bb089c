//! A model that has learned with rounded weights loses less when it is packed.

#[allow(dead_code, reason = "each of the tests takes what it needs")]
mod workplace;

use headroom_train::run::Resume;
use headroom_train::sft::{SftConfig, train_sft};
use serde_json::{Value, json};
use workplace::{Stopper, Workplace};

/// Tunes a model; gives the loss of the first step.
fn tuned(workplace: &Workplace, model: &str, output: &str, more: &Value) -> f64 {
    let mut fields = json!({
        "model": workplace.path(model),
        "data": workplace.path("chats.jsonl"),
        "output": workplace.path(output),
        "rows-per-step": 4,
        "num-iterations": 150,
        "eval-every": 0,
        "rate-share": 1.0,
    });
    let (all, more) = (fields.as_object_mut().unwrap(), more.as_object().unwrap());
    all.extend(more.clone());
    let config = SftConfig::from_fields(fields).unwrap();
    train_sft(&config, Resume::No, &mut Stopper::never()).unwrap();
    workplace.steps(output)[0].loss
}

#[test]
fn who_has_learned_with_rounded_weights_loses_less_by_rounding() {
    let workplace = Workplace::new();
    workplace.trained("base", json!({"num-iterations": 20}));
    tuned(&workplace, "base", "plain", &json!({}));
    tuned(&workplace, "base", "used-to-it", &json!({"round-bits": 2}));
    // The first loss of another run is that of the model itself, on the same rows for all.
    let of = |model: &str, output: &str, more: Value| {
        let mut fields = json!({"num-iterations": 1});
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        tuned(&workplace, model, output, &fields)
    };
    let plain = of("plain", "0", json!({}));
    let plain_rounded = of("plain", "1", json!({"round-bits": 2}));
    let used_to_it = of("used-to-it", "2", json!({"round-bits": 2}));
    let [lost, spared] = [plain_rounded, used_to_it].map(|rounded| rounded - plain);
    assert!(lost > 0.05, "two bits cost only {lost}");
    assert!(spared < lost / 2.0, "{spared} is not much below {lost}");
}
