//! What of the evidence a timeline shows.

use super::row::Look;
use hangtu_record::Time;

/// What to keep; nothing said keeps everything.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// From this moment on.
    pub from: Option<Time>,
    /// Before this moment.
    pub to: Option<Time>,
    /// A host's name or address, on either side.
    pub host: Option<String>,
    /// An account: a name, or `DOMAIN\name`.
    pub user: Option<String>,
    /// Text within any value, whatever its case.
    pub text: Option<String>,
    /// Only what rules match.
    pub matches: bool,
}

/// Fields that name a host.
const HOSTS: [&str; 12] = [
    "host.hostname",
    "source.ip",
    "destination.ip",
    "source.mac",
    "destination.mac",
    "Computer",
    "WorkstationName",
    "Workstation",
    "ClientName",
    "TargetServerName",
    "SourceHostname",
    "DestinationHostname",
];

/// Fields that name an account.
const USERS: [&str; 10] = [
    "user.name",
    "user.effective.name",
    "user.effective.by",
    "TargetUserName",
    "SubjectUserName",
    "TargetOutboundUserName",
    "User",
    "SourceUser",
    "TargetUser",
    "MemberName",
];

impl Query {
    /// Whether a moment is within the span asked for.
    pub(super) fn inside(&self, time: Time) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to)
    }

    /// Whether a record is what is asked for, its time and its rules apart.
    pub(super) fn fits(&self, look: &Look<'_>) -> bool {
        self.host.as_deref().is_none_or(|host| is_of(look, &HOSTS, |value| same_host(value, host)))
            && self.user.as_deref().is_none_or(|user| of_user(look, user))
            && self.text.as_deref().is_none_or(|text| {
                let needle = text.to_lowercase();
                look.each().any(|(_, value)| value.to_lowercase().contains(&needle))
            })
    }
}

fn of_user(look: &Look<'_>, user: &str) -> bool {
    let Some((domain, name)) = user.split_once('\\') else {
        return is_of(look, &USERS, |value| {
            let bare = value.rsplit('\\').next().unwrap_or(value);
            let bare = bare.split('@').next().unwrap_or(bare);
            same(value, user) || same(bare, user)
        });
    };
    let pairs = [
        ("user.name", "user.domain"),
        ("TargetUserName", "TargetDomainName"),
        ("SubjectUserName", "SubjectDomainName"),
    ];
    let is = |field: &str, wanted: &str| look.get(field).is_some_and(|v| same(&v, wanted));
    pairs.iter().any(|(n, d)| is(n, name) && is(d, domain))
        || is_of(look, &USERS, |value| same(value, user))
}

fn is_of(look: &Look<'_>, names: &[&str], fits: impl Fn(&str) -> bool) -> bool {
    look.of_names(names).any(|value| fits(&value))
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// A host goes by its name with or without its domain.
fn same_host(value: &str, asked: &str) -> bool {
    let value = value.trim_start_matches('\\');
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let address = |name: &str| name.parse::<std::net::IpAddr>().is_ok();
    same(value, asked)
        || !address(value) && !address(asked) && !asked.contains('.') && same(&first(value), asked)
        || !address(value) && !value.contains('.') && !address(asked) && same(value, &first(asked))
}
