//! What a bar says.

use crate::Bar;
use hangtu_catalog::grouped;

impl Bar {
    /// Tenths of a percent, 0 to 1000, when there is something to count against.
    pub(crate) fn permille(&self) -> Option<u32> {
        let (value, of) = (u128::from(self.value), u128::from(self.denominator));
        (of > 0).then(|| (value.min(of) * 1000 / of) as u32)
    }

    /// "18 / 24".
    pub(crate) fn count(&self) -> String {
        format!("{} / {}", grouped(self.value), grouped(self.denominator))
    }

    /// "75.0%", or a dash.
    pub(crate) fn share(&self) -> String {
        self.permille().map_or_else(|| "—".into(), |p| format!("{}.{}%", p / 10, p % 10))
    }
}
