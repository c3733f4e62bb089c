//! The C functions that tell memory figures, each behind a safe function that
//! takes nothing and returns plain numbers. The only unsafe code of this room.

use std::ffi::{CStr, c_void};
use std::mem::{MaybeUninit, size_of};
use std::ptr;
use std::sync::OnceLock;

use mach2::host_info::HOST_VM_INFO64_COUNT;
use mach2::kern_return::KERN_SUCCESS;
use mach2::mach_init::mach_host_self;
use mach2::mach_types::host_t;
use mach2::message::mach_msg_type_number_t;
use mach2::task::task_info;
use mach2::task_info::{TASK_VM_INFO, task_vm_info};
use mach2::traps::mach_task_self;
use mach2::vm_page_size::vm_kernel_page_size;
use mach2::vm_statistics::vm_statistics64;
use mach2::vm_types::integer_t;

use super::{Host, Process, Swap};
use crate::error::ProbeError;

/// `task_info(TASK_VM_INFO)` of this process.
pub(super) fn process() -> Result<Process, ProbeError> {
    let mut info = task_vm_info::default();
    let mut count = (size_of::<task_vm_info>() / size_of::<integer_t>()) as mach_msg_type_number_t;
    // SAFETY: the buffer is `count` integers long and lives through the call;
    // the kernel writes at most `count` of them and any value is valid in each.
    let code = unsafe {
        task_info(
            mach_task_self(),
            TASK_VM_INFO,
            (&raw mut info).cast::<integer_t>(),
            &mut count,
        )
    };
    if code != KERN_SUCCESS {
        let call = "task_info(TASK_VM_INFO)";
        return Err(ProbeError::KernelRefused { call, code });
    }
    // An old kernel leaves the peak untouched, at zero: unknown.
    let peak = u64::try_from(info.ledger_phys_footprint_peak).ok();
    Ok(Process {
        footprint_bytes: info.phys_footprint,
        peak_footprint_bytes: peak.filter(|bytes| *bytes > 0),
        virtual_bytes: info.virtual_size,
    })
}

/// `host_statistics64(HOST_VM_INFO64)`.
pub(super) fn host() -> Option<Host> {
    let mut pages = vm_statistics64::default();
    let mut count = HOST_VM_INFO64_COUNT;
    // SAFETY: the buffer is `count` integers long and lives through the call;
    // the kernel writes at most `count` of them and any value is valid in each.
    let code = unsafe {
        libc::host_statistics64(
            host_port(),
            libc::HOST_VM_INFO64,
            (&raw mut pages).cast::<integer_t>(),
            &mut count,
        )
    };
    let page_bytes = kernel_page_bytes();
    let bytes = |pages: u32| u64::from(pages).saturating_mul(page_bytes);
    (code == KERN_SUCCESS).then(|| Host {
        free_bytes: bytes(pages.free_count),
        speculative_bytes: bytes(pages.speculative_count),
        file_backed_bytes: bytes(pages.external_page_count),
        purgeable_bytes: bytes(pages.purgeable_count),
        wired_bytes: bytes(pages.wire_count),
        compressor_bytes: bytes(pages.compressor_page_count),
    })
}

/// Asked for once: each call of `mach_host_self` adds a reference to the port.
fn host_port() -> host_t {
    static HOST: OnceLock<host_t> = OnceLock::new();
    // SAFETY: takes no arguments and has no preconditions.
    *HOST.get_or_init(|| unsafe { mach_host_self() })
}

/// The host's statistics count pages of the kernel, which are larger than
/// those of a translated process.
fn kernel_page_bytes() -> u64 {
    // SAFETY: set before the program starts and never changed after.
    let bytes = unsafe { vm_kernel_page_size };
    bytes as u64
}

/// What this app may still take before the system ends it.
#[cfg(not(any(target_os = "macos", target_abi = "macabi", target_abi = "sim")))]
pub(super) fn app_headroom_bytes() -> Option<u64> {
    unsafe extern "C" {
        fn os_proc_available_memory() -> usize;
    }
    // SAFETY: takes no arguments and has no preconditions; present from iOS 13.
    let bytes = unsafe { os_proc_available_memory() };
    Some(bytes as u64)
}

/// Processes of a Mac, simulated phones included, have no limit of their own.
#[cfg(any(target_os = "macos", target_abi = "macabi", target_abi = "sim"))]
pub(super) fn app_headroom_bytes() -> Option<u64> {
    None
}

/// The sysctl `hw.memsize`.
pub(super) fn physical_bytes() -> Option<u64> {
    // SAFETY: every 8 bytes are a `u64`.
    unsafe { system_control::<u64>(c"hw.memsize") }
}

/// The sysctl `kern.memorystatus_vm_pressure_level`, which phones refuse to apps.
pub(super) fn pressure_level_code() -> Option<i32> {
    // SAFETY: every 4 bytes are an `i32`.
    unsafe { system_control::<i32>(c"kern.memorystatus_vm_pressure_level") }
}

/// The sysctl `vm.swapusage`.
pub(super) fn swap() -> Option<Swap> {
    // SAFETY: `xsw_usage` consists of integers.
    let usage = unsafe { system_control::<libc::xsw_usage>(c"vm.swapusage") }?;
    Some(Swap {
        total_bytes: usage.xsu_total,
        used_bytes: usage.xsu_used,
        free_bytes: usage.xsu_avail,
    })
}

/// Reads a sysctl; `None` if it is refused or does not have the size of a `T`.
///
/// # Safety
/// Every pattern of `size_of::<T>()` bytes must be a valid `T`.
unsafe fn system_control<T>(name: &CStr) -> Option<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>();
    // SAFETY: the name ends in NUL, the buffer is `length` bytes long and lives
    // through the call, and nothing is set since the new value is null.
    let code = unsafe {
        libc::sysctlbyname(
            name.as_ptr(),
            value.as_mut_ptr().cast::<c_void>(),
            &mut length,
            ptr::null_mut(),
            0,
        )
    };
    // SAFETY: all bytes are initialised, with zeros or by the call, and the
    // caller promises that any bytes are a valid `T`.
    (code == 0 && length == size_of::<T>()).then(|| unsafe { value.assume_init() })
}
