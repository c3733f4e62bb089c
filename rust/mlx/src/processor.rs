//! Start-up, and what MLX computes on.

use std::sync::OnceLock;

use mlx_rs::{Device, DeviceType};

use crate::Result;

/// What MLX's default device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processor {
    /// Linux, and the iOS simulator, which has no Metal.
    Cpu,
    /// An Apple GPU.
    Gpu,
}

impl Processor {
    /// The processor in use, asked once.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Processor> = OnceLock::new();
        *CURRENT.get_or_init(
            || match Device::try_default().and_then(|device| device.get_type()) {
                Ok(DeviceType::Gpu) => Self::Gpu,
                _ => Self::Cpu,
            },
        )
    }
}

/// Makes MLX ready: its errors become values. Must run before any other call into MLX, because
/// MLX's own error handler ends the process.
pub fn start() -> Result<Processor> {
    // Any guarded operation of mlx-rs installs its error handler before it calls MLX.
    mlx_rs::memory::active_memory()?;
    Ok(Processor::current())
}

/// Tells MLX where its compiled Metal kernels lie: an app ships them as a resource. Must come before
/// the first operation.
///
/// # Errors
/// On systems without Metal.
#[cfg(all(target_vendor = "apple", not(target_abi = "sim")))]
pub fn use_metal_library(path: &str) -> Result<()> {
    mlx_rs::metal::set_metallib_path(path)
}

/// As on systems with Metal, but there is none here.
///
/// # Errors
/// Always.
#[cfg(not(all(target_vendor = "apple", not(target_abi = "sim"))))]
pub fn use_metal_library(path: &str) -> Result<()> {
    let message = format!("this system has no Metal to use {path} with");
    Err(crate::Exception::custom(message))
}

/// How much memory the GPU can use without slowing down; `None` where MLX does not know.
pub fn recommended_working_set_bytes() -> Option<u64> {
    const KEY: &std::ffi::CStr = c"max_recommended_working_set_size";
    start().ok()?;
    // SAFETY: `device` and `info` are made, filled and freed here; the key is a C string that outlives the calls;
    // MLX writes the results through pointers to live locals.
    unsafe {
        let mut device = mlx_sys::mlx_device_new();
        let mut info = mlx_sys::mlx_device_info_new();
        let mut present = false;
        let mut bytes = 0usize;
        let found = mlx_sys::mlx_get_default_device(&mut device) == 0
            && mlx_sys::mlx_device_info_get(&mut info, device) == 0
            && mlx_sys::mlx_device_info_has_key(&mut present, info, KEY.as_ptr()) == 0
            && present
            && mlx_sys::mlx_device_info_get_size(&mut bytes, info, KEY.as_ptr()) == 0;
        mlx_sys::mlx_device_info_free(info);
        mlx_sys::mlx_device_free(device);
        (found && bytes > 0).then_some(bytes as u64)
    }
}
