//! Which role an asset plays, and what showed it.

use super::{Asset, AssetKey, Conversation, Line};
use hangtu_record::{FieldName, Mac, Verb, is_public};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Runs the process: PLC, controller of a drive.
    Controller,
    /// Remote terminal unit or substation device.
    Rtu,
    /// Stands between networks or protocols.
    Gateway,
    /// Programs controllers.
    EngineeringStation,
    /// Shows and operates the process.
    Hmi,
    /// Polls several controllers and operates them.
    ScadaServer,
    /// Only reads, from several controllers.
    Historian,
    /// Forwards between subnets.
    Router,
    /// Answers names.
    DnsServer,
    /// Hands out addresses.
    DhcpServer,
    /// Shares files.
    FileServer,
    /// Lets people in remotely.
    RemoteAccessServer,
    /// Reaches others remotely.
    RemoteAccessClient,
    /// Serves something else.
    Server,
    /// Somebody's computer.
    Workstation,
    /// On the Internet.
    External,
    /// Nothing seen that would tell.
    Unknown,
}

impl Role {
    /// The name in data; texts are under `role-…`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Rtu => "rtu",
            Self::Gateway => "gateway",
            Self::EngineeringStation => "engineering-station",
            Self::Hmi => "hmi",
            Self::ScadaServer => "scada-server",
            Self::Historian => "historian",
            Self::Router => "router",
            Self::DnsServer => "dns-server",
            Self::DhcpServer => "dhcp-server",
            Self::FileServer => "file-server",
            Self::RemoteAccessServer => "remote-access-server",
            Self::RemoteAccessClient => "remote-access-client",
            Self::Server => "server",
            Self::Workstation => "workstation",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }
}

/// What showed a role; texts are under `because-…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Answers a protocol for so many clients.
    Answers {
        /// The protocol.
        protocol: String,
        /// How many clients.
        clients: u64,
    },
    /// Sent operations of a verb to so many devices.
    Sent {
        /// The verb.
        verb: Verb,
        /// How many devices.
        devices: u64,
    },
    /// Reads from so many devices and changes nothing.
    OnlyReads {
        /// How many devices.
        devices: u64,
    },
    /// Both asks and answers industrial protocols.
    Both,
    /// Its link address carries so many network addresses of several subnets.
    Forwards {
        /// How many addresses.
        addresses: u64,
    },
    /// Uses a protocol.
    Uses {
        /// The protocol.
        protocol: String,
    },
    /// Its host name or system suggests it.
    Says {
        /// What it said.
        what: String,
    },
    /// Its address is public.
    Public,
    /// Nothing.
    Nothing,
}

fn industrial(protocol: &str) -> bool {
    matches!(protocol, "modbus" | "s7comm" | "enip" | "cip" | "dnp3" | "iec104")
}

#[derive(Default)]
struct Seen {
    answers: BTreeMap<String, BTreeSet<AssetKey>>,
    asked: BTreeMap<Verb, BTreeSet<AssetKey>>,
    devices: BTreeSet<AssetKey>,
    uses: BTreeSet<String>,
}

/// Gives every asset its protocols and roles.
pub(super) fn assign(
    assets: &mut [Asset],
    conversations: &BTreeMap<Line, Conversation>,
    routers: &BTreeMap<Mac, usize>,
) {
    let index: HashMap<AssetKey, usize> = assets
        .iter()
        .enumerate()
        .flat_map(|(i, a)| {
            let ips = a.ips.iter().map(|ip| AssetKey::Ip(*ip));
            ips.chain([a.key]).map(move |key| (key, i)).collect::<Vec<_>>()
        })
        .collect();
    let mut seen: Vec<Seen> = assets.iter().map(|_| Seen::default()).collect();
    for (line, talk) in conversations {
        let name = line.protocol_name();
        let answered = talk.answered > 0 || talk.verbs.is_some();
        if let Some(&i) = index.get(&line.server)
            && answered
        {
            seen[i].answers.entry(name.clone()).or_default().insert(line.client);
            assets[i].serves.insert(name.clone());
        }
        if let Some(&i) = index.get(&line.client) {
            seen[i].uses.insert(name.clone());
            assets[i].uses.insert(name);
            if industrial(line.protocol) && answered {
                seen[i].devices.insert(line.server);
                for (verb, n) in Verb::ALL.iter().zip(talk.verbs.iter().flat_map(|v| **v)) {
                    if n > 0 {
                        seen[i].asked.entry(*verb).or_default().insert(line.server);
                    }
                }
            }
        }
    }
    for (asset, seen) in assets.iter_mut().zip(&seen) {
        asset.roles = roles(asset, seen, routers);
    }
}

fn roles(asset: &Asset, seen: &Seen, routers: &BTreeMap<Mac, usize>) -> Vec<(Role, Evidence)> {
    let mut out: Vec<(Role, Evidence)> = Vec::new();
    let served = seen.answers.iter().filter(|(p, _)| industrial(p)).max_by_key(|(_, c)| c.len());
    let asks = !seen.devices.is_empty();
    if let Some((protocol, clients)) = served {
        let why = Evidence::Answers { protocol: protocol.clone(), clients: clients.len() as u64 };
        if asks {
            out.push((Role::Gateway, Evidence::Both));
        }
        let role = if matches!(protocol.as_str(), "dnp3" | "iec104") {
            Role::Rtu
        } else {
            Role::Controller
        };
        out.push((role, why));
    }
    let devices = |verb: Verb| seen.asked.get(&verb).map_or(0, |d| d.len() as u64);
    let engineering = [
        Verb::Download,
        Verb::Upload,
        Verb::Delete,
        Verb::Firmware,
        Verb::Stop,
        Verb::Start,
        Verb::Configure,
    ];
    if let Some(verb) = engineering.into_iter().find(|v| devices(*v) > 0) {
        out.push((Role::EngineeringStation, Evidence::Sent { verb, devices: devices(verb) }));
    } else if asks {
        let operates = [Verb::Write, Verb::Control].into_iter().find(|v| devices(*v) > 0);
        let all = seen.devices.len() as u64;
        match operates {
            Some(verb) if all >= 3 => {
                out.push((Role::ScadaServer, Evidence::Sent { verb, devices: devices(verb) }));
            }
            Some(verb) => out.push((Role::Hmi, Evidence::Sent { verb, devices: devices(verb) })),
            None if all >= 2 => out.push((Role::Historian, Evidence::OnlyReads { devices: all })),
            None => out.push((Role::Hmi, Evidence::OnlyReads { devices: all })),
        }
    }
    let forwards = asset.macs.iter().filter_map(|m| routers.get(m)).max();
    if let Some(n) = forwards {
        out.push((Role::Router, Evidence::Forwards { addresses: *n as u64 }));
    }
    let public = asset.ips.iter().any(|ip| is_public(*ip));
    if public {
        out.push((Role::External, Evidence::Public));
    }
    let serves = |out: &mut Vec<(Role, Evidence)>, protocols: &[&str], role: Role| {
        let best = seen
            .answers
            .iter()
            .filter(|(p, _)| protocols.contains(&p.as_str()))
            .max_by_key(|(_, clients)| clients.len());
        if let Some((protocol, clients)) = best {
            let why =
                Evidence::Answers { protocol: protocol.clone(), clients: clients.len() as u64 };
            out.push((role, why));
        }
    };
    serves(&mut out, &["dns"], Role::DnsServer);
    serves(&mut out, &["dhcp"], Role::DhcpServer);
    serves(&mut out, &["smb", "ftp"], Role::FileServer);
    serves(&mut out, &["rdp", "vnc", "ssh", "telnet"], Role::RemoteAccessServer);
    if out.is_empty() {
        serves(&mut out, &["http", "tls"], Role::Server);
    }
    let remote = ["rdp", "vnc", "ssh", "telnet"].into_iter().find(|p| seen.uses.contains(*p));
    if let Some(protocol) = remote
        && !public
    {
        out.push((Role::RemoteAccessClient, Evidence::Uses { protocol: protocol.into() }));
    }
    let says =
        asset.facts.iter().find(|f| matches!(f.name, FieldName::HostOs | FieldName::UserAgent));
    let only_client = out.iter().all(|(r, _)| *r == Role::RemoteAccessClient);
    if only_client && !public {
        let uses = ["http", "tls", "smb", "dns"].into_iter().find(|p| seen.uses.contains(*p));
        if let Some(fact) = says {
            out.push((Role::Workstation, Evidence::Says { what: fact.value.to_string() }));
        } else if let Some(protocol) = uses {
            out.push((Role::Workstation, Evidence::Uses { protocol: protocol.into() }));
        }
    }
    if out.is_empty() {
        out.push((Role::Unknown, Evidence::Nothing));
    }
    out
}
