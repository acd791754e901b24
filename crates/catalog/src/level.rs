//! Scenarios and levels.

use serde::{Deserialize, Serialize};

/// The four risk scenarios of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Ransomware.
    Ransomware,
    /// Vulnerabilities and back-doors.
    VulnBackdoor,
    /// Illegal operations by personnel.
    Personnel,
    /// Uncontrolled remote operation and maintenance.
    RemoteOm,
}

impl Scenario {
    /// All four, in the plan's order.
    pub const ALL: [Self; 4] =
        [Self::Ransomware, Self::VulnBackdoor, Self::Personnel, Self::RemoteOm];

    /// The name in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ransomware => "ransomware",
            Self::VulnBackdoor => "vuln_backdoor",
            Self::Personnel => "personnel",
            Self::RemoteOm => "remote_om",
        }
    }
}

/// How bad a finding is (轻微 低 中 高 重大).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 轻微.
    Light,
    /// 低.
    Low,
    /// 中.
    Medium,
    /// 高.
    High,
    /// 重大.
    Major,
}

impl Level {
    /// All five, lightest first.
    pub const ALL: [Self; 5] = [Self::Light, Self::Low, Self::Medium, Self::High, Self::Major];

    /// The name in data and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Major => "major",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.name() == name)
    }
}
