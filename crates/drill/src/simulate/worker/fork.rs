//! A process for each file, as some families work. The child only changes that file and ends.

use rustix::{
    io::Errno,
    process::{Pid, WaitOptions, waitpid},
};

/// Runs this in a child and waits for the byte it answers; none when the child was killed.
pub(super) fn in_child(job: impl FnOnce() -> u8) -> Result<Option<u8>, Errno> {
    let child = fork(job)?;
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(status.exit_status().map(|s| s as u8)),
            Ok(None) | Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
}

#[allow(unsafe_code, reason = "fork has no safe form")]
fn fork(job: impl FnOnce() -> u8) -> Result<Pid, Errno> {
    // SAFETY: profiles with a process for each file have one thread, so that no lock another thread
    // holds is copied into the child; in tests, which have more, the child takes no lock but the
    // allocator's, which the C library keeps usable across fork. The child never returns: it ends by
    // `_exit`, which runs nothing of the parent's.
    unsafe {
        match libc::fork() {
            0 => {
                let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                libc::_exit(code.unwrap_or(u8::MAX).into())
            }
            pid => Pid::from_raw(pid).filter(|_| pid > 0).ok_or(Errno::AGAIN),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_child_answers_and_a_panic_is_an_answer() {
        assert_eq!(super::in_child(|| 7), Ok(Some(7)));
        assert_eq!(super::in_child(|| panic!("in a child")), Ok(Some(255)));
    }
}
