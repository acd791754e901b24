//! A record in one line that a person can read.

use super::row::Look;
use crate::{describe, report::visible};
use hangtu_record::Kind;
use std::{borrow::Cow, fmt::Write};

/// Longest line, in characters.
pub const MAX: usize = 300;
/// Longest value within one.
const VALUE: usize = 160;

/// One line about a record, of at most [`MAX`] characters.
pub(super) fn line(look: &Look<'_>) -> String {
    if look.kind() != Kind::Event {
        return tidy(&describe::line(look.record), MAX);
    }
    let mut tail = String::new();
    if let Some(user) = look.account("user.name", "user.domain") {
        let _ = write!(tail, " · {}", tidy(&user, 60));
    }
    if let Some(ip) = look.one_of(&["source.ip", "WorkstationName", "Workstation"]) {
        let _ = write!(tail, " ← {}", tidy(&ip, 60));
        if let Some(port) = look.number("source.port").filter(|port| *port > 0) {
            let _ = write!(tail, ":{port}");
        }
    }
    if let Some(ip) = look.get("destination.ip") {
        let _ = write!(tail, " → {}", tidy(&ip, 60));
        if let Some(port) = look.get("destination.port") {
            let _ = write!(tail, ":{port}");
        }
    }
    let mut head = source(look);
    if let Some(id) = look.get("EventID") {
        let _ = write!(head, " {id}");
    } else if let Some(action) = look.get("event.action") {
        let _ = write!(head, " {action}");
    }
    if let Some(outcome) = look.one_of(&["authentication.outcome", "event.outcome"]) {
        let _ = write!(head, " ({outcome})");
    }
    let room = MAX.saturating_sub(tail.chars().count());
    let body = details(look);
    let gap = if body.is_empty() { "" } else { " " };
    tidy(&format!("{}{tail}", tidy(&format!("{head}{gap}{body}"), room)), MAX)
}

/// Where a record comes from: the log and its program, or the protocol.
pub(super) fn source(look: &Look<'_>) -> String {
    if look.kind() != Kind::Event {
        let protocol = look.one_of(&["network.protocol", "network.transport"]);
        return protocol.unwrap_or_default().into_owned();
    }
    if let Some(channel) = look.get("Channel").or_else(|| look.get("Provider_Name")) {
        let short = short(&channel);
        return match (short, provider(look)) {
            // In these logs every program counts its own events.
            ("System" | "Application" | "Setup", Some(provider)) => format!("{short}/{provider}"),
            _ => short.to_owned(),
        };
    }
    let program = look.one_of(&["program", "process.name", "SYSLOG_IDENTIFIER"]);
    let format = look.get("log.format").unwrap_or_default();
    match (&*format, program) {
        ("auditd", _) | (_, None) => look.get("log.map").unwrap_or(format).into_owned(),
        (_, Some(program)) => program.into_owned(),
    }
}

/// `Microsoft-Windows-Sysmon/Operational` is Sysmon to everyone.
pub(super) fn short(channel: &str) -> &str {
    let short = channel.strip_prefix("Microsoft-Windows-").unwrap_or(channel);
    short.strip_suffix("/Operational").or_else(|| short.strip_suffix("/Admin")).unwrap_or(short)
}

fn provider(look: &Look<'_>) -> Option<String> {
    look.get("Provider_Name").map(|name| short(&name).to_owned())
}

/// What happened, as a code that texts are named by.
pub(super) fn action(look: &Look<'_>) -> String {
    let Some(id) = look.get("EventID") else {
        let named = look.one_of(&["event.action", "operation.verb", "session.state"]);
        let kind = || look.kind().name().into();
        return named.or_else(|| look.get("auditd.type")).unwrap_or_else(kind).into_owned();
    };
    let log = provider(look).or_else(|| look.get("Channel").map(|c| short(&c).to_owned()));
    let log = log.unwrap_or_default().to_lowercase();
    let log = match &*log {
        "security-auditing" => "security",
        "terminalservices-localsessionmanager" => "session",
        "terminalservices-remoteconnectionmanager" => "remote",
        "service control manager" => "service",
        "taskscheduler" => "task",
        other => other,
    };
    format!("{}-{id}", log.replace(' ', "-"))
}

/// Values worth a line, in the order they are told: what stands before them, and names of which
/// the first that says something is told.
const TOLD: [(&str, &[&str]); 27] = [
    ("", &["CommandLine", "process.command_line", "cmdline"]),
    ("", &["ScriptBlockText", "HostApplication"]),
    ("service ", &["ServiceName", "service.name"]),
    ("", &["ImagePath", "ServiceFileName"]),
    ("task ", &["TaskName"]),
    ("", &["ActionName"]),
    ("file ", &["TargetFilename"]),
    ("share ", &["ShareName"]),
    ("", &["RelativeTargetName"]),
    ("pipe ", &["PipeName"]),
    ("key ", &["TargetObject"]),
    ("= ", &["Details"]),
    ("asked ", &["QueryName"]),
    ("loaded ", &["ImageLoaded"]),
    ("process ", &["TargetImage", "TargetProcess"]),
    ("object ", &["ObjectName"]),
    ("account ", &["TargetUserName"]),
    ("group ", &["TargetSid"]),
    ("member ", &["MemberName", "MemberSid"]),
    ("privileges ", &["PrivilegeList"]),
    ("to ", &["TargetServerName"]),
    ("device ", &["DeviceDescription", "DeviceId", "InstanceId", "DeviceInstanceId"]),
    ("status ", &["Status", "SubStatus", "FailureReason"]),
    ("target ", &["user.effective.name"]),
    ("key ", &["key"]),
    ("", &["name"]),
    ("", &["message", "MESSAGE", "Data", "param1"]),
];

fn details(look: &Look<'_>) -> String {
    let mut out = String::new();
    let mut any = false;
    let mut put = |before: &str, value: &str| {
        if std::mem::replace(&mut any, true) {
            out.push_str(" · ");
        }
        out.push_str(before);
        out.push_str(&tidy(value, VALUE));
        true
    };
    let mut told = false;
    let executed = look.one_of(TOLD[0].1).is_some();
    if !executed
        && let Some(image) = look.one_of(&["Image", "SourceImage", "NewProcessName", "exe"])
    {
        told = put("", &image);
    }
    let user = look.get("user.name");
    for (before, names) in TOLD {
        let Some(value) = look.one_of(names) else { continue };
        match names[0] {
            "TargetUserName" if user.as_deref() == Some(&*value) => continue,
            "TargetSid" if look.get("MemberSid").is_none() => continue,
            "Status" if value.trim_start_matches("0x").trim_matches('0').is_empty() => continue,
            "PrivilegeList" if look.number("EventID") != Some(4672) => continue,
            // Files an execution opened are its own program and its loader.
            "name" if executed || look.get("auditd.type").is_none() => continue,
            "message" if told => continue,
            _ => {}
        }
        told = put(before, &value);
    }
    if let Some(kind) = look.number("LogonType") {
        told = put("log-on ", logon_type(kind));
    }
    if let Some(parent) = look.one_of(&["ParentImage", "ParentProcessName"]) {
        told = put("by ", base(&parent));
    }
    if !told {
        for (name, value) in look.each().filter(|(name, value)| tells(name, value)) {
            put(&format!("{name}="), &tidy(&value, 60));
        }
    }
    out
}

/// Whether a value says what happened, and is not told elsewhere in the line.
fn tells(name: &str, value: &str) -> bool {
    let number = name.ends_with("Sid") || name.ends_with("LogonId") || name.ends_with("Guid");
    let told = name.starts_with("Subject") || name.starts_with("Execution_");
    let told = told || matches!(name, "TargetUserName" | "Workstation" | "IpAddress" | "IpPort");
    !(number || told || value == "0x0" || value.starts_with("%%") || KNOWN.contains(&name))
}

/// Fields that say where an entry comes from, not what happened.
const KNOWN: [&str; 34] = [
    "@timestamp",
    "record.kind",
    "evidence.number",
    "evidence.offset",
    "log.format",
    "log.map",
    "Provider_Name",
    "Provider_Guid",
    "Channel",
    "EventID",
    "EventID_Qualifiers",
    "EventRecordID",
    "Computer",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "Version",
    "Execution_ProcessID",
    "Execution_ThreadID",
    "UserID",
    "Correlation_ActivityID",
    "host.hostname",
    "user.name",
    "user.domain",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "event.outcome",
    "event.action",
    "authentication.outcome",
    "auditd.id",
    "auditd.type",
];

/// The name of a Windows log-on type.
pub(super) fn logon_type(number: u64) -> &'static str {
    match number {
        2 => "interactive",
        3 => "network",
        4 => "batch",
        5 => "service",
        7 => "unlock",
        8 => "network-cleartext",
        9 => "new-credentials",
        10 => "remote-interactive",
        11 => "cached-interactive",
        12 => "cached-remote",
        13 => "cached-unlock",
        0 => "system",
        _ => "other",
    }
}

/// A path's last part.
pub(super) fn base(path: &str) -> &str {
    path.rsplit(['\\', '/']).find(|part| !part.is_empty()).unwrap_or(path)
}

/// Text on one line, at most so many characters, without what hides or steers a terminal.
pub(super) fn tidy(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(4 * max));
    let (mut count, mut space) = (0, false);
    for c in text.trim().chars() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        let shown: Cow<'_, str> = match visible(c) {
            Some(picture) => picture.into(),
            None => c.encode_utf8(&mut [0; 4]).to_owned().into(),
        };
        count += shown.chars().count() + usize::from(space);
        if count > max {
            // Room for the dots.
            while out.chars().count() >= max {
                out.pop();
            }
            out.push('…');
            return out;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push_str(&shown);
    }
    out
}
