//! A generation that its host pauses, as an app does before it goes to the background.

mod support;

use std::time::Duration;

use headroom_engine::{Spill, StopReason};
use support::tiny_model::storyteller;
use support::{load, parameters, start};

const PROMPT: &str = "Once upon a time there was a fox";

#[test]
fn a_paused_generation_goes_on_as_if_nothing_had_been() {
    let model = load(&storyteller());
    let settings = parameters(|p| p.max_tokens = 60);
    let expected = start(&model, PROMPT, &settings).finish().unwrap();
    for spill in [Spill::Keep, Spill::ToDisk] {
        let mut generation = start(&model, PROMPT, &settings);
        let pauser = generation.pauser();
        generation.next().unwrap().unwrap();
        assert!(pauser.pause(spill, Duration::from_secs(20)));
        std::thread::sleep(Duration::from_millis(50));
        pauser.resume();
        assert_eq!(generation.finish().unwrap().tokens, expected.tokens);
    }
    // One that has ended rests, and one that is cancelled while it rests ends.
    let generation = start(&model, PROMPT, &settings);
    let (pauser, canceller) = (generation.pauser(), generation.canceller());
    assert!(pauser.pause(Spill::ToDisk, Duration::from_secs(20)));
    canceller.cancel();
    let summary = generation.finish().unwrap();
    assert_eq!(summary.stop_reason, StopReason::Cancelled);
    assert!(pauser.pause(Spill::Keep, Duration::from_secs(20)));
}
