//! The records of one serial as one event.

use super::record::{self, Address, Raw, decoded, pairs};
use super::syscall;
use hangtu_record::Fields;
use std::{fmt::Write, net::IpAddr};

/// Keys that are decimal numbers.
const NUMBERS: [&str; 22] = [
    "pid", "ppid", "uid", "gid", "euid", "egid", "suid", "sgid", "fsuid", "fsgid", "auid", "ses",
    "exit", "argc", "items", "item", "syscall", "opid", "ouid", "ogid", "oauid", "oses",
];

/// `auid` and `ses` of what no log-on began.
const UNSET: i64 = 4_294_967_295;

/// A record that waits for the others of its event.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    rank: u8,
    /// Place among records of one type: the item of a path, the first argument of EXECVE.
    place: (u64, u64),
    pub(super) kind: String,
    pub(super) body: String,
}

impl Part {
    pub(super) fn new(kind: &str, body: &str) -> Self {
        let rank = match kind {
            "SYSCALL" => 0,
            "EXECVE" => 1,
            "CWD" => 2,
            "PATH" => 3,
            "SOCKADDR" => 4,
            "PROCTITLE" => 6,
            _ => 5,
        };
        let place = match kind {
            "PATH" => (after(body, "item=").unwrap_or(0), 0),
            "EXECVE" => first_argument(body),
            _ => (0, 0),
        };
        Self { rank, place, kind: kind.into(), body: body.into() }
    }
}

fn after(text: &str, key: &str) -> Option<u64> {
    let rest = &text[text.find(key)? + key.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

fn first_argument(body: &str) -> (u64, u64) {
    let first = body.split(' ').find_map(|word| argument(word.split_once('=')?.0));
    first.map_or((0, 0), |(n, part)| (n, part.map_or(0, |p| p + 1)))
}

/// `a3` is argument 3, `a3[2]` its third part.
fn argument(key: &str) -> Option<(u64, Option<u64>)> {
    let rest = key.strip_prefix('a')?;
    match rest.strip_suffix(']').and_then(|r| r.split_once('[')) {
        Some((n, part)) => Some((n.parse().ok()?, Some(part.parse().ok()?))),
        None => Some((rest.parse().ok()?, None)),
    }
}

/// What is gathered over the records of an event.
#[derive(Default)]
struct Gathered {
    arch: Option<&'static str>,
    call: Option<&'static str>,
    enriched_call: Option<String>,
    enriched_arch: bool,
    enriched_auid: bool,
    auid: Option<i64>,
    address: Option<(IpAddr, u16)>,
    command: String,
    executes: bool,
    outcome: Option<bool>,
    peer: Option<IpAddr>,
    host: Option<String>,
    user: Option<String>,
    login: Option<String>,
    title: Option<String>,
}

/// Fills an event with its records, in the order of their types.
pub(super) fn fill(event: &mut Fields, node: &str, id: &str, parts: &mut [Part]) {
    parts.sort_unstable();
    event.push("log.format", "auditd");
    event.push("auditd.id", id);
    if !node.is_empty() {
        event.push("node", node);
        event.push("host.hostname", node);
    }
    let mut kind = "";
    for part in &*parts {
        if part.kind != kind {
            kind = &part.kind;
            event.push("auditd.type", kind);
            event.push("type", kind);
        }
    }
    let mut seen = Gathered::default();
    for part in &*parts {
        if part.kind == "EXECVE" {
            seen.executes = true;
            arguments(event, &part.body, &mut seen);
            continue;
        }
        let words = pairs(&part.body, &mut |key, raw| push(event, part, key, raw, &mut seen));
        if !words.is_empty() {
            event.push("message", words);
        }
    }
    aliases(event, parts, &seen);
}

/// The arguments of EXECVE; long ones come in pieces.
fn arguments(event: &mut Fields, body: &str, seen: &mut Gathered) {
    let mut held: Option<(u64, String)> = None;
    let mut done = |event: &mut Fields, held: &mut Option<(u64, String)>| {
        let Some((n, text)) = held.take() else { return };
        if !seen.command.is_empty() {
            seen.command.push(' ');
        }
        seen.command.push_str(&text);
        event.push(&format!("a{n}"), text.as_str());
    };
    pairs(body, &mut |key, raw| {
        let Some((n, part)) = argument(key) else {
            if let Ok(count) = raw.text.parse::<i64>()
                && key == "argc"
            {
                event.push("argc", count);
            }
            return;
        };
        let plain = || raw.text.to_owned();
        let text =
            if raw.quoted { plain() } else { record::unhex_text(raw.text).unwrap_or_else(plain) };
        match &mut held {
            Some((m, so_far)) if *m == n && part.is_some() => so_far.push_str(&text),
            _ => {
                done(event, &mut held);
                held = Some((n, text));
            }
        }
    });
    done(event, &mut held);
}

fn push<'a>(event: &mut Fields, part: &Part, key: &'a str, raw: Raw<'a>, seen: &mut Gathered) {
    let syscall = part.kind == "SYSCALL";
    if key == "msg" && raw.quoted {
        let words = pairs(raw.text, &mut |key, raw| push(event, part, key, raw, seen));
        if !words.is_empty() {
            event.push("message", words);
        }
        return;
    }
    if key == "saddr" {
        event.push("saddr", raw.text);
        return push_address(event, raw.text, seen);
    }
    let text = decoded(key, raw);
    let number = (NUMBERS.contains(&key)).then(|| text.parse::<i64>().ok()).flatten();
    match key {
        "key" => {
            let keys = text.split('\u{1}').filter(|k| !k.is_empty() && *k != "(null)");
            return keys.for_each(|k| event.push("key", k));
        }
        "arch" if syscall => seen.arch = syscall::arch(&text),
        "syscall" if syscall => {
            seen.call = seen.arch.zip(number).and_then(|(a, n)| syscall::name(a, n));
        }
        "SYSCALL" => seen.enriched_call = Some(text.clone().into_owned()),
        "ARCH" => seen.enriched_arch = true,
        "AUID" => {
            seen.enriched_auid = true;
            seen.login = Some(text.clone().into_owned()).filter(|t| t != "unset");
        }
        "auid" => seen.auid = number.or(seen.auid),
        "success" | "res" | "result" => {
            let outcome = match &*text {
                "yes" | "success" | "1" => Some(true),
                "no" | "failed" | "failure" | "0" => Some(false),
                _ => None,
            };
            // What a program says of itself goes before the call it made to say it.
            if !syscall || seen.outcome.is_none() {
                seen.outcome = outcome.or(seen.outcome);
            }
        }
        "addr" => seen.peer = text.parse().ok().or(seen.peer),
        "hostname" if text != "?" => seen.host = Some(text.clone().into_owned()),
        "acct" if !matches!(&*text, "?" | "(unknown)" | "") => {
            seen.user = Some(text.clone().into_owned());
        }
        "proctitle" => seen.title = Some(text.clone().into_owned()),
        "cmd" if part.kind == "USER_CMD" => seen.command = text.clone().into_owned(),
        _ => {}
    }
    match number {
        Some(number) => event.push(key, number),
        None => event.push(key, &*text),
    }
}

fn push_address(event: &mut Fields, hex: &str, seen: &mut Gathered) {
    match record::address(hex) {
        Some(Address::Inet(ip, port)) => {
            event.push("saddr_fam", if ip.is_ipv4() { "inet" } else { "inet6" });
            event.push("laddr", ip);
            event.push("lport", i64::from(port));
            seen.address = Some((ip, port));
        }
        Some(Address::Unix(path)) => {
            event.push("saddr_fam", "local");
            event.push("path", path.as_str());
        }
        Some(Address::Other(family)) => {
            event.push_with("saddr_fam", |out| {
                let _ = match family {
                    16 => out.write_str("netlink"),
                    17 => out.write_str("packet"),
                    40 => out.write_str("vsock"),
                    n => write!(out, "{n}"),
                };
            });
        }
        None => {}
    }
}

/// Names of the Elastic Common Schema, and those of rules for process creation.
fn aliases(event: &mut Fields, parts: &[Part], seen: &Gathered) {
    if let (Some(arch), false) = (seen.arch, seen.enriched_arch) {
        event.push("ARCH", arch);
    }
    if let (Some(call), None) = (seen.call, &seen.enriched_call) {
        event.push("SYSCALL", call);
    }
    if seen.auid == Some(UNSET) && !seen.enriched_auid {
        event.push("AUID", "unset");
    }
    let call = seen.enriched_call.as_deref().or(seen.call);
    let main = parts.iter().find(|p| p.rank == 5).or(parts.first());
    let kind = main.map_or("", |p| p.kind.as_str());
    let user_space = kind.starts_with("USER_") || kind.starts_with("CRED_");
    match call {
        Some(call) if !user_space => event.push("event.action", call),
        _ if !kind.is_empty() => event.push("event.action", &*kind.to_ascii_lowercase()),
        _ => {}
    }
    if let Some(ok) = seen.outcome {
        let outcome = if ok { "success" } else { "failure" };
        event.push("event.outcome", outcome);
        if matches!(kind, "USER_AUTH" | "USER_LOGIN" | "USER_ERR") {
            event.push("authentication.outcome", outcome);
        }
    }
    if let Some(user) = seen.user.as_deref().or(seen.login.as_deref()) {
        event.push("user.name", user);
    }
    for (alias, name) in [("process.executable", "exe"), ("process.name", "comm")] {
        copy(event, alias, name);
    }
    copy(event, "process.pid", "pid");
    copy(event, "process.parent.pid", "ppid");
    copy(event, "process.working_directory", "cwd");
    let executes = seen.executes || matches!(call, Some("execve" | "execveat"));
    if !seen.command.is_empty() {
        for name in ["cmdline", "CommandLine", "process.command_line"] {
            event.push(name, seen.command.as_str());
        }
    } else if let Some(title) = &seen.title {
        event.push("process.command_line", title.as_str());
        if executes {
            event.push("CommandLine", title.as_str());
        }
    }
    let connects = matches!(call, Some("connect" | "sendto" | "sendmsg"));
    if executes || (connects && seen.address.is_some()) {
        copy(event, "Image", "exe");
    }
    if executes {
        copy(event, "CurrentDirectory", "cwd");
    }
    if let Some((ip, port)) = seen.address {
        let side = match call {
            _ if connects => "destination",
            Some("accept" | "accept4" | "recvfrom" | "recvmsg") => "source",
            _ => "",
        };
        if !side.is_empty() {
            event.push(&format!("{side}.ip"), ip);
            event.push(&format!("{side}.port"), i64::from(port));
        }
        if connects {
            event.push_with("DestinationIp", |out| {
                let _ = write!(out, "{ip}");
            });
            event.push("DestinationPort", i64::from(port));
        }
    }
    let peer = seen.peer.or_else(|| seen.host.as_ref()?.parse().ok());
    if let Some(ip) = peer {
        event.push("source.ip", ip);
    }
}

/// Adds what `name` holds under another name.
fn copy(event: &mut Fields, alias: &str, name: &str) {
    if let Some(value) = event.get(name).map(hangtu_record::OwnedValue::from) {
        event.push(alias, value.as_value());
    }
}
