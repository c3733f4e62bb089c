//! What a look at memory costs, and what the governor adds to it.
//! `cargo bench -p headroom-memory`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use headroom_memory::{
    AllocatorCache, Governor, KvSituation, MemoryObserver, Observation, Probe, Work, system_probe,
};

fn reading(criterion: &mut Criterion) {
    let probe = system_probe();
    criterion.bench_function("SystemProbe::read", |bencher| bencher.iter(|| probe.read()));
    let observer = MemoryObserver::new(system_probe());
    criterion.bench_function("MemoryObserver::observe", |bencher| {
        bencher.iter(|| observer.observe());
    });
}

/// Between two tokens of a quiet generation, where it is asked most often, and
/// under pressure that leaves nothing more to give up.
fn governing(criterion: &mut Criterion) {
    for (name, used_bytes) in [("calm", 400 << 20), ("critical", 900 << 20)] {
        let mut governor = Governor::default();
        let mut observation = decoding(used_bytes);
        criterion.bench_function(&format!("Governor::next_action, {name}"), |bencher| {
            bencher.iter(|| {
                observation.at += Duration::from_millis(20);
                governor.next_action(black_box(&observation))
            });
        });
    }
}

fn decoding(used_bytes: u64) -> Observation {
    let budget_bytes = 1000 << 20;
    Observation {
        budget_bytes: Some(budget_bytes),
        used_bytes: Some(used_bytes),
        available_bytes: Some(budget_bytes - used_bytes),
        cache: Some(AllocatorCache {
            bytes: 16 << 20,
            limit_bytes: 16 << 20,
            usual_limit_bytes: 16 << 20,
        }),
        work: Work {
            next_step_bytes: 1 << 20,
            kv: KvSituation {
                bytes: 100 << 20,
                tokens: 4000,
                quantizable_group_size: Some(64),
                can_be_bounded: true,
                ..KvSituation::default()
            },
            ..Work::default()
        },
        ..Observation::default()
    }
}

criterion_group!(benches, reading, governing);
criterion_main!(benches);
