//! The allocator, and that it gives back what is free.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// Many small short-lived pieces are made while decoding; the system's allocator takes a tenth of
/// the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Numbers of `mi_option_t` in mimalloc 3 (`include/mimalloc.h`) that the crate does not name.
const ARENA_EAGER_COMMIT: mi_option_t = 4;
const PURGE_DELAY: mi_option_t = 15;

/// Lets go of free pages at once. By default they are kept for a while, which costs an examination half as
/// much memory again.
pub(crate) fn thrifty() {
    set(ARENA_EAGER_COMMIT, 0);
    set(PURGE_DELAY, 0);
}

/// Keeps free pages for a second, for commands that hold little: threads need not ask the system again for what
/// another just gave back.
pub(crate) fn quick() {
    set(PURGE_DELAY, 1000);
}

fn set(option: mi_option_t, value: std::ffi::c_long) {
    // SAFETY: sets a number in a table of the allocator; any thread may, at any time. An unknown
    // number is refused by the allocator itself.
    #[allow(unsafe_code, reason = "the allocator takes options by this call only")]
    unsafe {
        mi_option_set(option, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    #[test]
    fn free_pages_are_let_go() {
        // SAFETY: reads a number of the allocator's table.
        #[allow(unsafe_code, reason = "the allocator tells options by this call only")]
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert!(delay() > 0, "option {PURGE_DELAY} is not the delay in this mimalloc");
        thrifty();
        assert_eq!(delay(), 0);
        quick();
        assert_eq!(delay(), 1000);
    }
}
