//! Fewer and larger pages: a fault for each page of 4 KiB costs more than reading its bytes.

use std::ops::Range;

/// Asks Linux to back the whole pages among these addresses by pages of 2 MiB, where it has some. It
/// may refuse, and then everything is as before.
pub(super) fn advise(addresses: Range<usize>) {
    let page_bytes = page_bytes();
    let start = addresses.start.next_multiple_of(page_bytes);
    let end = addresses.end / page_bytes * page_bytes;
    if start < end {
        // SAFETY: the advice changes no byte of any page, whoever owns it, and a range that is not
        // mapped is refused.
        unsafe {
            let start = std::ptr::without_provenance_mut(start);
            libc::madvise(start, end - start.addr(), libc::MADV_HUGEPAGE);
        }
    }
}

fn page_bytes() -> usize {
    // SAFETY: the call takes a plain number and gives one.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096).max(1)
}
