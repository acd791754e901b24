//! Counts that every report begins with.

use hangtu_catalog::{Level, Scenario};

use crate::model::{CheckStatus, Examination};

/// Counts over an examination.
pub(super) struct Summary {
    /// Findings by scenario (rows) and level (columns), in the order of the types.
    pub(super) matrix: [[usize; 5]; 4],
    /// Control points measured, not measured, with errors.
    pub(super) checks: [usize; 3],
}

impl Summary {
    /// Counts once over everything.
    pub(super) fn of(examination: &Examination) -> Self {
        let mut matrix = [[0; 5]; 4];
        for finding in &examination.findings {
            matrix[scenario_index(finding.scenario)][level_index(finding.level)] += 1;
        }
        let mut checks = [0; 3];
        for check in &examination.coverage.checks {
            checks[match check.status {
                CheckStatus::Measured => 0,
                CheckStatus::NotMeasured => 1,
                CheckStatus::Error => 2,
            }] += 1;
        }
        Self { matrix, checks }
    }

    /// Findings of one level.
    pub(super) fn level(&self, level: Level) -> usize {
        self.matrix.iter().map(|row| row[level_index(level)]).sum()
    }

    /// Findings of one scenario.
    pub(super) fn scenario(&self, scenario: Scenario) -> usize {
        self.matrix[scenario_index(scenario)].iter().sum()
    }

    /// Findings of one scenario and level.
    pub(super) fn cell(&self, scenario: Scenario, level: Level) -> usize {
        self.matrix[scenario_index(scenario)][level_index(level)]
    }

    /// The worst level found.
    pub(super) fn worst(&self) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| self.level(*level) > 0)
    }
}

fn scenario_index(scenario: Scenario) -> usize {
    match scenario {
        Scenario::Ransomware => 0,
        Scenario::VulnBackdoor => 1,
        Scenario::Personnel => 2,
        Scenario::RemoteOm => 3,
    }
}

fn level_index(level: Level) -> usize {
    match level {
        Level::Light => 0,
        Level::Low => 1,
        Level::Medium => 2,
        Level::High => 3,
        Level::Major => 4,
    }
}
