//! Which process began which, as far as logs tell: Sysmon 1 and 5, Security 4688 and 4689, and
//! executions that auditd noted.

mod tree;

use super::{Place, Seen, Take, row::Look, text};
use hangtu_record::{Kind, Time};
use std::io;

/// Beginnings and ends remembered: some hundred megabytes with long command lines.
const MAX: usize = 100_000;
/// Longest command line kept, in characters.
const COMMAND: usize = 300;

/// A process in a tree; its children stand behind it, one deeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// How deep in its host's tree, from 0.
    pub depth: u32,
    /// The host.
    pub host: String,
    /// When it began; nothing where only a child tells of it.
    pub start: Option<Time>,
    /// When it ended, where a log says so.
    pub end: Option<Time>,
    /// Its number on the host.
    pub pid: Option<u64>,
    /// The program.
    pub image: String,
    /// Its command line.
    pub command: String,
    /// Whose it is.
    pub user: String,
    /// Where the record of its beginning stands.
    pub place: Option<Place>,
    /// Rules that match that record, by their index.
    pub rules: Vec<u32>,
}

/// A beginning.
struct Start {
    process: Process,
    time: Time,
    /// Whether the query asks for it.
    shown: bool,
    guid: Option<String>,
    parent: Parent,
}

/// What a beginning tells of the parent.
#[derive(Default)]
struct Parent {
    guid: Option<String>,
    pid: Option<u64>,
    image: String,
    command: String,
}

/// An end.
struct End {
    host: String,
    time: Time,
    guid: Option<String>,
    pid: Option<u64>,
}

/// Remembers beginnings, ends, and starts of hosts.
#[derive(Default)]
pub(super) struct Processes {
    starts: Vec<Start>,
    ends: Vec<End>,
    /// When hosts were started: numbers of processes begin anew.
    boots: Vec<(String, Time)>,
    lost: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Sysmon,
    Security,
    Audit,
    End,
    Boot,
}

fn what(look: &Look<'_>) -> Option<What> {
    if look.kind() != Kind::Event {
        return None;
    }
    Some(match &*text::action(look) {
        "sysmon-1" => What::Sysmon,
        "security-4688" => What::Security,
        "execve" | "execveat" => What::Audit,
        "sysmon-5" | "security-4689" => What::End,
        "security-4608" | "eventlog-6005" | "kernel-general-12" => What::Boot,
        _ if look.values("auditd.type").any(|t| t == "SYSTEM_BOOT") => What::Boot,
        _ => return None,
    })
}

impl Take for Processes {
    fn wants(&self, look: &Look<'_>, _fits: bool, _inside: bool) -> bool {
        // Parents are wanted whatever is asked for.
        what(look).is_some()
    }

    fn take(&mut self, seen: Seen<'_>) -> io::Result<()> {
        let look = &seen.look;
        let Some(what) = what(look) else { return Ok(()) };
        if self.starts.len() + self.ends.len() + self.boots.len() >= MAX {
            self.lost += 1;
            return Ok(());
        }
        let host = look.one_of(&["host.hostname", "Computer"]).unwrap_or_default();
        let (host, time) = (text::tidy(&host, 100), look.record.time());
        let guid = |name: &str| {
            // An export without the process's own identifier writes zeros.
            let guid = look.get(name)?.to_uppercase();
            guid.contains(|c: char| c.is_ascii_alphanumeric() && c != '0').then_some(guid)
        };
        match what {
            What::Boot => self.boots.push((host, time)),
            What::End => {
                let pid = look.number("ProcessId");
                self.ends.push(End { host, time, guid: guid("ProcessGuid"), pid });
            }
            What::Sysmon | What::Security | What::Audit => {
                let (pid, parent_pid) = match what {
                    What::Sysmon => ("ProcessId", "ParentProcessId"),
                    What::Security => ("NewProcessId", "ProcessId"),
                    _ => ("pid", "ppid"),
                };
                // What failed to run is no process.
                if what == What::Audit && look.get("success").as_deref() == Some("no") {
                    return Ok(());
                }
                let told =
                    |names: &[&str], max| text::tidy(&look.one_of(names).unwrap_or_default(), max);
                let user = look.account("user.name", "user.domain").unwrap_or_default();
                let image = told(&["Image", "NewProcessName", "exe"], 200);
                let parent = Parent {
                    guid: guid("ParentProcessGuid"),
                    pid: look.number(parent_pid),
                    image: told(&["ParentImage", "ParentProcessName"], 200),
                    command: told(&["ParentCommandLine"], COMMAND),
                };
                let process = Process {
                    depth: 0,
                    host,
                    start: Some(time),
                    end: None,
                    pid: look.number(pid),
                    image,
                    command: told(&["CommandLine", "cmdline"], COMMAND),
                    user: text::tidy(&user, 100),
                    place: Some(seen.place),
                    rules: seen.rules,
                };
                let shown = seen.fits && seen.inside;
                let guid = guid("ProcessGuid");
                self.starts.push(Start { process, time, shown, guid, parent });
            }
        }
        Ok(())
    }
}

impl Processes {
    /// Each host's tree from the top down; and records that found no room.
    pub(super) fn finish(self) -> (Vec<Process>, u64) {
        let lost = self.lost;
        (tree::tree(self), lost)
    }
}
