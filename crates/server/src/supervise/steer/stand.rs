//! How an item stands, and the few steps there are.

use crate::auth::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// How an item of a notice stands with one enterprise.
    Stand {
        /// Nobody answered it.
        Open = "open",
        /// Answered; the supervisor decides.
        Answered = "answered",
        /// The answer did not do: it is owed again.
        Returned = "returned",
        /// Done.
        Accepted = "accepted",
    }
}

/// What somebody does about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The enterprise answers.
    Answer,
    /// The supervisor is content.
    Accept,
    /// The supervisor is not.
    Return,
}

impl Stand {
    /// Where a step leads; nothing where it may not be taken.
    pub(super) const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Open | Self::Returned, Step::Answer) => Some(Self::Answered),
            (Self::Answered, Step::Accept) => Some(Self::Accepted),
            (Self::Answered, Step::Return) => Some(Self::Returned),
            _ => None,
        }
    }

    /// Whether the enterprise owes an answer.
    pub(super) const fn owed(self) -> bool {
        matches!(self, Self::Open | Self::Returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_owed_is_answered_and_only_what_was_answered_is_decided() {
        let steps = [Step::Answer, Step::Accept, Step::Return];
        let led: Vec<_> = Stand::ALL.iter().map(|s| steps.map(|step| s.after(step))).collect();
        let (a, r, d) = (Some(Stand::Answered), Some(Stand::Returned), Some(Stand::Accepted));
        let none = [None; 3];
        assert_eq!(led, [[a, None, None], [None, d, r], [a, None, None], none]);
        for stand in Stand::ALL {
            assert_eq!(stand.owed(), stand.after(Step::Answer).is_some(), "{stand:?}");
        }
    }
}
