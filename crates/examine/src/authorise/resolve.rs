//! The names of a file become addresses, moments and accounts. What nobody can have meant is
//! refused with its place.

use super::{
    Authorisation, AuthorisationError, Authorisations, CHINA, Hours, Kind, account,
    file::{AssetEntry, File, FlowEntry, OrderEntry, PersonEntry, StationEntry, ZoneEntry},
    place::{Net, Place},
};
use hangtu_catalog::{Arg, key};
use jiff::{Timestamp, ZonedDateTime};
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of zones that rules know.
const ZONE_KINDS: [&str; 7] =
    ["control", "supervision", "operations", "dmz", "office", "external", "remote"];

/// What of a file is resolved so far.
struct Resolver<'f> {
    /// The file's name.
    name: &'f str,
    out: Authorisations,
    /// The kind of each zone.
    zones: BTreeMap<&'f str, &'f str>,
    assets: BTreeMap<&'f str, Vec<Net>>,
    people: BTreeMap<&'f str, &'f PersonEntry>,
    /// Where each station is.
    stations: BTreeMap<&'f str, Vec<Place>>,
    /// Ids of approvals.
    ids: BTreeSet<&'f str>,
}

pub(super) fn resolve(name: &str, file: &File) -> Result<Authorisations, AuthorisationError> {
    let mut all = Resolver {
        name,
        out: Authorisations { utc_offset: CHINA, ..Authorisations::default() },
        zones: BTreeMap::new(),
        assets: BTreeMap::new(),
        people: BTreeMap::new(),
        stations: BTreeMap::new(),
        ids: BTreeSet::new(),
    };
    if let Some(text) = &file.utc_offset {
        let what = quoted(text);
        let args = [("what", Arg::Text(&what))];
        all.out.utc_offset =
            offset(text).ok_or_else(|| all.bad("utc_offset", key::AUTHORISATIONS_OFFSET, &args))?;
    }
    file.zones.iter().try_for_each(|z| all.zone(z))?;
    file.assets.iter().try_for_each(|a| all.asset(a))?;
    file.people.iter().try_for_each(|p| all.somebody(p))?;
    file.stations.iter().try_for_each(|s| all.station(s))?;
    file.work_orders.iter().try_for_each(|o| all.order(Kind::WorkOrder, o))?;
    file.remote_tickets.iter().try_for_each(|o| all.order(Kind::RemoteTicket, o))?;
    file.flows.iter().try_for_each(|f| all.flow(Kind::Flow, f))?;
    file.tools.iter().try_for_each(|f| all.flow(Kind::Tool, f))?;
    Ok(all.out)
}

impl<'f> Resolver<'f> {
    fn zone(&mut self, zone: &'f ZoneEntry) -> Result<(), AuthorisationError> {
        let at = ("at", Arg::Text(&zone.name));
        let what = quoted(&zone.kind);
        let what = ("what", Arg::Text(&what));
        if !ZONE_KINDS.contains(&zone.kind.as_str()) {
            let known = ZONE_KINDS.join(", ");
            let args = [at, what, ("known", Arg::Text(&known))];
            return Err(self.bad("kind", key::AUTHORISATIONS_ZONE_KIND, &args));
        }
        let kind = *self.zones.entry(&zone.name).or_insert(&zone.kind);
        if kind != zone.kind {
            let other = quoted(kind);
            let args = [at, what, ("other", Arg::Text(&other))];
            return Err(self.bad("kind", key::AUTHORISATIONS_ZONE_KINDS, &args));
        }
        for text in &zone.networks {
            let what = quoted(text);
            let what = ("what", Arg::Text(&what));
            let net = Net::parse(text)
                .ok_or_else(|| self.bad("networks", key::AUTHORISATIONS_NETWORK, &[at, what]))?;
            self.whole("networks", &zone.name, text, net)?;
            if let Some(other) = self.out.zones.owner(net).filter(|other| *other != zone.name) {
                let args = [at, what, ("other", Arg::Text(other))];
                return Err(self.bad("networks", key::AUTHORISATIONS_NETWORK_TWICE, &args));
            }
            self.out.zones.add(net, &zone.name, &zone.kind);
        }
        Ok(())
    }

    fn asset(&mut self, asset: &'f AssetEntry) -> Result<(), AuthorisationError> {
        let mut nets = Vec::new();
        for text in &asset.addresses {
            let net = Net::parse(text).ok_or_else(|| {
                self.about("addresses", key::AUTHORISATIONS_ADDRESS, &asset.id, &quoted(text))
            })?;
            self.whole("addresses", &asset.id, text, net)?;
            nets.push(net);
        }
        let shown = if asset.name.is_empty() { &asset.id } else { &asset.name };
        for net in &nets {
            self.out.names.insert(net.address(), shown.clone());
            for name in [&asset.id, &asset.name] {
                self.out.hosts.entry(name.to_lowercase()).or_insert(net.address());
            }
        }
        if self.assets.insert(&asset.id, nets).is_some() {
            return Err(self.about("id", key::AUTHORISATIONS_ASSET_TWICE, &asset.id, ""));
        }
        Ok(())
    }

    fn somebody(&mut self, person: &'f PersonEntry) -> Result<(), AuthorisationError> {
        if let Some(text) = person.accounts.iter().find(|a| account(a).is_empty()) {
            let what = quoted(text);
            return Err(self.about("accounts", key::AUTHORISATIONS_ACCOUNT, &person.id, &what));
        }
        if self.people.insert(&person.id, person).is_some() {
            return Err(self.about("id", key::AUTHORISATIONS_PERSON_TWICE, &person.id, ""));
        }
        Ok(())
    }

    fn station(&mut self, s: &'f StationEntry) -> Result<(), AuthorisationError> {
        s.people.iter().try_for_each(|p| self.person("people", &s.id, p))?;
        let sources = self.sources("addresses", &s.id, &s.addresses)?;
        self.stations.insert(&s.id, sources.clone());
        let authorisation = Authorisation {
            id: s.id.clone(),
            kind: Kind::Station,
            sources,
            targets: self.targets("targets", &s.id, &s.targets, false)?,
            verbs: self.verbs(&s.id, &s.verbs)?,
            protocols: self.protocols(&s.id, &s.protocols)?,
            accounts: self.accounts(&s.people),
            from: None,
            to: self.end(&s.id, s.valid_until.as_deref())?,
            hours: self.hours(&s.id, s.hours.as_deref())?,
            revoked: false,
            self_approved: false,
        };
        self.add(&s.id, authorisation)
    }

    fn order(&mut self, kind: Kind, o: &'f OrderEntry) -> Result<(), AuthorisationError> {
        self.person("person", &o.id, &o.person)?;
        self.person("approved_by", &o.id, &o.approved_by)?;
        let mut sources = self.places("sources", &o.id, &o.sources, false)?;
        for station in &o.stations {
            let known = self.stations.get(station.as_str()).ok_or_else(|| {
                self.about("stations", key::AUTHORISATIONS_STATION, &o.id, &quoted(station))
            })?;
            sources.extend(known.iter().cloned());
        }
        if nowhere(&sources) {
            return Err(self.about("sources", key::AUTHORISATIONS_NO_SOURCE, &o.id, ""));
        }
        let (from, to) = (self.moment("from", &o.id, &o.from)?, self.moment("to", &o.id, &o.to)?);
        if to <= from {
            return Err(self.about("to", key::AUTHORISATIONS_WINDOW, &o.id, ""));
        }
        let authorisation = Authorisation {
            id: o.id.clone(),
            kind,
            sources,
            targets: self.targets("targets", &o.id, &o.targets, false)?,
            verbs: self.verbs(&o.id, &o.verbs)?,
            protocols: self.protocols(&o.id, &o.protocols)?,
            accounts: self.accounts(std::slice::from_ref(&o.person)),
            from: Some(from),
            to: Some(to),
            hours: None,
            revoked: o.revoked,
            self_approved: o.person == o.approved_by,
        };
        self.add(&o.id, authorisation)
    }

    fn flow(&mut self, kind: Kind, f: &'f FlowEntry) -> Result<(), AuthorisationError> {
        self.person("approved_by", &f.id, &f.approved_by)?;
        let programs = kind == Kind::Tool;
        let authorisation = Authorisation {
            id: f.id.clone(),
            kind,
            sources: self.sources("sources", &f.id, &f.sources)?,
            targets: self.targets("destinations", &f.id, &f.destinations, programs)?,
            verbs: Vec::new(),
            protocols: self.protocols(&f.id, &f.protocols)?,
            accounts: Vec::new(),
            from: None,
            to: self.end(&f.id, f.valid_until.as_deref())?,
            hours: None,
            revoked: false,
            self_approved: false,
        };
        self.add(&f.id, authorisation)
    }

    fn add(&mut self, id: &'f str, of: Authorisation) -> Result<(), AuthorisationError> {
        if !self.ids.insert(id) {
            return Err(self.about("id", key::AUTHORISATIONS_TWICE, id, ""));
        }
        self.out.list.push(of);
        Ok(())
    }
}

impl Resolver<'_> {
    fn bad(
        &self,
        field: &'static str,
        key: key::Key,
        args: &[(&str, Arg<'_>)],
    ) -> AuthorisationError {
        AuthorisationError::new(self.name, field, key, args)
    }

    /// Refuses a host with the prefix of a network: of which of the two it is meant nobody can tell.
    fn whole(
        &self,
        field: &'static str,
        at: &str,
        text: &str,
        net: Net,
    ) -> Result<(), AuthorisationError> {
        let Some(network) = net.network() else { return Ok(()) };
        let (what, address) = (quoted(text), net.address().to_string());
        let args = [
            ("at", Arg::Text(at)),
            ("what", Arg::Text(&what)),
            ("network", Arg::Text(&network)),
            ("address", Arg::Text(&address)),
        ];
        Err(self.bad(field, key::AUTHORISATIONS_HOST_BITS, &args))
    }

    /// What is wrong with an entry.
    fn about(
        &self,
        field: &'static str,
        key: key::Key,
        at: &str,
        what: &str,
    ) -> AuthorisationError {
        self.bad(field, key, &[("at", Arg::Text(at)), ("what", Arg::Text(what))])
    }

    fn person(&self, field: &'static str, at: &str, id: &str) -> Result<(), AuthorisationError> {
        if self.people.is_empty() || self.people.contains_key(id) {
            return Ok(());
        }
        Err(self.about(field, key::AUTHORISATIONS_PERSON, at, &quoted(id)))
    }

    /// The accounts of people; none unless they are known of each of them.
    fn accounts(&self, people: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        for id in people {
            let known = self.people.get(id.as_str()).filter(|p| !p.accounts.is_empty());
            let Some(known) = known else { return Vec::new() };
            out.extend(known.accounts.iter().map(|a| account(a)));
        }
        out
    }

    fn places(
        &self,
        field: &'static str,
        at: &str,
        list: &[String],
        programs: bool,
    ) -> Result<Vec<Place>, AuthorisationError> {
        let program = |text: &str| Place::program(text).filter(|_| programs).map(|p| vec![p]);
        let bad = |text: &str| self.about(field, key::AUTHORISATIONS_PLACE, at, &quoted(text));
        let mut out = Vec::new();
        for text in list {
            let places = Place::parse(text, &self.out.zones, &self.assets);
            let places = places.or_else(|| program(text)).ok_or_else(|| bad(text))?;
            for place in &places {
                if let Place::Net(net) = place {
                    self.whole(field, at, text, *net)?;
                }
            }
            out.extend(places);
        }
        Ok(out)
    }

    fn sources(
        &self,
        field: &'static str,
        at: &str,
        list: &[String],
    ) -> Result<Vec<Place>, AuthorisationError> {
        let out = self.places(field, at, list, false)?;
        if nowhere(&out) {
            return Err(self.about(field, key::AUTHORISATIONS_NOWHERE, at, field));
        }
        Ok(out)
    }

    fn targets(
        &self,
        field: &'static str,
        at: &str,
        list: &[String],
        programs: bool,
    ) -> Result<Vec<Place>, AuthorisationError> {
        let out = self.places(field, at, list, programs)?;
        if out.is_empty() {
            return Err(self.about(field, key::AUTHORISATIONS_NO_TARGET, at, field));
        }
        Ok(out)
    }

    fn verbs(&self, at: &str, list: &[String]) -> Result<Vec<String>, AuthorisationError> {
        let unknown =
            |v: &&String| hangtu_record::Verb::from_name(v).is_none() && v.as_str() != "any";
        if let Some(verb) = list.iter().find(unknown) {
            return Err(self.about("verbs", key::AUTHORISATIONS_VERB, at, &quoted(verb)));
        }
        let any = list.iter().any(|v| v == "any");
        Ok(if any { Vec::new() } else { list.to_vec() })
    }

    fn protocols(&self, at: &str, list: &[String]) -> Result<Vec<String>, AuthorisationError> {
        let unknown = |p: &&String| !hangtu_traffic::protocol::is_name(p);
        if let Some(protocol) = list.iter().find(unknown) {
            let what = quoted(protocol);
            return Err(self.about("protocols", key::AUTHORISATIONS_PROTOCOL, at, &what));
        }
        Ok(list.to_vec())
    }

    fn moment(&self, field: &'static str, at: &str, text: &str) -> Result<i64, AuthorisationError> {
        // A zone in brackets (RFC 9557) must agree with the offset; a timestamp alone would not look at it.
        let time = if text.contains('[') {
            text.parse::<ZonedDateTime>().map(|zoned| zoned.timestamp())
        } else {
            text.parse::<Timestamp>()
        };
        time.map(|t| i64::try_from(t.as_nanosecond()).unwrap_or(i64::MAX))
            .map_err(|_| self.about(field, key::AUTHORISATIONS_TIME, at, &quoted(text)))
    }

    fn end(&self, at: &str, text: Option<&str>) -> Result<Option<i64>, AuthorisationError> {
        text.map(|t| self.moment("valid_until", at, t)).transpose()
    }

    fn hours(&self, at: &str, text: Option<&str>) -> Result<Option<Hours>, AuthorisationError> {
        let Some(text) = text else { return Ok(None) };
        let bad = |key| self.about("hours", key, at, &quoted(text));
        let hours = Hours::parse(text).ok_or_else(|| bad(key::AUTHORISATIONS_HOURS))?;
        if hours.are_none() {
            return Err(bad(key::AUTHORISATIONS_HOURS_NONE));
        }
        Ok(Some(hours))
    }
}

/// As messages show what was written.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Whether nothing can come from there: by a name alone nobody is known.
fn nowhere(places: &[Place]) -> bool {
    places.iter().all(|p| matches!(p, Place::Domain(_)))
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
