//! Assets and conversations as the report has them.

use crate::{
    authorise::Authorisations,
    evidence::{self, Evidence, Reading, Summary},
    logs::{LogHost, LogNotes},
    model::{Asset, Conversation, Fact, Role},
};
use hangtu_catalog::{Arg, Bilingual, key};
use hangtu_evidence::ReadError;
use hangtu_record::{FieldName, Record, Verb, is_public};
use hangtu_traffic::assets::{
    Asset as Noted, AssetKey, Conversation as Talk, ConversationKey, Evidence as Because, FactNote,
    in_parts,
};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

/// Reads evidence for its assets alone.
pub fn assets(
    evidence: &Evidence,
    reading: &Reading,
    authorisations: Option<&Authorisations>,
) -> Result<(Summary, Vec<Asset>), ReadError> {
    struct Hosts(LogNotes);
    impl evidence::Observer for Hosts {
        fn record(&mut self, record: &dyn Record) {
            self.0.record(record);
        }
    }
    let mut hosts = Hosts(LogNotes::default());
    let mut summary = evidence::read(evidence, reading, &mut hosts)?;
    let threads = reading.traffic.threads;
    let found = summary.inventory(threads);
    let logged = hosts.0.hosts();
    Ok((summary, inventory(found.assets, &logged, authorisations, &evidence.names(), threads)))
}

/// Assets as the report has them, by so many threads.
pub(crate) fn inventory(
    noted: Vec<Noted>,
    logged: &[LogHost],
    authorisations: Option<&Authorisations>,
    inputs: &[String],
    threads: usize,
) -> Vec<Asset> {
    let none = Authorisations::default();
    let authorisations = authorisations.unwrap_or(&none);
    let mut assets = in_parts(noted, threads, |_, noted| {
        // Most hosts have their role for the same reason as others.
        let mut reasons = HashMap::new();
        let mut reason = |evidence: &Because| match reasons.get(evidence) {
            Some(known) => Bilingual::clone(known),
            None => reasons.entry(evidence.clone()).or_insert(because(evidence)).clone(),
        };
        noted.into_iter().map(|asset| one(asset, authorisations, inputs, &mut reason)).collect()
    });
    for host in logged {
        join(&mut assets, host, authorisations, inputs);
    }
    assets
}

/// Adds what a host's logs show to the asset of that name, or makes one.
fn join(assets: &mut Vec<Asset>, host: &LogHost, known: &Authorisations, inputs: &[String]) {
    let short = |name: &str| name.split('.').next().unwrap_or(name).to_lowercase();
    let (name, ip) = (short(&host.name), known.host(&host.name).map(|ip| ip.to_string()));
    let same = |a: &&mut Asset| {
        ip.as_ref().is_some_and(|ip| a.ips.contains(ip))
            || a.names.iter().any(|fact| short(&fact.value) == name)
            || a.id == host.name
    };
    let fact = Fact {
        value: host.name.clone(),
        via: "logs".into(),
        file: inputs.get(host.origin.input as usize).cloned().unwrap_or_default(),
        number: host.origin.number,
    };
    let (first, last) = (host.first.to_rfc3339(), host.last.to_rfc3339());
    if let Some(asset) = assets.iter_mut().find(same) {
        if !asset.names.iter().any(|f| f.value == host.name) {
            asset.names.push(fact);
        }
        asset.accounts.clone_from(&host.accounts);
        return;
    }
    let address = host.name.parse::<IpAddr>().is_ok();
    assets.push(Asset {
        id: ip.clone().unwrap_or_else(|| host.name.clone()),
        ips: ip.into_iter().chain(address.then(|| host.name.clone())).collect(),
        names: vec![fact],
        accounts: host.accounts.clone(),
        zone: "logs".into(),
        first,
        last,
        ..Asset::default()
    });
}

fn one(
    asset: Noted,
    authorisations: &Authorisations,
    inputs: &[String],
    reason: &mut dyn FnMut(&Because) -> Bilingual,
) -> Asset {
    let fact = |note: &FactNote| Fact {
        value: note.value.to_string(),
        via: note.via.to_owned(),
        file: inputs.get(note.origin.input as usize).cloned().unwrap_or_default(),
        number: note.origin.number,
    };
    let facts = |name: FieldName| -> Vec<Fact> {
        asset.facts.iter().filter(|f| f.name == name).map(fact).collect()
    };
    let mut names = facts(FieldName::HostName);
    if let AssetKey::Ip(ip) = asset.key
        && let Some(name) = authorisations.names.get(&ip)
    {
        names.insert(
            0,
            Fact {
                value: name.clone(),
                via: "authorisations".into(),
                file: String::new(),
                number: 0,
            },
        );
    }
    let mut identity = BTreeMap::new();
    for (name, label) in [
        (FieldName::DeviceVendor, "vendor"),
        (FieldName::DeviceModel, "model"),
        (FieldName::DeviceFirmware, "firmware"),
        (FieldName::DeviceSerial, "serial"),
    ] {
        let mut known = asset.facts.iter().filter(|f| f.name == name);
        // A device may have several names of its model; of firmware what came up last is what runs.
        // Inputs stand in the order of their beginnings.
        let known = match name {
            FieldName::DeviceFirmware => known.max_by_key(|f| f.origin),
            _ => known.next(),
        };
        if let Some(known) = known {
            identity.insert(label.to_owned(), fact(known));
        }
    }
    let declared = asset.ips.iter().find_map(|ip| authorisations.zones.of(*ip));
    let zone = declared.map_or_else(|| inferred(&asset), |(name, _)| name.to_owned());
    Asset {
        id: asset.key.to_string(),
        ips: asset.ips.iter().map(ToString::to_string).collect(),
        macs: asset.macs.iter().map(ToString::to_string).collect(),
        interface_vendor: asset.interface_vendor.map(ToOwned::to_owned),
        names,
        accounts: Vec::new(),
        os: facts(FieldName::HostOs),
        identity,
        roles: asset
            .roles
            .iter()
            .map(|(role, evidence)| Role { name: role.name().into(), reason: reason(evidence) })
            .collect(),
        zone,
        zone_declared: declared.is_some(),
        serves: asset.serves,
        uses: asset.uses,
        first: asset.first.to_rfc3339(),
        last: asset.last.to_rfc3339(),
        bytes_sent: asset.sent,
        bytes_received: asset.received,
    }
}

/// The subnet of an address where no zone was declared.
fn inferred(asset: &Noted) -> String {
    match asset.ips.iter().next() {
        Some(ip) if is_public(*ip) => "external".into(),
        Some(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(v6)) => {
            let s = v6.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
        None => "link".into(),
    }
}

fn because(evidence: &Because) -> Bilingual {
    let message = Bilingual::message;
    match evidence {
        Because::Answers { protocol, clients } => message(
            key::BECAUSE_ANSWERS,
            &[("protocol", Arg::Text(protocol)), ("count", Arg::Number(*clients))],
        ),
        Because::Sent { verb, devices } => message(
            key::BECAUSE_SENT,
            &[("verb", Arg::Text(verb.name())), ("count", Arg::Number(*devices))],
        ),
        Because::OnlyReads { devices } => {
            message(key::BECAUSE_ONLY_READS, &[("count", Arg::Number(*devices))])
        }
        Because::NotRead { devices } => {
            message(key::BECAUSE_NOT_READ, &[("count", Arg::Number(*devices))])
        }
        Because::Both => message(key::BECAUSE_BOTH, &[]),
        Because::Forwards { addresses } => {
            message(key::BECAUSE_FORWARDS, &[("count", Arg::Number(*addresses))])
        }
        Because::Leases => message(key::BECAUSE_LEASES, &[]),
        Because::Uses { protocol } => {
            message(key::BECAUSE_USES, &[("protocol", Arg::Text(protocol))])
        }
        Because::Says { what } => message(key::BECAUSE_SAYS, &[("what", Arg::Text(what))]),
        Because::Public => message(key::BECAUSE_PUBLIC, &[]),
        Because::Nothing => message(key::BECAUSE_NOTHING, &[]),
    }
}

/// Conversations as the report has them.
pub(crate) fn conversations(mut all: Vec<(ConversationKey, Talk)>) -> Vec<Conversation> {
    all.sort_unstable_by_key(|(key, _)| *key);
    all.into_iter()
        .map(|(key, talk)| Conversation {
            source: key.client.to_string(),
            destination: key.server.to_string(),
            protocol: key.protocol_name(),
            sessions: talk.sessions,
            bytes: talk.bytes,
            verbs: Verb::ALL
                .iter()
                .zip(talk.verbs.iter().flat_map(|v| **v))
                .filter(|(_, n)| *n > 0)
                .map(|(verb, n)| (verb.name().to_owned(), n))
                .collect(),
            first: talk.first.to_rfc3339(),
            last: talk.last.to_rfc3339(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_record::{Origin, Time};
    use std::collections::BTreeSet;

    #[test]
    fn firmware_is_what_came_up_last() {
        let note = |name, value: &str, number| FactNote {
            name,
            value: value.into(),
            via: "enip",
            origin: Origin { number, ..Origin::default() },
        };
        let asset = Noted {
            key: AssetKey::Ip(IpAddr::from([192, 0, 2, 1])),
            ips: BTreeSet::new(),
            macs: BTreeSet::new(),
            interface_vendor: None,
            facts: vec![
                note(FieldName::DeviceModel, "6ES7 315", 1),
                note(FieldName::DeviceModel, "CPU 315", 2),
                note(FieldName::DeviceFirmware, "20.11", 3),
                note(FieldName::DeviceFirmware, "21.3", 7),
                note(FieldName::DeviceFirmware, "33.1", 2),
            ],
            roles: Vec::new(),
            serves: Vec::new(),
            uses: Vec::new(),
            first: Time(0),
            last: Time(0),
            sent: 0,
            received: 0,
            more: false,
        };
        let mut none = |_: &Because| -> Bilingual { unreachable!("no role has a reason") };
        let asset = one(asset, &Authorisations::default(), &[], &mut none);
        let told = |label: &str| asset.identity[label].value.as_str();
        assert_eq!((told("model"), told("firmware")), ("6ES7 315", "21.3"));
    }
}
