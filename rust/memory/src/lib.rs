//! What memory this process may use, what it uses, and how tight things are.
//!
//! This room owns the probes that read the operating system, the levels of
//! pressure derived from those readings, the state that every host is shown,
//! the strategies and limits that follow from them, the prediction whether a
//! model fits, the governor that acts between two steps, and the way sizes are written and read ("7.0 GiB"). It
//! may depend on the operating system alone. It must never know MLX or another room: figures of
//! an allocator come in through [`AllocatorFigures`], and a limit that only
//! the graphics stack knows through
//! [`SystemProbe::with_recommended_working_set`].
//!
//! A figure that cannot be read is `None`, never zero.
//!
//! Linux is read through `/proc`, the cgroup file systems and a safe wrapper
//! of `statvfs`, without any unsafe code. Apple systems offer these figures
//! only as C functions, for which no safe wrapper exists, so
//! `apple/system_calls.rs` is the one file here that contains unsafe code: each
//! call is wrapped into a function without arguments that returns plain numbers.

#[cfg(not(any(target_vendor = "apple", target_os = "linux", target_os = "android")))]
compile_error!("headroom-memory reads Linux and Apple systems; add a probe for this one");

#[cfg(any(target_vendor = "apple", test))]
mod apple;
mod byte_size;
mod disk;
mod error;
mod fit;
mod governor;
mod job_limit;
mod limited_probe;
mod limits;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
mod max_memory;
mod observer;
mod pressure;
mod probe;
mod reading;
mod signalled_probe;
mod state;
mod strategy;
mod training_mode;

pub use byte_size::ByteSize;
pub use disk::{DiskSpace, disk_space};
pub use error::{MemoryError, ProbeError};
pub use fit::{
    Backend, Fit, GenerationPlan, KV_GROWTH_STEP, KvLayout, KvQuantization, LayerGeometry,
    ModelGeometry, Prediction, StepShape, choose_kv_layout, fit, predict, workspace_bytes,
};
pub use governor::{
    Action, ActionReport, AllocatorCache, Decision, Governor, GovernorSettings, KvSituation,
    Observation, Phase, Reason, Work,
};
pub use job_limit::{JobLimit, JobLimitBasis};
pub use limited_probe::LimitedProbe;
pub use limits::AllocatorLimits;
pub use max_memory::MaxMemory;
pub use observer::MemoryObserver;
pub use pressure::{Pressure, PressureGauge};
pub use probe::{Probe, SystemProbe, peak_footprint_bytes, system_probe};
pub use reading::{
    AddressSpace, Limit, LimitSource, Reading, SignalOrigin, SystemReading, SystemSignal,
};
pub use signalled_probe::SignalledProbe;
pub use state::{AllocatorFigures, MemoryState, MlxFigures};
pub use strategy::{GenerationSettings, Strategy};
pub use training_mode::TrainingMode;
