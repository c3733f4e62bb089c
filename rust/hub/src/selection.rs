//! The best model that fits: chosen by rule, with the reason in words.

use std::cmp::Reverse;

use headroom_memory::{ByteSize, ModelGeometry};

use crate::registry::{RegistryModel, registry};

/// What a model has to fit into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionRequest {
    /// Bytes that may be taken.
    pub available_bytes: u64,
    /// Prompt and answer together, in tokens.
    pub context_tokens: u32,
}

/// One model of the registry, weighed against a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The model.
    pub model: &'static RegistryModel,
    /// Bytes it takes at its peak: weights, KV cache for the asked context, and workspace.
    pub needed_bytes: u64,
    /// Whether those bytes are available and the model was made for so long a context.
    pub fits: bool,
    /// Whether this build can run its family.
    pub runs: bool,
    /// Why it fits or not, and whether it runs.
    pub reason: String,
}

/// Every model weighed, and the best of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// What was asked for.
    pub request: SelectionRequest,
    /// The best model that fits and runs; `None` when there is none.
    pub pick: Option<&'static RegistryModel>,
    /// Every model of the registry, smallest first.
    pub candidates: Vec<Candidate>,
}

/// Weighs every model and picks the one with the most parameters among those that fit and run. Of
/// two with as many, the one that needs fewer bytes wins, then the one whose id comes first.
///
/// `runs` tells whether this build has a model's family. `needed_bytes` predicts the peak of a
/// model, given its geometry and the context in tokens.
pub fn pick(
    request: SelectionRequest,
    runs: impl Fn(&RegistryModel) -> bool,
    needed_bytes: impl Fn(&ModelGeometry, u32) -> u64,
) -> Selection {
    let weigh = |model: &'static RegistryModel| {
        let needed_bytes = needed_bytes(&model.geometry, request.context_tokens);
        Candidate::weigh(model, needed_bytes, runs(model), request)
    };
    let candidates: Vec<_> = registry().iter().map(weigh).collect();
    let usable = candidates.iter().filter(|candidate| candidate.is_usable());
    let best = usable.max_by_key(|candidate| candidate.rank());
    Selection {
        request,
        pick: best.map(|candidate| candidate.model),
        candidates,
    }
}

impl Candidate {
    fn weigh(
        model: &'static RegistryModel,
        needed_bytes: u64,
        runs: bool,
        request: SelectionRequest,
    ) -> Self {
        let needed = ByteSize::from_bytes(needed_bytes);
        let available = ByteSize::from_bytes(request.available_bytes);
        let (fits, mut reason) = if let Some(most) = context_exceeded(model, request) {
            (false, format!("was made for {most} tokens at most"))
        } else if needed_bytes <= request.available_bytes {
            (true, format!("needs {needed} of {available}"))
        } else {
            let missing = ByteSize::from_bytes(needed_bytes - request.available_bytes);
            (
                false,
                format!("would need {needed}, {missing} more than there is"),
            )
        };
        if !runs {
            reason.push_str(&format!("; this version does not run {}", model.family));
        }
        Self {
            model,
            needed_bytes,
            fits,
            runs,
            reason,
        }
    }

    fn is_usable(&self) -> bool {
        self.fits && self.runs
    }

    fn rank(&self) -> (u64, Reverse<u64>, Reverse<&str>) {
        let fewer_bytes = Reverse(self.needed_bytes);
        (self.model.parameters, fewer_bytes, Reverse(&self.model.id))
    }
}

/// The longest context the model was made for, where the asked one is longer.
fn context_exceeded(model: &RegistryModel, request: SelectionRequest) -> Option<u32> {
    let most = model.geometry.context_length?;
    (most < request.context_tokens).then_some(most)
}

impl Selection {
    /// The choice and its reason in one sentence: what the pick needs, and what the next larger
    /// model would need.
    pub fn explanation(&self) -> String {
        let available = ByteSize::from_bytes(self.request.available_bytes);
        let picked = |candidate: &&Candidate| Some(candidate.model) == self.pick;
        let Some(pick) = self.candidates.iter().find(picked) else {
            let context = self.request.context_tokens;
            let none = format!(
                "no model that this version runs fits in {available} with a context of {context} tokens"
            );
            return none + &self.would_need(self.smallest());
        };
        let needed = ByteSize::from_bytes(pick.needed_bytes);
        let chosen = format!("{}: needs {needed} of {available}", pick.model.name);
        chosen + &self.would_need(self.next_larger(pick))
    }

    /// The model that needs the fewest bytes of those that lack nothing else.
    fn smallest(&self) -> Option<&Candidate> {
        self.too_large()
            .min_by_key(|candidate| candidate.needed_bytes)
    }

    fn next_larger(&self, pick: &Candidate) -> Option<&Candidate> {
        let larger = self.too_large().filter(|other| other.rank() > pick.rank());
        larger.min_by_key(|candidate| candidate.rank())
    }

    fn too_large(&self) -> impl Iterator<Item = &Candidate> {
        let request = self.request;
        self.candidates.iter().filter(move |candidate| {
            candidate.runs
                && candidate.needed_bytes > request.available_bytes
                && context_exceeded(candidate.model, request).is_none()
        })
    }

    fn would_need(&self, candidate: Option<&Candidate>) -> String {
        candidate.map_or_else(String::new, |candidate| {
            let needed = ByteSize::from_bytes(candidate.needed_bytes);
            format!("; {} would need {needed}", candidate.model.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::registry::find;

    const GB: u64 = 1_000_000_000;

    /// Weights, and keys and values in 16 bits.
    fn weights_and_cache(geometry: &ModelGeometry, context_tokens: u32) -> u64 {
        let cache = geometry.layers.iter().map(|layer| {
            let kept = layer
                .window
                .map_or(context_tokens, |window| window.min(context_tokens));
            u64::from(layer.key_value_heads) * u64::from(layer.head_dim) * u64::from(kept) * 4
        });
        geometry.weights_bytes + cache.sum::<u64>()
    }

    fn picked(available_bytes: u64, context_tokens: u32) -> Selection {
        let request = SelectionRequest {
            available_bytes,
            context_tokens,
        };
        pick(request, |_| true, weights_and_cache)
    }

    fn name(selection: &Selection) -> Option<&'static str> {
        selection.pick.map(|model| model.name.as_str())
    }

    #[test]
    fn the_pick_has_the_most_parameters_of_those_that_fit_with_their_cache() {
        assert_eq!(name(&picked(GB, 4096)), Some("Llama-3.2-1B"));
        assert_eq!(name(&picked(2 * GB, 4096)), Some("Gemma-3n-E2B"));
        assert_eq!(name(&picked(16 * GB, 4096)), Some("Qwen3-8B"));
    }

    #[test]
    fn a_model_of_a_tier_that_cannot_fit_the_tier_is_not_picked() {
        let selection = picked(2 * GB - 1, 8192);
        assert_eq!(name(&selection), Some("Gemma-3n-E2B"));
        assert!(
            !selection
                .candidates
                .iter()
                .any(|candidate| candidate.model.name == "SmolLM3-3B" && candidate.fits)
        );
    }

    #[test]
    fn tables_that_stay_in_their_file_do_not_count_against_a_model() {
        let gemma = find("Gemma-3n-E2B").unwrap();
        assert!(gemma.weights_bytes > 2 * GB);
        assert_eq!(name(&picked(3 * GB / 2, 4096)), Some("Gemma-3n-E2B"));
    }

    #[test]
    fn the_explanation_says_what_the_pick_and_the_next_larger_model_need() {
        assert_eq!(
            picked(7 * GB / 5, 4096).explanation(),
            "Llama-3.2-1B: needs 791.0 MiB of 1.3 GiB; Qwen3-1.7B would need 1.3 GiB"
        );
        assert_eq!(
            picked(64 * GB, 4096).explanation(),
            "Qwen3-8B: needs 4.9 GiB of 59.6 GiB"
        );
        assert_eq!(
            picked(GB / 10, 4096).explanation(),
            "no model that this version runs fits in 95.4 MiB with a context of 4096 tokens; Gemma-3-1B would need 725.6 MiB"
        );
    }

    #[test]
    fn a_context_longer_than_a_model_was_made_for_rules_it_out() {
        let selection = picked(64 * GB, 20_000);
        let llama = find("Llama-3-8B").unwrap();
        let candidate = selection
            .candidates
            .iter()
            .find(|candidate| candidate.model == llama);
        let candidate = candidate.unwrap();
        assert_eq!(
            (candidate.fits, candidate.reason.as_str()),
            (false, "was made for 8192 tokens at most")
        );
    }

    #[test]
    fn a_family_that_does_not_run_is_never_picked_and_the_reason_says_so() {
        let request = SelectionRequest {
            available_bytes: 3 * GB,
            context_tokens: 2048,
        };
        let runs = |model: &RegistryModel| model.family == "qwen3";
        let selection = pick(request, runs, weights_and_cache);
        assert_eq!(name(&selection), Some("Qwen3-4B"));
        assert!(
            selection
                .explanation()
                .ends_with("Qwen3-8B would need 4.6 GiB")
        );
        let reasons: Vec<_> = selection
            .candidates
            .iter()
            .map(|candidate| &candidate.reason)
            .collect();
        assert!(
            reasons
                .iter()
                .any(|reason| reason.ends_with("; this version does not run phi3"))
        );
    }

    proptest! {
        #[test]
        fn the_pick_always_fits(available_bytes in 0..20 * GB, context_tokens in 0_u32..200_000) {
            let selection = picked(available_bytes, context_tokens);
            if let Some(model) = selection.pick {
                let needed = weights_and_cache(&model.geometry, context_tokens);
                prop_assert!(needed <= available_bytes);
                prop_assert!(model.geometry.context_length.is_none_or(|most| context_tokens <= most));
            } else {
                prop_assert!(selection.candidates.iter().all(|candidate| !candidate.fits));
            }
        }

        #[test]
        fn more_memory_never_gives_a_smaller_pick(
            available_bytes in 0..20 * GB,
            more_bytes in 0..20 * GB,
            context_tokens in 0_u32..200_000,
        ) {
            let before = picked(available_bytes, context_tokens).pick.map(|model| model.parameters);
            let after = picked(available_bytes + more_bytes, context_tokens).pick;
            prop_assert!(before <= after.map(|model| model.parameters));
        }

        #[test]
        fn a_longer_context_never_gives_a_larger_pick(
            available_bytes in 0..20 * GB,
            context_tokens in 0_u32..100_000,
            more_tokens in 0_u32..100_000,
        ) {
            let before = picked(available_bytes, context_tokens).pick.map(|model| model.parameters);
            let after = picked(available_bytes, context_tokens + more_tokens).pick;
            prop_assert!(before >= after.map(|model| model.parameters));
        }
    }
}
