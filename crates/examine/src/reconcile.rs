//! Reconciliation: observed against authorised.
//!
//! A record is covered when one authorisation of its register covers it in every respect. If none
//! does, the nearest is named, with what keeps it from covering.

use crate::{
    authorise::{Authorisation, Authorisations, Kind},
    observed::{Account, Observed},
};
use hangtu_catalog::Register;
use hangtu_record::{Endpoint, Field, FieldName, Kind as RecordKind, Record, Value};
use hangtu_traffic::protocol::is_industrial;

/// Why an authorisation does not cover something; codes of `findings.json`, texts `reason-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Before it begins, outside its hours, or longer than it lasts.
    WrongWindow,
    /// Past its end.
    Expired,
    /// Before its beginning.
    NotYetValid,
    /// Withdrawn.
    Revoked,
    /// Approved by the one who asked.
    SelfApproved,
    /// Another verb.
    WrongVerb,
    /// Another protocol.
    WrongProtocol,
    /// Under an account of somebody else.
    WrongPerson,
    /// From elsewhere.
    WrongSource,
    /// To another asset.
    WrongAsset,
}

impl Reason {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongWindow => "wrong-window",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::SelfApproved => "self-approved",
            Self::WrongVerb => "wrong-verb",
            Self::WrongProtocol => "wrong-protocol",
            Self::WrongPerson => "wrong-person",
            Self::WrongSource => "wrong-source",
            Self::WrongAsset => "wrong-asset",
        }
    }

    /// How far off it is, by the nanoseconds between the window and what was seen: slips of hours are nearest, another
    /// asset or source is farthest, and so is the order of another day.
    const fn weight(self, apart: i64) -> u32 {
        match self {
            Self::Expired | Self::NotYetValid if apart > DAY => 5,
            Self::WrongWindow | Self::Expired | Self::NotYetValid | Self::SelfApproved => 2,
            Self::Revoked => 3,
            Self::WrongVerb | Self::WrongProtocol | Self::WrongPerson => 4,
            Self::WrongSource | Self::WrongAsset => 5,
        }
    }
}

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// Farther off than this is not near: it shares neither source nor asset.
const NEAR: u32 = 9;

/// The outcome of a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// This authorisation covers it.
    Covered(&'a str),
    /// None does; the nearest and its reasons, when one comes near.
    Uncovered(Option<(&'a str, Vec<Reason>)>),
}

impl Authorisations {
    /// Reconciles a record with a register.
    pub fn check(&self, register: Register, record: &dyn Record) -> Verdict<'_> {
        let seen = Observed::of(record, register, self);
        let mut nearest: Option<((u32, i64), &str, Vec<Reason>)> = None;
        for authorisation in self.list.iter().filter(|a| a.serves(register, &seen)) {
            let reasons = authorisation.reasons(&seen, self);
            if reasons.is_empty() {
                return Verdict::Covered(&authorisation.id);
            }
            let apart = authorisation.apart(&seen);
            let far: u32 = reasons.iter().map(|r| r.weight(apart)).sum();
            // Of those as far off, that of the nearest time; of these the first in the file.
            if far <= NEAR && nearest.as_ref().is_none_or(|(n, _, _)| (far, apart) < *n) {
                nearest = Some(((far, apart), &authorisation.id, reasons));
            }
        }
        Verdict::Uncovered(nearest.map(|(_, id, reasons)| (id, reasons)))
    }
}

impl Authorisation {
    fn serves(&self, register: Register, seen: &Observed<'_>) -> bool {
        match register {
            Register::Operation => matches!(self.kind, Kind::Station | Kind::WorkOrder),
            // A station may hold a standing permission for a remote protocol, by name only. That it
            // may operate a controller does not approve that somebody sits at it remotely: rules of
            // this register also ask who operates.
            Register::Remote => {
                self.kind == Kind::RemoteTicket
                    || self.kind == Kind::Station
                        && !self.protocols.is_empty()
                        && !seen.protocol.map_or(seen.event, is_industrial)
            }
            Register::Flow => self.kind == Kind::Flow,
            Register::Tool => self.kind == Kind::Tool,
        }
    }

    /// Nanoseconds between its window and what was seen; 0 where they touch.
    fn apart(&self, seen: &Observed<'_>) -> i64 {
        let after = self.to.map_or(0, |to| seen.start.saturating_sub(to));
        let before = self.from.map_or(0, |from| from.saturating_sub(seen.end));
        after.max(before).max(0)
    }

    fn reasons(&self, seen: &Observed<'_>, all: &Authorisations) -> Vec<Reason> {
        let mut out = Vec::new();
        let covers = |places: &[crate::authorise::Place], ip, names: &[String]| {
            places.iter().any(|p| p.covers(ip, names, &all.zones))
        };
        if self.revoked {
            out.push(Reason::Revoked);
        }
        if self.self_approved {
            out.push(Reason::SelfApproved);
        }
        if self.to.is_some_and(|to| seen.start > to) {
            out.push(Reason::Expired);
        } else if self.from.is_some_and(|from| seen.end < from) {
            out.push(Reason::NotYetValid);
        } else if self.from.is_some_and(|from| seen.start < from)
            || self.to.is_some_and(|to| seen.end > to)
            || self.hours.is_some_and(|h| !h.contain(seen.start, all.utc_offset))
        {
            out.push(Reason::WrongWindow);
        }
        if let Some(verb) = seen.verb
            && !self.verbs.is_empty()
            && !self.verbs.iter().any(|v| v == verb)
        {
            out.push(Reason::WrongVerb);
        }
        if !self.protocols.is_empty()
            && !seen.protocol.map_or(seen.event, |p| self.protocols.iter().any(|q| q == p))
        {
            out.push(Reason::WrongProtocol);
        }
        let declared = |a: &Account| self.accounts.iter().any(|known| a.is(known));
        if !self.accounts.is_empty() && !seen.accounts.iter().all(declared) {
            out.push(Reason::WrongPerson);
        }
        if !covers(&self.sources, seen.source, &[]) {
            out.push(Reason::WrongSource);
        }
        if !covers(&self.targets, seen.destination, &seen.names) {
            out.push(Reason::WrongAsset);
        }
        out
    }
}

/// A record with what is known of its addresses: zones and direction.
pub(crate) struct Placed<'r> {
    pub(crate) record: &'r dyn Record,
    pub(crate) authorisations: &'r Authorisations,
}

impl Placed<'_> {
    fn zone(&self, side: FieldName, kind: bool) -> Option<Value<'_>> {
        let Some(Value::Ip(ip)) = self.record.first(&side.into()) else { return None };
        let (name, of_kind) = self.authorisations.zones.of(ip)?;
        Some(Value::Str(if kind { of_kind } else { name }))
    }

    fn added(&self, name: FieldName) -> Option<Value<'_>> {
        use FieldName as F;
        match name {
            F::SourceZone => self.zone(F::SourceIp, false),
            F::DestinationZone => self.zone(F::DestinationIp, false),
            F::SourceZoneKind => self.zone(F::SourceIp, true),
            F::DestinationZoneKind => self.zone(F::DestinationIp, true),
            F::NetworkDirection => {
                // What the site declared to be its own is not outside, whoever else owns it.
                let end = |name: FieldName| {
                    let ip = match self.record.first(&name.into()) {
                        Some(Value::Ip(ip)) => Some(ip),
                        _ => None,
                    };
                    let own = ip.and_then(|ip| self.authorisations.zones.of(ip));
                    let own = own.is_some_and(|(_, kind)| !matches!(kind, "external" | "remote"));
                    Endpoint { ip: ip.filter(|_| !own), ..Endpoint::default() }
                };
                let (a, b) = (end(F::SourceIp), end(F::DestinationIp));
                Some(Value::Str(hangtu_record::direction(&a, &b)))
            }
            _ => None,
        }
    }
}

const ADDED: [FieldName; 5] = [
    FieldName::SourceZone,
    FieldName::SourceZoneKind,
    FieldName::DestinationZone,
    FieldName::DestinationZoneKind,
    FieldName::NetworkDirection,
];

impl Record for Placed<'_> {
    fn kind(&self) -> RecordKind {
        self.record.kind()
    }

    fn time(&self) -> hangtu_record::Time {
        self.record.time()
    }

    fn origin(&self) -> hangtu_record::Origin {
        self.record.origin()
    }

    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
        match field.known.filter(|name| ADDED.contains(name)).and_then(|name| self.added(name)) {
            Some(value) => f(value),
            None => self.record.values(field, f),
        }
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        self.record.each(&mut |name, value| {
            if name != FieldName::NetworkDirection.name() {
                f(name, value);
            }
        });
        for name in ADDED {
            if let Some(value) = self.added(name) {
                f(name.name(), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_record::{Fields, Origin, Time};
    use std::net::IpAddr;

    #[test]
    fn operating_a_controller_is_no_remote_permission() {
        let text = "{version: 1, stations: [{id: ST, addresses: [10.0.0.9], targets: [10.0.0.1], \
                    protocols: [modbus, ssh]}]}";
        let all = Authorisations::parse("t", text).expect("it can be read");
        let verdict = |register, protocol: &str| {
            let mut record = Fields::new(RecordKind::Session, Time(0), Origin::default());
            record.push("source.ip", Value::Ip(IpAddr::from([10, 0, 0, 9])));
            record.push("destination.ip", Value::Ip(IpAddr::from([10, 0, 0, 1])));
            record.push("network.protocol", Value::Str(protocol));
            matches!(all.check(register, &record), Verdict::Covered(_))
        };
        assert!(verdict(Register::Operation, "modbus"));
        assert!(verdict(Register::Remote, "ssh"));
        assert!(!verdict(Register::Remote, "modbus"));
        assert!(!verdict(Register::Remote, "vnc"));
    }

    #[test]
    fn the_nearest_of_several_orders_is_that_of_the_day() {
        let order = |id: &str, from: &str, to: &str, verbs: &str| {
            format!(
                "{{id: {id}, from: '{from}', to: '{to}', sources: [10.0.0.9], targets: [10.0.0.1], \
                 verbs: [{verbs}], person: a, approved_by: b}}"
            )
        };
        let old = order("W-OLD", "1960-01-01T08:00:00Z", "1960-01-01T10:00:00Z", "write");
        let other = order("W-OTHER", "1970-01-01T08:00:00Z", "1970-01-01T18:00:00Z", "stop");
        let today = order("W-TODAY", "1970-01-01T08:00:00Z", "1970-01-01T11:58:00Z", "write");
        let morning = order("W-MORNING", "1970-01-01T06:00:00Z", "1970-01-01T08:00:00Z", "write");
        let nearest = |orders: &[&str]| {
            let text = format!("{{version: 1, work_orders: [{}]}}", orders.join(", "));
            let all = Authorisations::parse("t", &text).expect("it can be read");
            let noon = Time(12 * 3_600_000_000_000);
            let mut record = Fields::new(RecordKind::Operation, noon, Origin::default());
            record.push("source.ip", Value::Ip(IpAddr::from([10, 0, 0, 9])));
            record.push("destination.ip", Value::Ip(IpAddr::from([10, 0, 0, 1])));
            record.push("operation.verb", Value::Str("write"));
            match all.check(Register::Operation, &record) {
                Verdict::Covered(id) => panic!("{id} covers it"),
                Verdict::Uncovered(nearest) => nearest.expect("one is near").0.to_owned(),
            }
        };
        assert_eq!(nearest(&[&old, &morning, &today]), "W-TODAY");
        assert_eq!(nearest(&[&old, &other]), "W-OTHER");
        assert_eq!(nearest(&[&old]), "W-OLD");
    }

    #[test]
    fn who_acts_is_held_against_declared_accounts() {
        let text = "{version: 1, people: [{id: wang, accounts: ['PLANT\\Wang.Wei', eng]}, {id: li}], \
            stations: [{id: ST, addresses: [10.0.0.9], people: [wang], targets: [10.0.0.1], \
                protocols: [ssh]}, \
              {id: ST-LI, addresses: [10.0.0.9], people: [wang, li], targets: [10.0.0.2], \
                protocols: [ssh]}], \
            remote_tickets: [{id: RM, from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z', \
              sources: [10.0.0.9], targets: [10.0.0.3], person: wang, approved_by: li}]}";
        let all = Authorisations::parse("t", text).expect("it can be read");
        let reasons = |target: u8, users: &[&str]| -> Vec<Reason> {
            let mut record = Fields::new(RecordKind::Session, Time(0), Origin::default());
            record.push("source.ip", Value::Ip(IpAddr::from([10, 0, 0, 9])));
            record.push("destination.ip", Value::Ip(IpAddr::from([10, 0, 0, target])));
            record.push("network.protocol", Value::Str("ssh"));
            for user in users {
                record.push("user.name", Value::Str(user));
            }
            match all.check(Register::Remote, &record) {
                Verdict::Covered(_) => Vec::new(),
                Verdict::Uncovered(nearest) => nearest.expect("one is near").1,
            }
        };
        for target in [1, 3] {
            assert!(reasons(target, &["wang.wei@plant.example"]).is_empty());
            assert!(reasons(target, &["PLANT\\ENG"]).is_empty());
            assert_eq!(reasons(target, &["vendor01"]), [Reason::WrongPerson]);
            assert_eq!(reasons(target, &["eng", "root"]), [Reason::WrongPerson]);
            // A record that names nobody is held against nobody.
            assert!(reasons(target, &[]).is_empty());
        }
        // Nor is one while the accounts of somebody who may are not known.
        assert!(reasons(2, &["vendor01"]).is_empty());
    }
}
