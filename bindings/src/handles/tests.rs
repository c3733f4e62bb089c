use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

struct Number(u64);

impl Held for Number {
    const KIND: Kind = Kind::Model;
}

struct Word(&'static str);

impl Held for Word {
    const KIND: Kind = Kind::Session;
}

fn table() -> Handles {
    Handles::with_at_most(MOST_SLOTS)
}

fn refusal<T: Held>(result: Result<Arc<T>, HandleError>) -> HandleError {
    result.err().expect("the handle should have been refused")
}

#[test]
fn a_handle_gives_its_own_value_back() {
    let handles = table();
    let (number, word) = (
        handles.insert(Number(7)).unwrap(),
        handles.insert(Word("seven")).unwrap(),
    );
    assert_eq!(handles.get::<Number>(number).unwrap().0, 7);
    assert_eq!(handles.get::<Word>(word).unwrap().0, "seven");
}

#[test]
fn zero_is_never_issued_and_never_valid() {
    let handles = table();
    assert_ne!(handles.insert(Number(0)).unwrap(), 0);
    assert_eq!(refusal(handles.get::<Number>(0)), HandleError::Zero);
    assert_eq!(refusal(handles.remove::<Number>(0)), HandleError::Zero);
}

#[test]
fn a_freed_handle_stays_freed_when_its_slot_is_used_again() {
    let handles = table();
    let first = handles.insert(Number(1)).unwrap();
    handles.remove::<Number>(first).unwrap();
    let second = handles.insert(Number(2)).unwrap();
    assert_ne!(first, second);
    assert_eq!(refusal(handles.get::<Number>(first)), HandleError::Freed);
    assert_eq!(refusal(handles.remove::<Number>(first)), HandleError::Freed);
    assert_eq!(handles.get::<Number>(second).unwrap().0, 2);
}

#[test]
fn a_handle_of_another_kind_is_named_and_stays_valid() {
    let handles = table();
    let word = handles.insert(Word("seven")).unwrap();
    let expected = HandleError::OtherKind {
        wanted: Kind::Model,
        found: Kind::Session,
    };
    assert_eq!(refusal(handles.remove::<Number>(word)), expected);
    assert_eq!(handles.get::<Word>(word).unwrap().0, "seven");
}

#[test]
fn an_invented_handle_is_unknown() {
    let handles = table();
    let real = handles.insert(Number(1)).unwrap();
    let other_kind_bits = real ^ (Kind::Model as u64 ^ Kind::Session as u64) << 56;
    let later_generation = real + (5 << INDEX_BITS);
    let generation_zero = real & !(u64::from(u32::MAX) << INDEX_BITS);
    for invented in [
        1,
        u64::MAX,
        real + 1,
        later_generation,
        generation_zero,
        other_kind_bits,
    ] {
        assert_eq!(
            refusal(handles.get::<Number>(invented)),
            HandleError::Unknown,
            "{invented:#x}"
        );
    }
    assert_eq!(
        refusal(handles.get::<Word>(other_kind_bits)),
        HandleError::Unknown
    );
}

#[test]
fn a_full_table_says_so_and_takes_values_again_after_a_free() {
    let handles = Handles::with_at_most(2);
    let first = handles.insert(Number(1)).unwrap();
    handles.insert(Number(2)).unwrap();
    assert_eq!(handles.insert(Number(3)), Err(HandleError::Exhausted));
    handles.remove::<Number>(first).unwrap();
    handles.insert(Number(4)).unwrap();
}

#[test]
fn a_slot_without_further_generations_is_retired() {
    let handles = Handles::with_at_most(1);
    let first = handles.insert(Number(1)).unwrap();
    handles.write().slots[0].generation = u32::MAX;
    let last = first | u64::from(u32::MAX) << INDEX_BITS;
    assert_eq!(handles.remove::<Number>(last).unwrap().0, 1);
    assert_eq!(refusal(handles.get::<Number>(last)), HandleError::Freed);
    assert_eq!(handles.insert(Number(2)), Err(HandleError::Exhausted));
}

#[test]
fn a_value_lives_until_its_last_user_is_done() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Held for Counted {
        const KIND: Kind = Kind::Model;
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    let handles = table();
    let id = handles.insert(Counted).unwrap();
    let in_use = handles.get::<Counted>(id).unwrap();
    drop(handles.remove::<Counted>(id).unwrap());
    assert_eq!(DROPPED.load(Ordering::SeqCst), 0);
    drop(in_use);
    assert_eq!(DROPPED.load(Ordering::SeqCst), 1);
}

#[test]
fn a_destructor_may_use_the_table() {
    static SHARED: Handles = Handles::with_at_most(4);
    struct Reentrant(u64);
    impl Held for Reentrant {
        const KIND: Kind = Kind::Session;
    }
    impl Drop for Reentrant {
        fn drop(&mut self) {
            SHARED.remove::<Number>(self.0).unwrap();
        }
    }
    let number = SHARED.insert(Number(1)).unwrap();
    let outer = SHARED.insert(Reentrant(number)).unwrap();
    drop(SHARED.remove::<Reentrant>(outer).unwrap());
    assert_eq!(refusal(SHARED.get::<Number>(number)), HandleError::Freed);
}

#[test]
fn of_many_threads_that_free_one_handle_exactly_one_succeeds() {
    const THREADS: usize = 8;
    let handles = table();
    for round in 0..200 {
        let id = handles.insert(Number(round)).unwrap();
        let start = Barrier::new(THREADS);
        let freed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    match handles.remove::<Number>(id) {
                        Ok(value) => {
                            assert_eq!(value.0, round);
                            freed.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => assert_eq!(error, HandleError::Freed),
                    }
                });
            }
        });
        assert_eq!(freed.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn threads_that_insert_and_free_never_see_each_others_values() {
    let handles = table();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let handles = &handles;
            scope.spawn(move || {
                for step in 0..2_000 {
                    let mine = thread << 32 | step;
                    let id = handles.insert(Number(mine)).unwrap();
                    assert_eq!(handles.get::<Number>(id).unwrap().0, mine);
                    assert_eq!(handles.remove::<Number>(id).unwrap().0, mine);
                    assert_eq!(refusal(handles.get::<Number>(id)), HandleError::Freed);
                }
            });
        }
    });
}
