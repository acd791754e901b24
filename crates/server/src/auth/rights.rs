//! Roles and what they may do. Deny by default: a right that no role names is nobody's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An enumeration whose variants are words in the store and the API.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub(crate) enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in the store and the API.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The reverse of [`word`](Self::word).
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|x| x.word() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What somebody may do.
    Right {
        /// See runs, findings, answers, authorisations, reports of the organisation.
        Read = "read",
        /// Bring evidence and start examinations.
        Examine = "examine",
        /// Answer the questionnaire and assign questions.
        Answer = "answer",
        /// Manage findings: assign, bulk, dispute, not applicable.
        Correct = "correct",
        /// Work on corrections assigned to oneself.
        Work = "work",
        /// Approve that a risk is accepted, or a dispute.
        Accept = "accept",
        /// Write authorisations and request tickets.
        Authorise = "authorise",
        /// Approve what somebody else requested.
        Approve = "approve",
        /// Prepare and conduct drills.
        Drill = "drill",
        /// Tell a simulation that it was noticed; narrow enough for a product's token.
        Detect = "detect",
        /// Plan training sessions, assign and manage courses.
        Train = "train",
        /// Make and freeze reports.
        Report = "report",
        /// Set deadlines, calendars and the password policy.
        Policy = "policy",
        /// Create, disable and reset accounts.
        People = "people",
        /// Give roles.
        Grant = "grant",
        /// Operate: folders, backup, settings of the instance.
        System = "system",
        /// Read and export the audit trail.
        Audit = "audit",
        /// Keep the data catalogue.
        Register = "register",
        /// Draw up and send submissions.
        Submit = "submit",
        /// See what supervised enterprises submitted, keep the roster, steer.
        Supervise = "supervise",
        /// See the enterprises that were drawn for one's own inspection.
        Inspect = "inspect",
    }
}

words! {
    /// A role. The three administrators are kept apart: nobody holds two of them, and none of them
    /// works on findings.
    Role {
        /// System administrator: accounts and operation.
        System = "system",
        /// Security administrator: roles and policy.
        Security = "security",
        /// Audit administrator: the trail.
        Audit = "audit",
        /// Data-security officer: examines, answers, corrects, authorises, reports.
        Officer = "officer",
        /// Leader who approves risks and tickets.
        Approver = "approver",
        /// Colleague who mends and answers what is assigned.
        Member = "member",
        /// Reader.
        Reader = "reader",
        /// Supervising officer: the roster, what was submitted, the picture, steering.
        Supervisor = "supervisor",
        /// Inspector: the enterprises drawn for them, and no others.
        Inspector = "inspector",
    }
}

words! {
    /// What an organisation is. One that is no enterprise supervises enterprises.
    Kind {
        /// An enterprise: examines itself, corrects, submits.
        Enterprise = "enterprise",
        /// A city's regulator.
        City = "city",
        /// A province's regulator, or its like.
        Province = "province",
        /// The nation's.
        Nation = "nation",
        /// A group of enterprises with a duty to consolidate (Measures, Art. 37).
        Group = "group",
    }
}

impl Kind {
    /// Whether it supervises enterprises.
    pub(crate) const fn supervises(self) -> bool {
        !matches!(self, Self::Enterprise)
    }

    /// Whether a role makes sense there.
    pub(crate) const fn has(self, role: Role) -> bool {
        match role {
            Role::System | Role::Security | Role::Audit => true,
            Role::Supervisor | Role::Inspector => self.supervises(),
            Role::Officer | Role::Approver | Role::Member | Role::Reader => !self.supervises(),
        }
    }
}

impl Role {
    /// What the role may do.
    pub(crate) const fn rights(self) -> &'static [Right] {
        use Right as R;
        match self {
            Self::System => &[R::People, R::System],
            Self::Security => &[R::Read, R::Grant, R::Policy],
            Self::Audit => &[R::Audit],
            Self::Officer => &[
                R::Read,
                R::Examine,
                R::Answer,
                R::Correct,
                R::Work,
                R::Authorise,
                R::Drill,
                R::Detect,
                R::Train,
                R::Report,
                R::Register,
                R::Submit,
            ],
            Self::Approver => &[R::Read, R::Accept, R::Approve],
            Self::Member => &[R::Read, R::Answer, R::Work, R::Authorise],
            Self::Reader => &[R::Read],
            Self::Supervisor => &[R::Read, R::Supervise, R::Report],
            Self::Inspector => &[R::Inspect],
        }
    }

    /// Whether it is one of the three that exclude each other and everything else.
    pub(crate) const fn administers(self) -> bool {
        matches!(self, Self::System | Self::Security | Self::Audit)
    }

    /// Whether one person may hold these together.
    pub(crate) fn compatible(roles: &[Self]) -> bool {
        roles.len() < 2 || !roles.iter().any(|r| r.administers())
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights(u32);

impl Rights {
    /// Whether it is in the set.
    pub(crate) fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u32) != 0
    }

    /// What both hold.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The rights of roles.
    pub(crate) fn of(roles: &[Role]) -> Self {
        roles.iter().flat_map(|r| r.rights()).copied().collect()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |set, r| set | 1 << r as u32))
    }
}
