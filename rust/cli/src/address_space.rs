//! Where the address space is limited (`ulimit -v`), OpenBLAS must not start its threads.

/// Starts the command anew with one BLAS thread if its address space is limited.
///
/// OpenBLAS maps 128 MiB for each thread that it starts, which is before `main`; where that fails it
/// tries again for ever, and the exit waits for it. A new process image has no such thread.
#[cfg(target_os = "linux")]
pub(crate) fn keep_room() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::process::{Resource, getrlimit};

    const THREADS: &str = "OPENBLAS_NUM_THREADS";
    if getrlimit(Resource::As).current.is_none() || std::env::var_os(THREADS).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Where it cannot be started anew it goes on as it is.
    let _why = command.args(arguments).env(THREADS, "1").exec();
}

/// Accelerate starts no threads of this kind.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_room() {}
