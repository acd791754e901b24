//! Names picked by data: levels, scenarios, roles, verbs, reason codes.

use hangtu_catalog::{Arg, Bilingual, Level, Scenario, key, text};

use crate::model::{Asset, CheckStatus, Conversation, Finding, Status};

/// A message without arguments.
pub(super) fn say(key: key::Key) -> Bilingual {
    Bilingual::message(key, &[])
}

/// The message `prefix` + `name`; the bare name where nobody has written one.
pub(super) fn named(prefix: &str, name: &str) -> Bilingual {
    key::Key::find(&format!("{prefix}{name}")).map_or_else(|| Bilingual::same(name), say)
}

/// Name of a level.
pub(super) fn level(level: Level) -> Bilingual {
    named("level-", level.name())
}

/// Name of a scenario.
pub(super) fn scenario(scenario: Scenario) -> Bilingual {
    named("scenario-", scenario.name())
}

/// Name of a control point's state.
pub(super) fn check(status: CheckStatus) -> Bilingual {
    say(match status {
        CheckStatus::Measured => key::REPORT_STATUS_MEASURED,
        CheckStatus::NotMeasured => key::REPORT_STATUS_NOT_MEASURED,
        CheckStatus::Error => key::REPORT_STATUS_ERROR,
    })
}

/// Name of a finding's state against the baseline.
pub(super) fn status(status: Status) -> Bilingual {
    say(match status {
        Status::New => key::REPORT_FINDING_NEW,
        Status::Still => key::REPORT_FINDING_STILL,
    })
}

/// Likelihood × impact.
pub(super) fn risk(finding: &Finding) -> Bilingual {
    let (likelihood, impact) = (u64::from(finding.likelihood), u64::from(finding.impact));
    Bilingual::message(
        key::REPORT_RISK_OF,
        &[
            ("likelihood", Arg::Number(likelihood)),
            ("impact", Arg::Number(impact)),
            ("product", Arg::Number(likelihood * impact)),
        ],
    )
}

/// Several texts as one, with the separator of each language.
pub(super) fn joined(texts: impl IntoIterator<Item = Bilingual>) -> Bilingual {
    let separator = say(key::REPORT_SEPARATOR);
    let (zh, en): (Vec<_>, Vec<_>) = texts.into_iter().map(|text| (text.zh, text.en)).unzip();
    Bilingual::new(zh.join(&separator.zh), en.join(&separator.en))
}

/// The likeliest role of an asset.
pub(super) fn main_role(asset: &Asset) -> Bilingual {
    named("role-", asset.roles.first().map_or("unknown", |role| &role.name))
}

/// Every role of an asset, likeliest first.
pub(super) fn roles(asset: &Asset) -> Bilingual {
    if asset.roles.is_empty() {
        return main_role(asset);
    }
    joined(asset.roles.iter().map(|role| named("role-", &role.name)))
}

/// What the device said about itself: `Model: X`.
pub(super) fn identity(asset: &Asset) -> Vec<(Bilingual, &str)> {
    asset
        .identity
        .iter()
        .map(|(name, fact)| (named("report-identity-", name), fact.value.as_str()))
        .collect()
}

/// Operations of a conversation by verb: `write 3, read 1,204`.
pub(super) fn verbs(conversation: &Conversation) -> Bilingual {
    joined(conversation.verbs.iter().map(|(verb, count)| {
        let name = named("report-verb-", verb);
        let count = hangtu_catalog::grouped(*count);
        Bilingual::new(format!("{} {count}", name.zh), format!("{} {count}", name.en))
    }))
}

/// A message in one language, for the writers of one language.
pub(super) fn label(language: hangtu_catalog::Language, key: key::Key) -> String {
    text(language, key, &[])
}
