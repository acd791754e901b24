//! What reconciliation compares of a record with an authorisation.

use crate::authorise::{Authorisations, account};
use hangtu_catalog::Register;
use hangtu_record::{Field, FieldName, Kind, Record, Value};
use std::net::IpAddr;

/// Microsoft's client cuts the account of an RDP request, with a domain before it, to this length.
const RDP_ACCOUNT: usize = 9;
/// Accounts of Windows itself, under which nobody logs on.
const SYSTEM: [&str; 3] = ["system", "local service", "network service"];

/// Who did what to whom, when.
pub(crate) struct Observed<'r> {
    pub(crate) source: Option<IpAddr>,
    pub(crate) destination: Option<IpAddr>,
    pub(crate) verb: Option<&'r str>,
    pub(crate) protocol: Option<&'r str>,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Names it went by: of servers, and of programs in events.
    pub(crate) names: Vec<String>,
    /// Accounts it names.
    pub(crate) accounts: Vec<Account>,
    /// A log entry: what it does not say of protocols is not held against it.
    pub(crate) event: bool,
}

impl<'r> Observed<'r> {
    pub(crate) fn of(record: &'r dyn Record, register: Register, all: &Authorisations) -> Self {
        let ip = |name: FieldName| match record.first(&name.into()) {
            Some(Value::Ip(ip)) => Some(ip),
            _ => None,
        };
        let text = |name: FieldName| match record.first(&name.into()) {
            Some(Value::Str(s)) => Some(s),
            _ => None,
        };
        let start = record.time().0;
        let end = match record.first(&FieldName::EventEnd.into()) {
            Some(Value::Time(t)) => t.0,
            _ => start,
        };
        let mut out = Self {
            source: ip(FieldName::SourceIp),
            destination: ip(FieldName::DestinationIp),
            verb: text(FieldName::OperationVerb),
            protocol: text(FieldName::NetworkProtocol),
            start,
            end,
            names: Vec::new(),
            accounts: Vec::new(),
            event: record.kind() == Kind::Event,
        };
        if matches!(record.kind(), Kind::Session | Kind::Event) {
            for name in [FieldName::TlsServerName, FieldName::UrlDomain, FieldName::DnsQuestionName]
            {
                let names = &mut out.names;
                record
                    .values(&Field::from(name), &mut |v| names.push(v.to_string().to_lowercase()));
            }
        }
        if record.kind() != Kind::Operation {
            out.accounts = Account::all(record, out.protocol);
        }
        if out.event {
            out.of_event(record, register, all);
        }
        out
    }

    /// An event happened on the host that it names. Who acted sat there, unless the event says
    /// from where; what was used is named by its program or the server it asked for.
    fn of_event(&mut self, record: &'r dyn Record, register: Register, all: &Authorisations) {
        let text = |name: &str| record.first(&Field::new(name)).map(|v| v.to_string());
        if matches!(register, Register::Operation | Register::Remote)
            && let Some(host) = text(FieldName::HostName.name())
            && let Some(ip) = all.host(&host)
        {
            self.destination = self.destination.or(Some(ip));
            self.source = self.source.or(Some(ip));
        }
        if self.protocol.is_none() {
            let says = |name: &str, start: &str| text(name).is_some_and(|v| v.starts_with(start));
            self.protocol = if says("program", "sshd") {
                Some("ssh")
            } else if text("LogonType").as_deref() == Some("10")
                || says("Channel", "Microsoft-Windows-TerminalServices-")
            {
                Some("rdp")
            } else {
                None
            };
        }
        for name in ["QueryName", "DestinationHostname"] {
            self.names.extend(text(name).map(|v| v.to_lowercase()));
        }
        for name in ["Image", "NewProcessName", "process.executable", "process.name", "ImagePath"] {
            self.names.extend(text(name).as_deref().and_then(program));
        }
    }
}

/// An account that a record names.
pub(crate) struct Account {
    /// In lower case, without its domain.
    name: String,
    /// Whether only its beginning was told.
    cut: bool,
}

impl Account {
    /// Whether it is one that was declared.
    pub(crate) fn is(&self, declared: &str) -> bool {
        if self.cut { declared.starts_with(self.name.as_str()) } else { declared == self.name }
    }

    /// Every account of a record, but for those of machines.
    fn all(record: &dyn Record, protocol: Option<&str>) -> Vec<Self> {
        let text = |name: &str| record.first(&Field::new(name)).map(|v| v.to_string());
        let mut told = Vec::new();
        let name = Field::from(FieldName::UserName);
        record.values(&name, &mut |v| told.push(v.to_string()));
        if told.is_empty() && record.kind() == Kind::Event {
            // Only a log-on names under `Target…` who acted.
            let log_on = text("LogonType").is_some();
            told.extend(text(if log_on { "TargetUserName" } else { "SubjectUserName" }));
        }
        if told.is_empty() {
            return Vec::new();
        }
        let host = text(FieldName::HostName.name()).unwrap_or_default().to_lowercase();
        let host = host.split('.').next().unwrap_or_default();
        let domain = text(FieldName::UserDomain.name()).filter(|d| !d.is_empty());
        let rdp = record.kind() == Kind::Session && protocol == Some("rdp");
        let one = |told: &String| {
            let name = account(told);
            let before = domain.as_ref().map_or(0, |d| d.chars().count() + 1);
            let cut = rdp && before + told.chars().count() >= RDP_ACCOUNT;
            // What is cut and has no domain may be the beginning of one.
            let unknown = name.is_empty() || name == "-" || cut && domain.is_none();
            let machine = SYSTEM.contains(&name.as_str()) || name.strip_suffix('$') == Some(host);
            (!unknown && !machine).then_some(Self { name, cut })
        };
        told.iter().filter_map(one).collect()
    }
}

/// The file name of a program, out of its path or command line.
fn program(text: &str) -> Option<String> {
    let path = match text.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        // Arguments of a service follow its program, whose folders may have spaces.
        None => match text.to_ascii_lowercase().find(".exe") {
            Some(at) => text.get(..at + 4)?,
            None => text,
        },
    };
    let name = path.rsplit(['\\', '/']).next()?.trim();
    (!name.is_empty()).then(|| name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::Verdict;
    use hangtu_record::{Fields, Origin, Time};

    #[test]
    fn programs_are_named_by_their_file() {
        for (text, name) in [
            (r"C:\Program Files\ToDesk\ToDesk.exe", "todesk.exe"),
            (r"C:\Program Files\RustDesk\RustDesk.exe --service", "rustdesk.exe"),
            (r#""C:\A B\x.exe" -c y.ini"#, "x.exe"),
            ("/opt/frp/frpc", "frpc"),
        ] {
            assert_eq!(program(text).as_deref(), Some(name));
        }
        assert_eq!(program(""), None);
    }

    #[test]
    fn events_are_covered_by_host_and_program() {
        let text = "{version: 1, assets: [{id: eng-1, name: ENG-01, addresses: [10.1.2.31]}], \
            work_orders: [{id: W, from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z', \
              sources: [eng-1], targets: [eng-1], protocols: [s7comm], person: a, approved_by: b}], \
            remote_tickets: [{id: R, from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z', \
              sources: [10.9.0.0/24], targets: [eng-1], protocols: [rdp], person: a, approved_by: b}], \
            tools: [{id: T, sources: [any], destinations: [todesk.exe, todesk.com], approved_by: b}]}";
        let all = Authorisations::parse("t", text).expect("it can be read");
        let covered = |register, fields: &[(&'static str, &'static str)]| {
            let mut record = Fields::new(Kind::Event, Time(0), Origin::default());
            for (name, value) in fields {
                match value.parse::<IpAddr>() {
                    Ok(ip) => record.push(name, Value::Ip(ip)),
                    Err(_) => record.push(name, Value::Str(value)),
                }
            }
            matches!(all.check(register, &record), Verdict::Covered(_))
        };
        let (host, from) = (("host.hostname", "ENG-01.plant.example"), ("source.ip", "10.9.0.5"));
        assert!(covered(Register::Operation, &[host]));
        assert!(!covered(Register::Operation, &[("host.hostname", "ENG-02")]));
        assert!(!covered(Register::Operation, &[host, from]));
        assert!(covered(Register::Remote, &[host, from, ("LogonType", "10")]));
        assert!(covered(Register::Remote, &[host, from]));
        assert!(!covered(Register::Remote, &[host, from, ("program", "sshd")]));
        assert!(!covered(Register::Remote, &[host]));
        assert!(covered(Register::Tool, &[host, ("Image", r"C:\ToDesk\ToDesk.exe")]));
        assert!(covered(Register::Tool, &[host, ("QueryName", "client-api.todesk.com")]));
        assert!(!covered(Register::Tool, &[host, ("Image", r"C:\AnyDesk\AnyDesk.exe")]));
    }

    #[test]
    fn accounts_are_named_without_their_domain() {
        type Pair = (&'static str, &'static str);
        let accounts = |kind: Kind, fields: &[Pair]| -> Vec<String> {
            let mut record = Fields::new(kind, Time(0), Origin::default());
            for (name, value) in fields {
                record.push(name, Value::Str(value));
            }
            let found = Account::all(&record, record.text("network.protocol"));
            found.into_iter().map(|a| if a.cut { a.name + "…" } else { a.name }).collect()
        };
        let event = |fields: &[Pair]| accounts(Kind::Event, fields);
        let host = ("host.hostname", "ENG-01.plant.example");
        assert_eq!(event(&[host, ("user.name", r"PLANT\Wang.Wei")]), ["wang.wei"]);
        assert_eq!(event(&[("user.name", "a@plant.example"), ("user.name", "b")]), ["a", "b"]);
        for nobody in ["-", "", "SYSTEM", "ENG-01$"] {
            assert!(event(&[host, ("user.name", nobody)]).is_empty(), "{nobody}");
        }
        // Named like a machine, but like none that it ran on.
        assert_eq!(event(&[host, ("user.name", "admin$")]), ["admin$"]);
        let (by, target) = (("SubjectUserName", "eng"), ("TargetUserName", "li"));
        assert_eq!(event(&[by, target]), ["eng"]);
        assert_eq!(event(&[by, target, ("LogonType", "10")]), ["li"]);
        let desktop = |name: &'static str, domain: &[Pair]| {
            let own = [("network.protocol", "rdp"), ("user.name", name)];
            accounts(Kind::Session, &[&own[..], domain].concat())
        };
        assert_eq!(desktop("vendor01", &[]), ["vendor01"]);
        assert_eq!(desktop("wan", &[("user.domain", "PLANT")]), ["wan…"]);
        assert!(desktop("LANSHAN-W", &[]).is_empty());
        assert!(Account { name: "wan".into(), cut: true }.is("wang.wei"));
        assert!(!Account { name: "wan".into(), cut: false }.is("wang.wei"));
    }
}
