//! Where a crash could fall. Tests let it fall at each of these points in turn; the program itself
//! has none.

use crate::simulate::handle::Denied;

/// A crash that was asked for.
#[derive(Debug)]
pub(crate) struct Crash;

/// Crashes asked for: none outside tests.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    #[cfg(test)]
    left: Option<std::sync::Arc<std::sync::atomic::AtomicI64>>,
}

impl Fault {
    /// Crashes at the point number `at`, counted from 0, and at every one after it.
    #[cfg(test)]
    pub(crate) fn at(at: i64) -> Self {
        Self { left: Some(std::sync::Arc::new(at.into())) }
    }

    /// A point at which a process could die.
    #[cfg(test)]
    pub(crate) fn point(&self) -> Result<(), Crash> {
        match &self.left {
            Some(left) if left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) <= 0 => {
                Err(Crash)
            }
            _ => Ok(()),
        }
    }

    /// A point at which a process could die.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests have more to it")]
    #[inline(always)]
    pub(crate) fn point(&self) -> Result<(), Crash> {
        Ok(())
    }
}

/// What ends the change of one file early.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It was not allowed.
    Denied(Denied),
    /// The process dies here.
    Crash,
}

impl From<Denied> for Cut {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<Crash> for Cut {
    fn from(_: Crash) -> Self {
        Self::Crash
    }
}
