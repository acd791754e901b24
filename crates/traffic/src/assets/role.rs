//! Which role an asset plays, and what showed it.

use super::{Asset, AssetKey, Conversation, ConversationKey, HashMap, in_parts};
use crate::protocol::is_industrial;
use hangtu_record::{FieldName, Mac, Transport, Verb, is_public};

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
    /// Asks so many devices by a protocol whose operations are not read.
    NotRead {
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
    /// Offers, acknowledges or refuses leases of addresses.
    Leases,
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

/// Whether an industrial protocol's operations are not read: who asks by it may do anything.
fn is_opaque(protocol: &str) -> bool {
    protocol == "s7comm-plus"
}

/// Whether it answers DHCP clients. These have no address yet, so that no conversation shows it.
fn leases(asset: &Asset) -> bool {
    asset.facts.iter().any(|fact| fact.name == FieldName::DhcpType)
}

/// How two talk. In this order: who tries every port has as many of them to compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct How {
    port: u16,
    /// What carried it, where the protocol was not recognised.
    transport: Option<Transport>,
    protocol: &'static str,
}

impl How {
    pub(super) fn of(key: &ConversationKey) -> Self {
        let transport = key.protocol.is_empty().then_some(key.transport);
        Self { port: key.port, transport, protocol: key.protocol }
    }

    /// `modbus`, or `tcp/4444` where not recognised.
    pub(super) fn name(&self) -> String {
        match self.transport {
            Some(transport) => format!("{}/{}", transport.name(), self.port),
            None => self.protocol.to_owned(),
        }
    }
}

/// What conversations show of one asset.
#[derive(Default)]
struct Seen {
    /// Protocols that it answers, with the client.
    answers: Vec<(How, AssetKey)>,
    /// Industrial operations that it sent, with the device.
    asked: Vec<(Verb, AssetKey)>,
    /// Devices that answered it.
    devices: Vec<AssetKey>,
    /// Those of them that it asked what is not read.
    opaque: Vec<AssetKey>,
    /// Protocols that it uses.
    uses: Vec<How>,
}

impl Seen {
    /// Everything once, and in order.
    fn settle(&mut self) {
        fn once<T: Ord>(all: &mut Vec<T>) {
            all.sort_unstable();
            all.dedup();
        }
        once(&mut self.answers);
        once(&mut self.asked);
        once(&mut self.devices);
        once(&mut self.opaque);
        once(&mut self.uses);
    }

    /// Protocols that it answers, and for how many clients.
    fn answered(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.answers.chunk_by(|a, b| a.0 == b.0).map(|one| (one[0].0.protocol, one.len() as u64))
    }

    fn uses(&self, protocol: &str) -> bool {
        self.uses.iter().any(|known| known.protocol == protocol)
    }

    /// To how many devices it sent such operations.
    fn sent(&self, verb: Verb) -> u64 {
        self.asked.iter().filter(|(asked, _)| *asked == verb).count() as u64
    }
}

/// Gives every asset its protocols and roles, by so many threads.
pub(super) fn assign(
    assets: Vec<Asset>,
    absorbed: HashMap<AssetKey, usize>,
    conversations: &[(ConversationKey, Conversation)],
    routers: &HashMap<Mac, u64>,
    threads: usize,
) -> Vec<Asset> {
    let mut index = absorbed;
    index.reserve(assets.len());
    for (i, asset) in assets.iter().enumerate() {
        index.extend(asset.ips.iter().map(|ip| (AssetKey::Ip(*ip), i)));
        if let AssetKey::Mac(_) = asset.key {
            index.insert(asset.key, i);
        }
    }
    in_parts(assets, threads, |start, mut assets| {
        // Each thread looks through all conversations for those of its own assets.
        let mut seen: Vec<Seen> = assets.iter().map(|_| Seen::default()).collect();
        let place = |key| index.get(key).and_then(|i| i.checked_sub(start));
        for (key, talk) in conversations {
            let answered = talk.answered > 0 || talk.verbs.is_some();
            if let Some(seen) = place(&key.server).and_then(|i| seen.get_mut(i))
                && answered
            {
                seen.answers.push((How::of(key), key.client));
            }
            if let Some(seen) = place(&key.client).and_then(|i| seen.get_mut(i)) {
                seen.uses.push(How::of(key));
                if is_industrial(key.protocol) && answered {
                    seen.devices.push(key.server);
                    if is_opaque(key.protocol) {
                        seen.opaque.push(key.server);
                    }
                    let verbs = Verb::ALL.iter().zip(talk.verbs.iter().flat_map(|v| **v));
                    let sent = verbs.filter(|(_, n)| *n > 0).map(|(v, _)| (*v, key.server));
                    seen.asked.extend(sent);
                }
            }
        }
        for (asset, mut seen) in assets.iter_mut().zip(seen) {
            seen.settle();
            asset.roles = roles(asset, &seen, routers);
            seen.answers.dedup_by_key(|(how, _)| *how);
            asset.serves = names(seen.answers.iter().map(|(how, _)| how));
            if leases(asset) && !asset.serves.iter().any(|protocol| protocol == "dhcp") {
                asset.serves.push("dhcp".into());
                asset.serves.sort_unstable();
            }
            asset.uses = names(seen.uses.iter());
        }
        assets
    })
}

/// Their names in order.
fn names<'a>(all: impl Iterator<Item = &'a How>) -> Vec<String> {
    let mut names: Vec<String> = all.map(How::name).collect();
    names.sort_unstable();
    names
}

fn roles(asset: &Asset, seen: &Seen, routers: &HashMap<Mac, u64>) -> Vec<(Role, Evidence)> {
    let mut out: Vec<(Role, Evidence)> = Vec::new();
    let served =
        seen.answered().filter(|(p, _)| is_industrial(p)).max_by_key(|(_, clients)| *clients);
    let asks = !seen.devices.is_empty();
    if let Some((protocol, clients)) = served {
        let why = Evidence::Answers { protocol: protocol.to_owned(), clients };
        if asks {
            out.push((Role::Gateway, Evidence::Both));
        }
        let rtu = matches!(protocol, "dnp3" | "iec104");
        let role = if rtu { Role::Rtu } else { Role::Controller };
        out.push((role, why));
    }
    let engineering = [
        Verb::Download,
        Verb::Upload,
        Verb::Delete,
        Verb::Firmware,
        Verb::Stop,
        Verb::Start,
        Verb::Configure,
    ];
    let sent = |verb| Evidence::Sent { verb, devices: seen.sent(verb) };
    if let Some(verb) = engineering.into_iter().find(|v| seen.sent(*v) > 0) {
        out.push((Role::EngineeringStation, sent(verb)));
    } else if asks {
        let operates = [Verb::Write, Verb::Control].into_iter().find(|v| seen.sent(*v) > 0);
        let all = seen.devices.len() as u64;
        out.extend(match operates {
            Some(verb) if all >= 3 => Some((Role::ScadaServer, sent(verb))),
            Some(verb) => Some((Role::Hmi, sent(verb))),
            // An HMI or an engineering station: nothing that is read tells which.
            None if !seen.opaque.is_empty() => None,
            None if all >= 2 => Some((Role::Historian, Evidence::OnlyReads { devices: all })),
            None => Some((Role::Hmi, Evidence::OnlyReads { devices: all })),
        });
    }
    let forwards = asset.macs.iter().filter_map(|m| routers.get(m)).max();
    if let Some(n) = forwards {
        out.push((Role::Router, Evidence::Forwards { addresses: *n }));
    }
    let public = asset.ips.iter().any(|ip| is_public(*ip));
    if public {
        out.push((Role::External, Evidence::Public));
    }
    let serves = |out: &mut Vec<(Role, Evidence)>, protocols: &[&str], role: Role| {
        let best = seen
            .answered()
            .filter(|(protocol, _)| protocols.contains(protocol))
            .max_by_key(|(_, clients)| *clients);
        if let Some((protocol, clients)) = best {
            out.push((role, Evidence::Answers { protocol: protocol.to_owned(), clients }));
        }
    };
    serves(&mut out, &["dns"], Role::DnsServer);
    if leases(asset) {
        out.push((Role::DhcpServer, Evidence::Leases));
    } else {
        serves(&mut out, &["dhcp"], Role::DhcpServer);
    }
    serves(&mut out, &["smb", "ftp"], Role::FileServer);
    serves(&mut out, &["rdp", "vnc", "ssh", "telnet"], Role::RemoteAccessServer);
    if out.is_empty() {
        serves(&mut out, &["http", "tls"], Role::Server);
    }
    let remote = ["rdp", "vnc", "ssh", "telnet"].into_iter().find(|p| seen.uses(p));
    if let Some(protocol) = remote
        && !public
    {
        out.push((Role::RemoteAccessClient, Evidence::Uses { protocol: protocol.into() }));
    }
    let says =
        asset.facts.iter().find(|f| matches!(f.name, FieldName::HostOs | FieldName::UserAgent));
    let only_client = out.iter().all(|(r, _)| *r == Role::RemoteAccessClient);
    // Who asks controllers what is not read is more than somebody's computer.
    if only_client && !public && seen.opaque.is_empty() {
        let uses = ["http", "tls", "smb", "dns"].into_iter().find(|p| seen.uses(p));
        if let Some(fact) = says {
            out.push((Role::Workstation, Evidence::Says { what: fact.value.to_string() }));
        } else if let Some(protocol) = uses {
            out.push((Role::Workstation, Evidence::Uses { protocol: protocol.into() }));
        }
    }
    if out.is_empty() {
        let devices = seen.opaque.len() as u64;
        let why = if devices > 0 { Evidence::NotRead { devices } } else { Evidence::Nothing };
        out.push((Role::Unknown, why));
    }
    out
}
