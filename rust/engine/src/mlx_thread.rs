//! The one thread that owns MLX and every loaded model.
//!
//! Hosts hand it two kinds of work: calls, which it carries out at once, and tasks, which it
//! carries out a step at a time, in turn, so that several generations advance together and a call
//! never waits for a whole one. A panic in either ends that piece of work and nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use crate::error::EngineError;
use crate::model_store::ModelStore;

/// Work that goes on for many steps.
pub(crate) trait Task {
    /// Does a little, and says how to go on.
    fn step(&mut self, store: &mut ModelStore) -> Progress;
}

/// How a task goes on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to do.
    More,
    /// There is nothing to do for now.
    Resting,
    /// It is done.
    Done,
}

type Call = Box<dyn FnOnce(&mut ModelStore) + Send>;
/// Made on the host's thread, started on MLX's, because tasks hold arrays.
type StartTask = Box<dyn FnOnce() -> Box<dyn Task> + Send>;

enum Work {
    Call(Call),
    Task(StartTask),
    /// Let everything go, answer, and touch MLX no more.
    Stop(Sender<()>),
}

/// How long an exiting process waits for the step at hand.
const LONGEST_STEP: Duration = Duration::from_secs(10);

/// The thread of this process.
static SHARED: OnceLock<Result<MlxThread, String>> = OnceLock::new();

/// A handle to the thread.
pub(crate) struct MlxThread {
    work: Sender<Work>,
}

impl MlxThread {
    /// The thread of this process; started by the first who asks.
    pub(crate) fn shared() -> Result<&'static Self, EngineError> {
        let shared = SHARED.get_or_init(|| {
            let thread = Self::start()?;
            let prepared = thread.call(|_| headroom_mlx::stop_at_exit(stop_shared));
            prepared
                .map_err(|error| error.to_string())?
                .map_err(|error| error.what().to_owned())?;
            Ok(thread)
        });
        shared
            .as_ref()
            .map_err(|reason| EngineError::Interrupted(reason.clone()))
    }

    fn start() -> Result<Self, String> {
        let (sender, receiver) = channel();
        std::thread::Builder::new()
            .name("headroom-mlx".to_owned())
            .spawn(move || serve(&receiver))
            .map_err(|error| format!("the thread could not be started: {error}"))?;
        Ok(Self { work: sender })
    }

    /// Carries out `call` on MLX's thread and waits for its result.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut ModelStore) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let (reply, result) = channel();
        // The caller may be gone by then; nobody else wants the result.
        self.send(Work::Call(Box::new(move |store| {
            drop(reply.send(call(store)))
        })))?;
        result
            .recv()
            .map_err(|_| EngineError::Interrupted("a fault stopped it".to_owned()))
    }

    /// Carries out `call` on MLX's thread some time.
    pub(crate) fn call_later(
        &self,
        call: impl FnOnce(&mut ModelStore) + Send + 'static,
    ) -> Result<(), EngineError> {
        self.send(Work::Call(Box::new(call)))
    }

    /// Starts a task.
    pub(crate) fn start_task<T: Task + 'static>(
        &self,
        start: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(), EngineError> {
        self.send(Work::Task(Box::new(move || Box::new(start()))))
    }

    fn send(&self, work: Work) -> Result<(), EngineError> {
        self.work
            .send(work)
            .map_err(|_| EngineError::Interrupted("the thread has ended".to_owned()))
    }
}

/// Waits until the shared thread has let MLX go.
fn stop_shared() {
    if let Some(Ok(thread)) = SHARED.get() {
        let (reply, stopped) = channel();
        if thread.send(Work::Stop(reply)).is_ok() {
            // A step that takes longer is abandoned: waiting for ever would be worse than a crash.
            let _has_stopped = stopped.recv_timeout(LONGEST_STEP);
        }
    }
}

fn serve(work: &Receiver<Work>) {
    let mut store = ModelStore::default();
    let mut tasks: VecDeque<Box<dyn Task>> = VecDeque::new();
    // Tasks in a row that rested: when all do, so may the thread.
    let mut resting = 0;
    while let Some(work) = next_work(work, Patience::of(tasks.len(), resting)) {
        match work {
            Some(Work::Call(call)) => drop(catch_unwind(AssertUnwindSafe(|| call(&mut store)))),
            Some(Work::Task(start)) => tasks.extend(catch_unwind(AssertUnwindSafe(start))),
            Some(Work::Stop(reply)) => {
                tasks.clear();
                store.clear();
                // What was started ahead of its need may still run.
                let _is_done = headroom_mlx::wait_for_running_work();
                let _is_heard = reply.send(());
                rest_for_ever();
            }
            None => match step_first(&mut tasks, &mut store) {
                Progress::Resting => resting += 1,
                Progress::More | Progress::Done => resting = 0,
            },
        }
    }
}

/// The process is ending: even leaving the thread would touch MLX, whose streams belong to threads.
fn rest_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

/// How long to wait for new work before the tasks have their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// There are no tasks.
    Endless,
    /// All tasks rest.
    Short,
    /// There is something to do.
    Not,
}

impl Patience {
    fn of(tasks: usize, resting: usize) -> Self {
        match tasks {
            0 => Self::Endless,
            _ if resting >= tasks => Self::Short,
            _ => Self::Not,
        }
    }
}

/// From one look at tasks that all rest to the next.
const SHORT_PATIENCE: Duration = Duration::from_millis(10);

/// `None` when every handle is gone; `Some(None)` when there is nothing new and tasks wait.
fn next_work(work: &Receiver<Work>, patience: Patience) -> Option<Option<Work>> {
    let next = match patience {
        Patience::Endless => return work.recv().ok().map(Some),
        Patience::Short => work.recv_timeout(SHORT_PATIENCE),
        Patience::Not => work.try_recv().map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        }),
    };
    match next {
        Ok(work) => Some(Some(work)),
        Err(RecvTimeoutError::Timeout) => Some(None),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// Steps the task that waited longest and puts it at the end of the line. One that panics is
/// dropped, which its host sees as an early end.
fn step_first(tasks: &mut VecDeque<Box<dyn Task>>, store: &mut ModelStore) -> Progress {
    let Some(mut task) = tasks.pop_front() else {
        return Progress::Done;
    };
    let step = catch_unwind(AssertUnwindSafe(|| task.step(store)));
    let progress = step.unwrap_or(Progress::Done);
    if progress != Progress::Done {
        tasks.push_back(task);
    }
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_call_and_not_the_thread() {
        let thread = MlxThread::start().unwrap();
        let failed = thread.call(|_| -> u32 { panic!("on purpose") });
        assert!(matches!(failed, Err(EngineError::Interrupted(_))));
        assert_eq!(thread.call(|_| 7).unwrap(), 7);
    }

    #[test]
    fn tasks_take_turns_and_calls_come_between_their_steps() {
        struct Counting(Sender<(u8, u8)>, u8, u8);
        impl Task for Counting {
            fn step(&mut self, _: &mut ModelStore) -> Progress {
                self.2 += 1;
                self.0.send((self.1, self.2)).unwrap();
                match self.2 {
                    3 => Progress::Done,
                    _ => Progress::More,
                }
            }
        }
        let thread = MlxThread::start().unwrap();
        let (sender, steps) = channel();
        let (gate, opened) = channel::<()>();
        thread.call_later(move |_| opened.recv().unwrap()).unwrap();
        for name in [1, 2] {
            let sender = sender.clone();
            thread
                .start_task(move || Counting(sender, name, 0))
                .unwrap();
        }
        gate.send(()).unwrap();
        drop(sender);
        let steps: Vec<_> = steps.iter().collect();
        assert_eq!(steps, [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (2, 3)]);
    }

    #[test]
    fn a_resting_task_keeps_nobody_waiting() {
        struct Resting;
        impl Task for Resting {
            fn step(&mut self, _: &mut ModelStore) -> Progress {
                Progress::Resting
            }
        }
        assert_eq!(Patience::of(2, 1), Patience::Not);
        assert_eq!(Patience::of(2, 2), Patience::Short);
        let thread = MlxThread::start().unwrap();
        thread.start_task(|| Resting).unwrap();
        assert_eq!(thread.call(|_| 7).unwrap(), 7);
    }

    #[test]
    fn a_panicking_task_leaves_the_others_alone() {
        struct Failing;
        impl Task for Failing {
            fn step(&mut self, _: &mut ModelStore) -> Progress {
                panic!("on purpose")
            }
        }
        let thread = MlxThread::start().unwrap();
        thread.start_task(|| Failing).unwrap();
        assert_eq!(thread.call(|_| 7).unwrap(), 7);
    }
}
