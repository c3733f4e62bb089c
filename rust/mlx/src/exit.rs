//! A process may end while MLX is at work: `exit` destroys MLX's statics under the feet of the thread
//! that uses them, which crashes. So that thread is stopped first.

use std::panic::catch_unwind;
use std::sync::OnceLock;

use mlx_rs::ops::zeros_dtype;

use crate::{Dtype, Result};

static WORK: OnceLock<fn()> = OnceLock::new();

/// Runs `work` when the process exits, before what MLX has set up so far is destroyed. Only the first
/// call counts. Call it on the thread that owns MLX: MLX makes its statics when they are first needed,
/// and what is made after this call is destroyed before `work` runs.
pub fn stop_at_exit(work: fn()) -> Result<()> {
    zeros_dtype(&[1], Dtype::Float32)?.eval()?;
    if WORK.set(work).is_ok() {
        // SAFETY: `run` has the type that `atexit` takes, lives as long as the program, and does not
        // unwind. Where no more handlers can be registered, exiting is as it would be without.
        unsafe { libc::atexit(run) };
    }
    Ok(())
}

/// Waits until everything that this thread has started in MLX is done.
pub fn wait_for_running_work() -> Result<()> {
    // SAFETY: the call takes nothing and only waits.
    match unsafe { mlx_sys::mlx_synchronize_default() } {
        0 => Ok(()),
        _ => Err(crate::Exception::custom(
            "MLX's running work could not be waited for",
        )),
    }
}

extern "C" fn run() {
    if let Some(work) = WORK.get() {
        // The process is ending; there is nobody left to tell.
        drop(catch_unwind(work));
    }
}
