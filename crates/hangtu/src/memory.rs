//! The allocator, and that it gives back what is free.

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// Many small short-lived pieces are made while decoding; the system's allocator takes a tenth of
/// the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Numbers of `mi_option_t` in mimalloc 3 (`include/mimalloc.h`) that the crate does not name.
const ARENA_EAGER_COMMIT: mi_option_t = 4;
const PURGE_DELAY: mi_option_t = 15;

/// Milliseconds after which free pages are let go. By default it is a second, which costs an examination half
/// as much memory again; at once costs a tenth of its time, as many are soon wanted again.
const KEPT: std::ffi::c_long = 100;

/// Lets go of free pages soon.
pub(crate) fn thrifty() {
    for (option, value) in [(ARENA_EAGER_COMMIT, 0), (PURGE_DELAY, KEPT)] {
        // SAFETY: sets a number in a table of the allocator; any thread may, at any time. An
        // unknown number is refused by the allocator itself.
        #[allow(unsafe_code)]
        unsafe {
            mi_option_set(option, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libmimalloc_sys::mi_option_get;

    #[test]
    fn free_pages_are_let_go() {
        // SAFETY: reads a number of the allocator's table.
        #[allow(unsafe_code)]
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert!(delay() > KEPT, "option {PURGE_DELAY} is not the delay in this mimalloc");
        thrifty();
        assert_eq!(delay(), KEPT);
    }
}
