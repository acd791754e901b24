//! The life of a finding: which step leads from which state to which, and who may take it. Pure.

use crate::auth::{Right, Rights, words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Where a finding stands.
    State {
        /// Nobody works on it.
        Open = "open",
        /// Somebody is in charge.
        Assigned = "assigned",
        /// Being mended.
        Fixing = "fixing",
        /// Said to be mended; a re-test has to show it.
        Retest = "retest",
        /// Shown to be gone.
        Closed = "closed",
        /// Said to be no shortcoming; an approver has to decide.
        Disputed = "disputed",
        /// The risk is borne until a day.
        Accepted = "accepted",
        /// Does not apply, with a reason.
        NotApplicable = "not-applicable",
    }
}

words! {
    /// What happens to a finding.
    Step {
        /// A run found it.
        Open = "opened",
        /// A run found it again.
        Seen = "seen",
        /// A run proved it gone.
        Prove = "proven",
        /// A newer answer says that it does not apply.
        Answer = "answered",
        /// Its acceptance ran out.
        Lapse = "lapsed",
        /// Somebody is put in charge.
        Assign = "assign",
        /// Another last day.
        Due = "due",
        /// Work begins.
        Start = "start",
        /// Work is done; re-test.
        Ready = "ready",
        /// Work was not done after all.
        Back = "back",
        /// It is said to be no shortcoming.
        Dispute = "dispute",
        /// To bear the risk is asked.
        AskAccept = "ask-accept",
        /// To judge it not applicable is asked.
        AskNotApplicable = "ask-not-applicable",
        /// What was asked is granted.
        Approve = "approve",
        /// What was asked is refused.
        Refuse = "refuse",
        /// Who asked takes it back.
        Withdraw = "withdraw",
        /// An acceptance or a judgement is ended.
        Reopen = "reopen",
        /// A word about it.
        Comment = "comment",
        /// A file about it.
        Attach = "attach",
    }
}

words! {
    /// What waits for an approver.
    Asked {
        /// It is no shortcoming.
        Dispute = "dispute",
        /// The risk is to be borne.
        Accept = "accept",
        /// It does not apply.
        NotApplicable = "not-applicable",
    }
}

impl Step {
    /// The word in the ledger.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Open => "finding.opened",
            Self::Seen => "finding.seen",
            Self::Prove => "finding.proven",
            Self::Answer => "finding.answered",
            Self::Lapse => "finding.lapsed",
            Self::Assign => "finding.assign",
            Self::Due => "finding.due",
            Self::Start => "finding.start",
            Self::Ready => "finding.ready",
            Self::Back => "finding.back",
            Self::Dispute => "finding.dispute",
            Self::AskAccept => "finding.ask-accept",
            Self::AskNotApplicable => "finding.ask-not-applicable",
            Self::Approve => "finding.approve",
            Self::Refuse => "finding.refuse",
            Self::Withdraw => "finding.withdraw",
            Self::Reopen => "finding.reopen",
            Self::Comment => "finding.comment",
            Self::Attach => "finding.attach",
        }
    }
}

impl State {
    /// Whether somebody has to do something about it.
    pub(crate) const fn needs_work(self) -> bool {
        matches!(self, Self::Open | Self::Assigned | Self::Fixing | Self::Retest | Self::Disputed)
    }

    /// Where a finding stands again when nothing else holds.
    pub(crate) const fn at_work(owned: bool) -> Self {
        if owned { Self::Assigned } else { Self::Open }
    }
}

/// A finding as the machine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) asked: Option<Asked>,
    /// Whether somebody is in charge.
    pub(crate) owned: bool,
}

impl Standing {
    /// The state after a step; `None` where the step is not possible.
    pub(crate) fn after(self, step: Step) -> Option<State> {
        use State as S;
        let Self { state, asked, owned } = self;
        let working = matches!(state, S::Open | S::Assigned | S::Fixing | S::Retest);
        match step {
            Step::Comment | Step::Attach => Some(state),
            Step::Open => None,
            Step::Seen if state == S::Retest => Some(S::Fixing),
            Step::Seen => (state.needs_work() || state == S::Accepted).then_some(state),
            Step::Answer => state.needs_work().then_some(S::NotApplicable),
            Step::Prove => state.needs_work().then_some(S::Closed),
            Step::Lapse => (state == S::Accepted).then_some(S::Open),
            Step::Assign if state == S::Open => Some(S::Assigned),
            Step::Assign | Step::Due => state.needs_work().then_some(state),
            Step::Start => (state == S::Assigned).then_some(S::Fixing),
            Step::Ready => matches!(state, S::Assigned | S::Fixing).then_some(S::Retest),
            Step::Back => (state == S::Retest).then_some(S::Fixing),
            Step::Dispute => (working && asked.is_none()).then_some(S::Disputed),
            Step::AskAccept | Step::AskNotApplicable => {
                (working && asked.is_none()).then_some(state)
            }
            Step::Approve | Step::Refuse | Step::Withdraw if !state.needs_work() => None,
            Step::Approve => Some(match asked? {
                Asked::Accept => S::Accepted,
                Asked::Dispute | Asked::NotApplicable => S::NotApplicable,
            }),
            Step::Refuse | Step::Withdraw => Some(match asked? {
                Asked::Dispute => S::at_work(owned),
                Asked::Accept | Asked::NotApplicable => state,
            }),
            Step::Reopen => {
                matches!(state, S::Accepted | S::NotApplicable).then(|| S::at_work(owned))
            }
        }
    }
}

/// Who takes a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) rights: Rights,
    /// The finding is theirs to mend.
    pub(crate) owns: bool,
    /// They made the request that waits.
    pub(crate) asked: bool,
}

impl Taker {
    /// Whether they may, as far as rights go. That nobody approves what they asked themselves is
    /// part of it.
    pub(crate) fn may(self, step: Step) -> bool {
        let has = |right| self.rights.has(right);
        let works = has(Right::Correct) || has(Right::Work) && self.owns;
        match step {
            Step::Open | Step::Seen | Step::Prove | Step::Answer | Step::Lapse => false,
            Step::Assign | Step::Due => has(Right::Correct),
            Step::Start
            | Step::Ready
            | Step::Back
            | Step::Dispute
            | Step::AskAccept
            | Step::AskNotApplicable => works,
            Step::Approve | Step::Refuse => has(Right::Accept) && !self.asked,
            Step::Withdraw => self.asked,
            Step::Reopen => has(Right::Accept),
            Step::Comment | Step::Attach => works || has(Right::Accept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    #[test]
    fn only_proof_closes_and_nobody_approves_their_own_request() {
        for state in State::ALL {
            for asked in [None, Some(Asked::Accept), Some(Asked::Dispute)] {
                for owned in [false, true] {
                    for step in Step::ALL {
                        let standing = Standing { state: *state, asked, owned };
                        if standing.after(*step) == Some(State::Closed) {
                            let stays = matches!(step, Step::Comment | Step::Attach)
                                || *state == State::Closed;
                            assert!(stays || *step == Step::Prove, "{state:?} {step:?}");
                        }
                    }
                }
            }
        }
        let approver = Rights::of(&[Role::Approver, Role::Officer]);
        let mut taker = Taker { rights: approver, owns: true, asked: false };
        assert!(taker.may(Step::Approve) && !taker.may(Step::Withdraw));
        taker.asked = true;
        assert!(!taker.may(Step::Approve) && taker.may(Step::Withdraw));
        let member = Taker { rights: Rights::of(&[Role::Member]), owns: false, asked: false };
        assert!(!member.may(Step::Ready) && Taker { owns: true, ..member }.may(Step::Ready));
        assert!(!Taker { owns: true, ..member }.may(Step::Assign));
    }
}
