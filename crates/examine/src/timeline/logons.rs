//! Who logged on where, from where, how, and whether it worked.

use super::{Seen, Take, row::Look, text};
use hangtu_record::{Kind, Time};
use std::{collections::HashMap, io};

/// Log-ons kept apart.
const MAX: usize = 50_000;

/// Log-ons alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logon {
    /// The account, `DOMAIN\name` where a domain was told.
    pub account: String,
    /// Where it logged on.
    pub host: String,
    /// From which address or station; empty where nothing was told.
    pub from: String,
    /// The way: a Windows log-on type, a program or a protocol.
    pub how: String,
    /// `success`, `failure`, `ended` or `unknown`.
    pub outcome: &'static str,
    /// How often.
    pub count: u64,
    /// First time.
    pub first: Time,
    /// Last time.
    pub last: Time,
    /// Rules that match, by their index.
    pub rules: Vec<u32>,
}

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    account: String,
    host: String,
    from: String,
    how: String,
    outcome: &'static str,
}

struct Group {
    count: u64,
    first: Time,
    last: Time,
    rules: Vec<u32>,
}

/// Sums log-ons up.
#[derive(Default)]
pub(super) struct Logons {
    groups: HashMap<Key, Group>,
    lost: u64,
}

impl Take for Logons {
    fn wants(&self, look: &Look<'_>, fits: bool, inside: bool) -> bool {
        fits && inside && matches!(look.kind(), Kind::Event | Kind::Session)
    }

    fn take(&mut self, seen: Seen<'_>) -> io::Result<()> {
        let Some(key) = key(&seen.look).filter(|_| seen.fits) else { return Ok(()) };
        let time = seen.look.record.time();
        if !self.groups.contains_key(&key) && self.groups.len() >= MAX {
            self.lost += 1;
            return Ok(());
        }
        let new = Group { count: 0, first: time, last: time, rules: Vec::new() };
        let group = self.groups.entry(key).or_insert(new);
        group.count += 1;
        group.first = group.first.min(time);
        group.last = group.last.max(time);
        group.rules.extend(seen.rules);
        group.rules.sort_unstable();
        group.rules.dedup();
        Ok(())
    }
}

impl Logons {
    /// By first time; and records that found no room.
    pub(super) fn finish(self) -> (Vec<Logon>, u64) {
        let mut groups: Vec<(Key, Group)> = self.groups.into_iter().collect();
        groups.sort_by(|(a, x), (b, y)| (x.first, a).cmp(&(y.first, b)));
        let rows = groups.into_iter().map(|(key, group)| Logon {
            account: key.account,
            host: key.host,
            from: key.from,
            how: key.how,
            outcome: key.outcome,
            count: group.count,
            first: group.first,
            last: group.last,
            rules: group.rules,
        });
        (rows.collect(), self.lost)
    }
}

fn key(look: &Look<'_>) -> Option<Key> {
    let key = match look.kind() {
        Kind::Session => session(look),
        Kind::Event if look.get("EventID").is_some() => windows(look),
        Kind::Event => unix(look),
        _ => None,
    }?;
    let tidy = |text: &str| text::tidy(text, 100);
    Some(Key {
        account: tidy(&key.account),
        host: tidy(&key.host),
        from: tidy(&key.from),
        how: tidy(&key.how),
        outcome: key.outcome,
    })
}

fn outcome(said: Option<&str>) -> &'static str {
    match said {
        Some("success") => "success",
        Some("failure") => "failure",
        _ => "unknown",
    }
}

fn session(look: &Look<'_>) -> Option<Key> {
    let said = look.get("authentication.outcome")?;
    let protocol = look.get("network.protocol").unwrap_or_default();
    let how = match look.get("authentication.method") {
        Some(method) => format!("{protocol}/{method}"),
        None => protocol.into_owned(),
    };
    Some(Key {
        account: look.account("user.name", "user.domain").unwrap_or_default(),
        host: look.one_of(&["destination.ip", "destination.mac"])?.into_owned(),
        from: look.one_of(&["source.ip", "source.mac"]).unwrap_or_default().into_owned(),
        how,
        outcome: outcome(Some(&said)),
    })
}

fn windows(look: &Look<'_>) -> Option<Key> {
    let source = text::action(look);
    let target = || look.account("TargetUserName", "TargetDomainName");
    let user = || look.account("user.name", "user.domain");
    let kind = || look.number("LogonType").map_or("log-on", text::logon_type);
    let (account, how, outcome) = match &*source {
        "security-4624" => (target(), kind(), "success"),
        "security-4625" => (target(), kind(), "failure"),
        "security-4634" | "security-4647" => (target(), kind(), "ended"),
        "security-4648" => (target(), "explicit-credentials", "unknown"),
        "security-4776" => {
            let bad = look.number("Status").is_some_and(|status| status != 0);
            (target(), "ntlm", if bad { "failure" } else { "success" })
        }
        // Says only that credentials were taken, not that a desktop was shown.
        "remote-1149" => (look.account("Param1", "Param2").or_else(user), "rdp", "unknown"),
        "session-21" | "session-22" | "session-25" => (user(), "desktop", "success"),
        "session-23" | "session-24" => (user(), "desktop", "ended"),
        _ => return None,
    };
    let from = look.one_of(&["source.ip", "WorkstationName", "Workstation", "Address"]);
    Some(Key {
        account: account.unwrap_or_default(),
        host: look.one_of(&["host.hostname", "Computer"]).unwrap_or_default().into_owned(),
        from: from.unwrap_or_default().into_owned(),
        how: how.to_owned(),
        outcome,
    })
}

fn unix(look: &Look<'_>) -> Option<Key> {
    let action = look.get("event.action").unwrap_or_default();
    let said = look.one_of(&["authentication.outcome", "event.outcome"]);
    let outcome = match &*action {
        "ssh-login" | "log-on" | "su" | "sudo" => outcome(said.as_deref()),
        "invalid-user" | "authentication-failed" | "authentication-limit" | "account-expired" => {
            // sshd says the same of one attempt in several lines; one of them has the outcome.
            look.get("authentication.outcome")?;
            "failure"
        }
        "session-opened" => "success",
        "session-closed" => "ended",
        _ => return audit(look),
    };
    let program = look.one_of(&["program", "process.name", "log.map", "log.format"]);
    Some(Key {
        account: look.account("user.name", "user.domain").unwrap_or_default(),
        host: look.get("host.hostname").unwrap_or_default().into_owned(),
        from: look.get("source.ip").unwrap_or_default().into_owned(),
        how: program.unwrap_or(action).into_owned(),
        outcome,
    })
}

/// The audit daemon's own account of log-ons.
fn audit(look: &Look<'_>) -> Option<Key> {
    let outcome = if look.values("auditd.type").any(|t| t == "USER_LOGIN") {
        match look.one_of(&["res", "event.outcome"]).as_deref() {
            Some("success" | "yes" | "1") => "success",
            _ => "failure",
        }
    } else if look.values("auditd.type").any(|t| t == "USER_LOGOUT") {
        "ended"
    } else {
        return None;
    };
    Some(Key {
        account: look.one_of(&["user.name", "acct"]).unwrap_or_default().into_owned(),
        host: look.get("host.hostname").unwrap_or_default().into_owned(),
        from: look.one_of(&["source.ip", "addr", "terminal"]).unwrap_or_default().into_owned(),
        how: look
            .one_of(&["exe"])
            .map_or_else(|| "auditd".to_owned(), |exe| text::base(&exe).to_owned()),
        outcome,
    })
}
