//! What Windows events have in common, whatever file they were read from.
//!
//! A reader pushes the native names (docs/records.md), then calls [`finish`], which adds the names
//! of the Elastic Common Schema beside them.

use hangtu_record::{Fields, Value};
use std::net::{IpAddr, SocketAddr};

/// Provider of the Security log since Windows Vista.
const AUDITING: &str = "Microsoft-Windows-Security-Auditing";
/// Provider whose event 1149 calls user, domain and address `Param1` to `Param3`.
const REMOTE_DESKTOP: &str = "Microsoft-Windows-TerminalServices-RemoteConnectionManager";

/// Bits of `Keywords` that say how an audited action ended.
const AUDIT_FAILURE: u64 = 0x0010_0000_0000_0000;
const AUDIT_SUCCESS: u64 = 0x0020_0000_0000_0000;

/// Where the native fields stand that others are derived from.
#[derive(Default)]
struct Native {
    event_id: i64,
    security: Security,
    remote_desktop: bool,
    audit: Option<bool>,
    computer: At,
    status: At,
    user: At,
    target: [At; 2],
    subject: [At; 2],
    account: [At; 2],
    params: [At; 3],
    /// The image that acts, by how well it is known to: a new process, `Image`, a name alone.
    image: [At; 4],
    pid: [At; 3],
    source_ip: Option<IpAddr>,
    destination_ip: Option<IpAddr>,
    source_port: Option<i64>,
    destination_port: Option<i64>,
}

/// Index of a field.
type At = Option<usize>;

/// Whether the event is one of the Security log's.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Security {
    /// Neither its provider nor its channel was seen.
    #[default]
    Unknown,
    Yes,
    No,
}

/// Adds `host.hostname`, `user.name`, `user.domain`, `source.ip`, `source.port`, `destination.ip`,
/// `destination.port`, `process.name`, `process.executable`, `process.pid`, `event.outcome` and
/// `authentication.outcome`, as far as the native fields tell. Call it once, when these are in.
pub(crate) fn finish(event: &mut Fields) {
    let native = Native::of(event);
    push_whole(event, "host.hostname", native.computer);
    native.user(event);
    if let Some(ip) = native.source_ip.or_else(|| native.param_ip(event)) {
        event.push("source.ip", ip);
    }
    if let Some(port) = native.source_port {
        event.push("source.port", port);
    }
    if let Some(ip) = native.destination_ip {
        event.push("destination.ip", ip);
    }
    if let Some(port) = native.destination_port {
        event.push("destination.port", port);
    }
    native.process(event);
    native.outcome(event);
}

impl Native {
    fn of(event: &Fields) -> Self {
        let mut out = Self::default();
        for (index, (name, value)) in event.iter().enumerate() {
            out.see(name, value, index);
        }
        out
    }

    fn see(&mut self, name: &str, value: Value<'_>, index: usize) {
        let keep = |at: &mut At| {
            if at.is_none() && !matches!(value, Value::Str("" | "-") | Value::Null) {
                *at = Some(index);
            }
        };
        match name {
            "EventID" => self.event_id = int(value).unwrap_or(0),
            "Provider_Name" => {
                self.security =
                    if value == Value::Str(AUDITING) { Security::Yes } else { Security::No };
                self.remote_desktop = value == Value::Str(REMOTE_DESKTOP);
            }
            "Channel" if self.security == Security::Unknown && value == Value::Str("Security") => {
                self.security = Security::Yes;
            }
            "Keywords" => self.audit = audit(value),
            "Computer" => keep(&mut self.computer),
            "Status" => keep(&mut self.status),
            "User" => keep(&mut self.user),
            "TargetUserName" => keep(&mut self.target[0]),
            "TargetDomainName" => keep(&mut self.target[1]),
            "SubjectUserName" => keep(&mut self.subject[0]),
            "SubjectDomainName" => keep(&mut self.subject[1]),
            "AccountName" => keep(&mut self.account[0]),
            "AccountDomain" => keep(&mut self.account[1]),
            "Param1" => keep(&mut self.params[0]),
            "Param2" => keep(&mut self.params[1]),
            "Param3" => keep(&mut self.params[2]),
            "NewProcessName" => keep(&mut self.image[0]),
            "Image" => keep(&mut self.image[1]),
            "SourceImage" => keep(&mut self.image[2]),
            "ProcessName" => keep(&mut self.image[3]),
            "NewProcessId" => keep(&mut self.pid[0]),
            "ProcessId" => keep(&mut self.pid[1]),
            "SourceProcessId" | "SourceProcessID" => keep(&mut self.pid[2]),
            "IpAddress" | "SourceIp" | "SourceAddress" | "ClientAddress" | "Address" => {
                self.source_ip = self.source_ip.or_else(|| address(value));
            }
            "DestinationIp" | "DestAddress" => {
                self.destination_ip = self.destination_ip.or_else(|| address(value));
            }
            "IpPort" | "SourcePort" => self.source_port = self.source_port.or_else(|| port(value)),
            "DestinationPort" | "DestPort" => {
                self.destination_port = self.destination_port.or_else(|| port(value));
            }
            _ => {}
        }
    }

    /// Who acted. Events of the Security log about a log-on name the account under `Target…`, and
    /// under `Subject…` who asked for it.
    fn user(&self, event: &mut Fields) {
        let log_on = self.security != Security::No;
        let pair = match self.event_id {
            4624 | 4625 | 4634 | 4647 | 4648 | 4768 | 4769 | 4771 | 4776 if log_on => self.target,
            4778 | 4779 if log_on && self.target[0].is_none() => self.account,
            4778 | 4779 if log_on => self.target,
            4672 if log_on => self.subject,
            1149 if self.remote_desktop => [self.params[0], self.params[1]],
            _ => [None; 2],
        };
        if let Some(at) = pair[0] {
            push_account(event, at, pair[1]);
        } else if let Some(at) = self.user {
            push_account(event, at, None);
        } else if let Some(at) = self.subject[0] {
            push_account(event, at, self.subject[1]);
        }
    }

    fn param_ip(&self, event: &Fields) -> Option<IpAddr> {
        let wanted = self.remote_desktop && self.event_id == 1149;
        let at = self.params[2].filter(|_| wanted)?;
        event.at(at).and_then(|(_, value)| address(value))
    }

    /// Who acts among the processes an event names. A name and a number may only come from the same
    /// pair.
    fn process(&self, event: &mut Fields) {
        let image = self.image.iter().position(Option::is_some);
        if let Some(at) = image.and_then(|i| self.image[i])
            && let Some((_, Value::Str(path))) = event.at(at)
        {
            let (start, end) = (path.rfind(['\\', '/']).map_or(0, |i| i + 1), path.len());
            push_whole(event, "process.executable", Some(at));
            event.push_part("process.name", at, start..end);
        }
        let pid = match image {
            Some(0) => self.pid[0],
            Some(2) => self.pid[2],
            Some(_) => self.pid[1],
            None => self.pid[0].or(self.pid[1]),
        };
        if let Some(pid) = pid.and_then(|at| int(event.at(at)?.1)) {
            event.push("process.pid", pid);
        }
    }

    /// How it ended: as the audit's keyword says, or for log-ons as the event itself says.
    fn outcome(&self, event: &mut Fields) {
        let status = || Some(int(event.at(self.status?)?.1)? == 0);
        let log_on = match self.event_id {
            4624 => Some(true),
            4625 | 4771 => Some(false),
            4768 | 4776 => status().or(self.audit),
            _ => None,
        };
        let log_on = log_on.filter(|_| self.security == Security::Yes);
        let name = |good: bool| if good { "success" } else { "failure" };
        if let Some(good) = log_on.or(self.audit) {
            event.push("event.outcome", name(good));
        }
        if let Some(good) = log_on {
            event.push("authentication.outcome", name(good));
        }
    }
}

fn push_whole(event: &mut Fields, name: &str, at: At) {
    let Some(at) = at else { return };
    if let Some((_, Value::Str(text))) = event.at(at) {
        let len = text.len();
        event.push_part(name, at, 0..len);
    }
}

/// Pushes user and domain; `DOMAIN\name` and `name@domain` are taken apart.
fn push_account(event: &mut Fields, at: usize, domain: At) {
    let Some((_, Value::Str(text))) = event.at(at) else { return };
    let len = text.len();
    let (name, inner) = if let Some(i) = text.find('\\') {
        (i + 1..len, Some(0..i))
    } else if let Some(i) = text.rfind('@').filter(|i| *i > 0) {
        (0..i, Some(i + 1..len))
    } else {
        (0..len, None)
    };
    event.push_part("user.name", at, name);
    if domain.is_some() {
        push_whole(event, "user.domain", domain);
    } else if let Some(part) = inner.filter(|part| !part.is_empty()) {
        event.push_part("user.domain", at, part);
    }
}

/// A whole number in decimal or, after `0x`, in hex.
fn int(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(n) => Some(n),
        Value::Str(text) => {
            let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
            hex.map_or_else(
                || text.parse().ok(),
                |hex| u64::from_str_radix(hex, 16).ok().map(|n| n as i64),
            )
        }
        _ => None,
    }
}

fn port(value: Value<'_>) -> Option<i64> {
    int(value).filter(|port| (1..=65535).contains(port))
}

/// An address; IPv4 in IPv6 is taken out, zone and port are left off.
fn address(value: Value<'_>) -> Option<IpAddr> {
    let text = match value {
        Value::Ip(ip) => return Some(ip.to_canonical()),
        Value::Str(text) => text.trim(),
        _ => return None,
    };
    // Most of what stands here without being an address is `-`, `LOCAL` or a name.
    if text.len() < 2 {
        return None;
    }
    let bare = text.split_once('%').map_or(text, |(address, _zone)| address);
    bare.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
        .map(|ip| ip.to_canonical())
}

/// Whether an audited action succeeded; `None` for what is not audited.
fn audit(value: Value<'_>) -> Option<bool> {
    let bits = match value {
        Value::Str("Audit Success") => return Some(true),
        Value::Str("Audit Failure") => return Some(false),
        other => int(other)? as u64,
    };
    match (bits & AUDIT_SUCCESS != 0, bits & AUDIT_FAILURE != 0) {
        (good, bad) if good != bad => Some(good),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::finish;
    use hangtu_record::{Fields, Kind, Origin, Time};

    fn derived(native: &[(&str, &str)]) -> String {
        let mut event = Fields::new(Kind::Event, Time(0), Origin::default());
        for (name, value) in native {
            event.push(name, *value);
        }
        finish(&mut event);
        let new: Vec<_> =
            event.iter().skip(native.len()).map(|(n, v)| format!("{n}={v}")).collect();
        new.join(" ")
    }

    const SECURITY: (&str, &str) = ("Provider_Name", "Microsoft-Windows-Security-Auditing");

    #[test]
    fn a_log_on_names_the_account_and_where_it_came_from() {
        let event = derived(&[
            SECURITY,
            ("EventID", "4625"),
            ("Keywords", "0x8010000000000000"),
            ("Computer", "hmi-01"),
            ("SubjectUserName", "HMI-01$"),
            ("TargetUserName", "operator"),
            ("TargetDomainName", "PLANT"),
            ("ProcessId", "0x2f4"),
            ("ProcessName", "C:\\Windows\\System32\\svchost.exe"),
            ("IpAddress", "::ffff:10.20.2.11"),
            ("IpPort", "0"),
        ]);
        assert_eq!(
            event,
            "host.hostname=hmi-01 user.name=operator user.domain=PLANT source.ip=10.20.2.11 \
             process.executable=C:\\Windows\\System32\\svchost.exe process.name=svchost.exe \
             process.pid=756 event.outcome=failure authentication.outcome=failure"
        );
    }

    #[test]
    fn accounts_are_taken_apart_and_dashes_left_out() {
        let sysmon = ("Provider_Name", "Microsoft-Windows-Sysmon");
        assert_eq!(
            derived(&[sysmon, ("EventID", "3"), ("User", "PLANT\\eng"), ("SourcePort", "49206")]),
            "user.name=eng user.domain=PLANT source.port=49206"
        );
        assert_eq!(derived(&[SECURITY, ("EventID", "4624"), ("TargetUserName", "-")]), {
            "event.outcome=success authentication.outcome=success"
        });
        let ticket = [SECURITY, ("EventID", "4769"), ("TargetUserName", "eng@PLANT.LOCAL")];
        assert_eq!(derived(&ticket), "user.name=eng user.domain=PLANT.LOCAL");
    }

    #[test]
    fn what_another_provider_numbers_alike_is_no_log_on() {
        let event = [("Provider_Name", "Vendor"), ("EventID", "4624"), ("TargetUserName", "x")];
        assert_eq!(derived(&event), "");
        let desktop = ("Provider_Name", super::REMOTE_DESKTOP);
        let params = [("Param1", "eng"), ("Param2", "PLANT"), ("Param3", "10.20.2.11")];
        let event = [&[desktop, ("EventID", "1149")], &params[..]].concat();
        assert_eq!(derived(&event), "user.name=eng user.domain=PLANT source.ip=10.20.2.11");
    }
}
