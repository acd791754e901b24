//! The authorisations file: what was approved (`docs/authorisations.md`,
//! `docs/schema/authorisations-1.schema.json`).
//!
//! Reading it resolves every name to addresses; a name that nothing defines is an error, so that a
//! slip of the pen does not silently approve nothing.

mod file;
mod place;

pub use file::{AssetEntry, File, FlowEntry, OrderEntry, PersonEntry, StationEntry, ZoneEntry};
pub use place::{Net, Place, Zones};

use jiff::Timestamp;
use std::collections::BTreeMap;

/// Why an authorisations file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct AuthorisationError {
    /// The file.
    pub file: String,
    /// Where and what.
    pub why: String,
}

/// Which register an authorisation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A station's standing permission.
    Station,
    /// A work order with a window.
    WorkOrder,
    /// A remote-maintenance ticket with a window.
    RemoteTicket,
    /// A declared flow.
    Flow,
    /// An approved tool.
    Tool,
}

/// Hours of the local day, minutes from midnight; wraps over midnight when `to < from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: i64,
    to: i64,
}

impl Hours {
    fn parse(text: &str) -> Option<Self> {
        let minute = |t: &str| -> Option<i64> {
            let (h, m) = t.trim().split_once(':')?;
            let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
            ((0..=24).contains(&h) && (0..60).contains(&m)).then_some(h * 60 + m)
        };
        let (from, to) = text.split_once('-')?;
        Some(Self { from: minute(from)?, to: minute(to)? })
    }

    /// Whether a moment falls in them.
    pub fn contain(&self, nanos: i64, offset_seconds: i64) -> bool {
        let minute = (nanos.div_euclid(1_000_000_000) + offset_seconds).rem_euclid(86_400) / 60;
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// One approval: who may do what to which asset, when, by which means, by whose approval.
#[derive(Clone, Debug)]
pub struct Authorisation {
    /// Its id in the file.
    pub id: String,
    /// Its register.
    pub kind: Kind,
    /// From where.
    pub sources: Vec<Place>,
    /// To where.
    pub targets: Vec<Place>,
    /// Which verbs; empty for any.
    pub verbs: Vec<String>,
    /// Over which protocols; empty for any.
    pub protocols: Vec<String>,
    /// Not before, nanoseconds since 1970.
    pub from: Option<i64>,
    /// Not after.
    pub to: Option<i64>,
    /// Hours of the day.
    pub hours: Option<Hours>,
    /// Withdrawn.
    pub revoked: bool,
    /// Who asked approved it too.
    pub self_approved: bool,
}

/// Everything that was approved.
#[derive(Debug, Default)]
pub struct Authorisations {
    /// Every approval, in the order of the file.
    pub list: Vec<Authorisation>,
    /// Declared zones.
    pub zones: Zones,
    /// Names the site gives its assets, by address.
    pub names: BTreeMap<std::net::IpAddr, String>,
    /// Addresses of assets by their id and name, in lower case.
    pub hosts: BTreeMap<String, std::net::IpAddr>,
    /// Local time is this far ahead of UTC, in seconds.
    pub utc_offset: i64,
}

/// Seconds that `+08:00` is ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (h, m) = text[1..].split_once(':')?;
    let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
    ((0..=14).contains(&h) && (0..60).contains(&m)).then_some(sign * (h * 3600 + m * 60))
}

/// Kinds of zones that rules know.
const ZONE_KINDS: [&str; 7] =
    ["control", "supervision", "operations", "dmz", "office", "external", "remote"];

/// Local time of the plan's country, unless the file says otherwise.
pub const CHINA: i64 = 8 * 3600;

impl Authorisations {
    /// The address of a host that logs name, with or without its domain: an asset's id or name.
    pub(crate) fn host(&self, name: &str) -> Option<std::net::IpAddr> {
        let name = name.to_lowercase();
        let short = name.split('.').next().filter(|short| !short.is_empty())?;
        self.hosts.get(&name).or_else(|| self.hosts.get(short)).copied()
    }

    /// Reads a file's text.
    pub fn parse(name: &str, text: &str) -> Result<Self, AuthorisationError> {
        Self::of(name, &File::read(name, text)?)
    }

    /// Resolves the names of a file that was read.
    pub fn of(name: &str, file: &File) -> Result<Self, AuthorisationError> {
        let bad = |why: String| AuthorisationError { file: name.into(), why };
        if file.version != 1 {
            return Err(bad(format!(
                "version {} is not known; this program reads 1",
                file.version
            )));
        }
        let mut out = Self { utc_offset: CHINA, ..Self::default() };
        if let Some(text) = &file.utc_offset {
            out.utc_offset =
                offset(text).ok_or_else(|| bad(format!("utc_offset {text:?}: write +08:00")))?;
        }
        for zone in &file.zones {
            if !ZONE_KINDS.contains(&zone.kind.as_str()) {
                let known = ZONE_KINDS.join(", ");
                return Err(bad(format!(
                    "zone {}: there is no kind {:?} ({known})",
                    zone.name, zone.kind
                )));
            }
            for network in &zone.networks {
                let net = Net::parse(network)
                    .ok_or_else(|| bad(format!("zone {}: {network:?} is no network", zone.name)))?;
                out.zones.add(net, &zone.name, &zone.kind);
            }
        }
        let mut assets: BTreeMap<&str, Vec<Net>> = BTreeMap::new();
        for asset in &file.assets {
            let nets = asset.addresses.iter().map(|a| {
                Net::parse(a).ok_or_else(|| bad(format!("asset {}: {a:?} is no address", asset.id)))
            });
            let nets = nets.collect::<Result<Vec<_>, _>>()?;
            let shown = if asset.name.is_empty() { &asset.id } else { &asset.name };
            for net in &nets {
                out.names.insert(net.address(), shown.clone());
                for name in [&asset.id, &asset.name] {
                    out.hosts.entry(name.to_lowercase()).or_insert(net.address());
                }
            }
            assets.insert(&asset.id, nets);
        }
        let people: Vec<&str> = file.people.iter().map(|p| p.id.as_str()).collect();
        let person = |at: &str, id: &str| {
            if people.is_empty() || people.contains(&id) {
                Ok(())
            } else {
                Err(bad(format!("{at}: person {id:?} is not in people")))
            }
        };
        let places = |at: &str, list: &[String]| {
            list.iter()
                .map(|text| {
                    Place::parse(text, &out.zones, &assets).ok_or_else(|| {
                        bad(format!("{at}: {text:?} is no address, network, zone:NAME, asset id, domain or any"))
                    })
                })
                .collect::<Result<Vec<_>, _>>()
                .map(|all| all.into_iter().flatten().collect::<Vec<Place>>())
        };
        let moment = |at: &str, text: &str| {
            text.parse::<Timestamp>()
                .map(|t| i64::try_from(t.as_nanosecond()).unwrap_or(i64::MAX))
                .map_err(|_| {
                    bad(format!("{at}: {text:?} is no time; write 2026-03-02T14:00:00+08:00"))
                })
        };
        let verbs = |at: &str, list: &[String]| {
            if let Some(v) =
                list.iter().find(|v| hangtu_record::Verb::from_name(v).is_none() && *v != "any")
            {
                return Err(bad(format!("{at}: there is no verb {v:?}")));
            }
            let any = list.iter().any(|v| v == "any");
            Ok(if any { Vec::new() } else { list.to_vec() })
        };
        let mut stations: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        let mut list = Vec::new();
        for s in &file.stations {
            s.people.iter().try_for_each(|p| person(&s.id, p))?;
            let sources = places(&s.id, &s.addresses)?;
            stations.insert(&s.id, sources.clone());
            let hours = s.hours.as_deref().map(|h| {
                Hours::parse(h)
                    .ok_or_else(|| bad(format!("{}: hours {h:?}: write 08:00-18:00", s.id)))
            });
            list.push(Authorisation {
                id: s.id.clone(),
                kind: Kind::Station,
                sources,
                targets: places(&s.id, &s.targets)?,
                verbs: verbs(&s.id, &s.verbs)?,
                protocols: s.protocols.clone(),
                from: None,
                to: s.valid_until.as_deref().map(|t| moment(&s.id, t)).transpose()?,
                hours: hours.transpose()?,
                revoked: false,
                self_approved: false,
            });
        }
        for (kind, orders) in
            [(Kind::WorkOrder, &file.work_orders), (Kind::RemoteTicket, &file.remote_tickets)]
        {
            for o in orders {
                person(&o.id, &o.person)?;
                person(&o.id, &o.approved_by)?;
                let mut sources = places(&o.id, &o.sources)?;
                for station in &o.stations {
                    let known = stations.get(station.as_str());
                    let known = known
                        .ok_or_else(|| bad(format!("{}: there is no station {station:?}", o.id)))?;
                    sources.extend(known.iter().cloned());
                }
                let (from, to) = (moment(&o.id, &o.from)?, moment(&o.id, &o.to)?);
                if to <= from {
                    return Err(bad(format!("{}: ends before it begins", o.id)));
                }
                list.push(Authorisation {
                    id: o.id.clone(),
                    kind,
                    sources,
                    targets: places(&o.id, &o.targets)?,
                    verbs: verbs(&o.id, &o.verbs)?,
                    protocols: o.protocols.clone(),
                    from: Some(from),
                    to: Some(to),
                    hours: None,
                    revoked: o.revoked,
                    self_approved: o.person == o.approved_by,
                });
            }
        }
        for (kind, flows) in [(Kind::Flow, &file.flows), (Kind::Tool, &file.tools)] {
            for f in flows {
                person(&f.id, &f.approved_by)?;
                list.push(Authorisation {
                    id: f.id.clone(),
                    kind,
                    sources: places(&f.id, &f.sources)?,
                    targets: places(&f.id, &f.destinations)?,
                    verbs: Vec::new(),
                    protocols: f.protocols.clone(),
                    from: None,
                    to: f.valid_until.as_deref().map(|t| moment(&f.id, t)).transpose()?,
                    hours: None,
                    revoked: false,
                    self_approved: false,
                });
            }
        }
        for a in &list {
            // A slip of the pen must not silently approve nothing.
            let unknown = |p: &&String| !hangtu_traffic::protocol::is_name(p);
            if let Some(protocol) = a.protocols.iter().find(unknown) {
                return Err(bad(format!("{}: there is no protocol {protocol:?}", a.id)));
            }
        }
        for (i, a) in list.iter().enumerate() {
            if list[..i].iter().any(|b| b.id == a.id) {
                return Err(bad(format!("{} stands twice", a.id)));
            }
        }
        out.list = list;
        Ok(out)
    }
}
