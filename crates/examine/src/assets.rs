//! Assets and conversations as the report has them.

use crate::{
    authorise::Authorisations,
    model::{Asset, Conversation, Fact, Role},
};
use hangtu_catalog::{Arg, Bilingual, key};
use hangtu_record::{FieldName, Verb, is_public};
use hangtu_traffic::assets::{
    Asset as Noted, AssetKey, AssetNotes, Conversation as Talk, Evidence, FactNote, Line,
};
use std::{collections::BTreeMap, net::IpAddr};

/// Assets and conversations of a reading, as the report has them.
pub fn inventory(
    notes: AssetNotes,
    authorisations: Option<&Authorisations>,
    inputs: &[String],
) -> (Vec<Asset>, Vec<Conversation>) {
    let none = Authorisations::default();
    let (noted, talks) = notes.finish();
    (assets(&noted, authorisations.unwrap_or(&none), inputs), conversations(&talks))
}

fn assets(noted: &[Noted], authorisations: &Authorisations, inputs: &[String]) -> Vec<Asset> {
    noted.iter().map(|asset| one(asset, authorisations, inputs)).collect()
}

fn one(asset: &Noted, authorisations: &Authorisations, inputs: &[String]) -> Asset {
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
        if let Some(known) = facts(name).into_iter().next() {
            identity.insert(label.to_owned(), known);
        }
    }
    let declared = asset.ips.iter().find_map(|ip| authorisations.zones.of(*ip));
    let zone = declared.map_or_else(|| inferred(asset), |(name, _)| name.to_owned());
    Asset {
        id: asset.key.to_string(),
        ips: asset.ips.iter().map(ToString::to_string).collect(),
        macs: asset.macs.iter().map(ToString::to_string).collect(),
        interface_vendor: asset.interface_vendor.map(ToOwned::to_owned),
        names,
        os: facts(FieldName::HostOs),
        identity,
        roles: asset
            .roles
            .iter()
            .map(|(role, evidence)| Role { name: role.name().into(), reason: because(evidence) })
            .collect(),
        zone,
        zone_declared: declared.is_some(),
        serves: asset.serves.iter().cloned().collect(),
        uses: asset.uses.iter().cloned().collect(),
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

fn because(evidence: &Evidence) -> Bilingual {
    let message = Bilingual::message;
    match evidence {
        Evidence::Answers { protocol, clients } => message(
            key::BECAUSE_ANSWERS,
            &[("protocol", Arg::Text(protocol)), ("count", Arg::Number(*clients))],
        ),
        Evidence::Sent { verb, devices } => message(
            key::BECAUSE_SENT,
            &[("verb", Arg::Text(verb.name())), ("count", Arg::Number(*devices))],
        ),
        Evidence::OnlyReads { devices } => {
            message(key::BECAUSE_ONLY_READS, &[("count", Arg::Number(*devices))])
        }
        Evidence::Both => message(key::BECAUSE_BOTH, &[]),
        Evidence::Forwards { addresses } => {
            message(key::BECAUSE_FORWARDS, &[("count", Arg::Number(*addresses))])
        }
        Evidence::Uses { protocol } => {
            message(key::BECAUSE_USES, &[("protocol", Arg::Text(protocol))])
        }
        Evidence::Says { what } => message(key::BECAUSE_SAYS, &[("what", Arg::Text(what))]),
        Evidence::Public => message(key::BECAUSE_PUBLIC, &[]),
        Evidence::Nothing => message(key::BECAUSE_NOTHING, &[]),
    }
}

fn conversations(all: &BTreeMap<Line, Talk>) -> Vec<Conversation> {
    all.iter()
        .map(|(line, talk)| Conversation {
            source: line.client.to_string(),
            destination: line.server.to_string(),
            protocol: line.protocol_name(),
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
