//! Caches when memory is tight. Limits and signals are the process's own, so this is one test in a
//! program of its own.

mod support;

use headroom_engine::{
    CacheKind, CacheMemoryMonitor, CacheSettings, ChatSession, GenerateParameters, GenerationAids,
    GenerationSummary, Governing, Model, PromptCache, create_adaptive_cache,
    create_optimized_cache, memory_state, set_max_memory, set_memory_signal,
    set_prompt_cache_limit,
};
use headroom_memory::{Action, KvQuantization, MaxMemory, Pressure};
use support::tiny_model::storyteller;
use support::{joined, load, parameters, text};

const PROMPT: &str = "Once upon a time there was a fox who lived in a den under the old oak tree. ";

fn generate_from(
    cache: &PromptCache,
    change: impl FnOnce(&mut GenerateParameters),
) -> GenerationSummary {
    let aids = GenerationAids {
        cache: Some(cache.clone()),
        draft: None,
    };
    let prompt = text(&PROMPT.repeat(12));
    let generation = cache
        .model()
        .generate_with(&prompt, &parameters(change), &aids);
    generation.unwrap().finish().unwrap()
}

fn simple(model: &Model) -> PromptCache {
    PromptCache::new(model, CacheSettings::default()).unwrap()
}

fn limit_to_more(bytes: u64) {
    let used = memory_state().unwrap().used_bytes.unwrap();
    set_max_memory(Some(MaxMemory::from_bytes(used + bytes).unwrap())).unwrap();
}

#[test]
fn caches_give_way_when_memory_is_tight() {
    let model = load(&storyteller());
    generate_from(&simple(&model), |_| ());
    the_governor_drops_idle_caches_for_one_at_work(&model);
    the_least_recently_used_go_first(&model);
    a_monitor_makes_an_idle_cache_smaller(&model);
    an_adaptive_cache_goes_on_choosing_while_it_grows(&model);
    an_optimized_cache_is_what_parameters_ask_for_and_else_what_pressure_allows(&model);
}

fn the_governor_drops_idle_caches_for_one_at_work(model: &Model) {
    let idle = ChatSession::new(model.clone(), None, parameters(|p| p.max_tokens = 8));
    joined(idle.respond("Tell me a story.").unwrap());
    set_memory_signal(Some(Pressure::Critical));
    let summary = generate_from(&simple(model), |p| {
        (p.min_tokens, p.max_tokens) = (200, 200)
    });
    set_memory_signal(None);
    let taken: Vec<_> = summary
        .actions
        .iter()
        .map(|one| one.decision.action)
        .collect();
    assert!(taken.contains(&Action::DropIdlePromptCaches), "{taken:?}");
    assert_eq!(idle.cache_state().unwrap().tokens, 0);
    let (_, next) = joined(idle.respond("And then?").unwrap());
    assert_eq!(next.cached_prompt_tokens, 0);
    assert_eq!(idle.messages().len(), 4);
}

fn the_least_recently_used_go_first(model: &Model) {
    let begin =
        |name| ChatSession::new(model.clone(), Some(name), parameters(|p| p.max_tokens = 8));
    let sessions = ["An owl.", "The moon.", "You sing."].map(|name| begin(name.to_owned()));
    let respond = |session: &ChatSession| joined(session.respond("Tell me a story.").unwrap());
    respond(&sessions[0]);
    let bytes = sessions[0].cache_state().unwrap().bytes;
    respond(&sessions[1]);
    respond(&sessions[0]);
    set_prompt_cache_limit(Some(bytes)).unwrap();
    respond(&sessions[2]);
    set_prompt_cache_limit(None).unwrap();
    let tokens = sessions
        .each_ref()
        .map(|session| session.cache_state().unwrap().tokens);
    assert!(tokens[0] > 0 && tokens[2] > 0, "{tokens:?}");
    assert_eq!(tokens[1], 0, "{tokens:?}");
}

fn a_monitor_makes_an_idle_cache_smaller(model: &Model) {
    let cache = simple(model);
    generate_from(&cache, |_| ());
    let monitor = CacheMemoryMonitor::new();
    let calm = monitor.monitor_and_optimize(&cache).unwrap();
    assert_eq!((calm.before, calm.actions.len()), (calm.after, 0));
    set_memory_signal(Some(Pressure::Critical));
    let tight = monitor.monitor_and_optimize(&cache).unwrap();
    set_memory_signal(None);
    assert_eq!(tight.pressure, Pressure::Critical);
    assert!(tight.after.bytes < tight.before.bytes, "{tight:?}");
    assert!(!tight.actions.is_empty());
    let again = generate_from(&cache, |_| ());
    assert!(again.cached_prompt_tokens > 0);
}

fn an_adaptive_cache_goes_on_choosing_while_it_grows(model: &Model) {
    let roomy = create_adaptive_cache(model, &parameters(|_| ())).unwrap();
    assert_eq!(roomy.settings().quantization, None);
    // What is there for the cache falls after it was made. The governor would save memory elsewhere.
    limit_to_more(8 << 20);
    let summary = generate_from(&roomy, |p| {
        (p.min_tokens, p.max_tokens) = (500, 500);
        p.governing = Governing::Off;
    });
    set_max_memory(None).unwrap();
    let bits = summary
        .actions
        .iter()
        .filter_map(|one| match one.decision.action {
            Action::QuantizeKv(KvQuantization { bits, .. }) => Some(bits),
            _ => None,
        });
    let bits: Vec<_> = bits.collect();
    assert!(!bits.is_empty(), "{:?}", summary.actions);
    assert!(
        bits.is_sorted_by(|earlier, later| earlier > later),
        "{bits:?}"
    );
    assert!(roomy.state().unwrap().quantization.is_some());
}

fn an_optimized_cache_is_what_parameters_ask_for_and_else_what_pressure_allows(model: &Model) {
    let asked = parameters(|p| {
        p.max_kv_size = Some(64);
        p.kv_quantization = Some(KvQuantization::FOUR_BITS);
    });
    let cache = create_optimized_cache(model, &asked).unwrap();
    assert_eq!(cache.settings().kind, CacheKind::Rotating { max_size: 64 });
    assert_eq!(
        cache.settings().quantization,
        Some(KvQuantization::FOUR_BITS)
    );
    set_memory_signal(Some(Pressure::Critical));
    let tight = create_optimized_cache(model, &parameters(|_| ())).unwrap();
    set_memory_signal(None);
    assert!(tight.settings().quantization.is_some());
}
