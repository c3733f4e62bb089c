//! The C heap that MLX allocates from on a CPU.

/// Lets all threads of this process allocate from one heap, so that what one has freed another can
/// use. glibc gives each thread its own, which cost 26 MB of 187 for a 108 M-parameter model at
/// 4 bits. For programs that own their process; elsewhere the choice is the host's. Without glibc it
/// does nothing.
pub fn use_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` takes two integers; setting the number of arenas is allowed at any time.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
