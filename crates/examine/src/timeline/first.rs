//! What was there for the first time: accounts, addresses, programs, services, devices.

use super::{Place, Seen, Take, row::Look, text};
use hangtu_record::{Kind, Time};
use std::{collections::HashMap, io, net::IpAddr};

/// Things remembered.
const MAX: usize = 100_000;

/// What kind of thing is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Novelty {
    /// An account on a host.
    Account,
    /// An address that reached a host.
    Source,
    /// A program on a host, by its name.
    Program,
    /// A service that was installed.
    Service,
    /// A scheduled task that was made.
    Task,
    /// A tool for remote control.
    RemoteTool,
    /// A USB device.
    Usb,
}

impl Novelty {
    /// The code, of which texts are named `first-…`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Source => "source",
            Self::Program => "program",
            Self::Service => "service",
            Self::Task => "task",
            Self::RemoteTool => "remote-tool",
            Self::Usb => "usb",
        }
    }
}

/// Something's first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstSeen {
    /// When.
    pub time: Time,
    /// What kind of thing.
    pub what: Novelty,
    /// On which host.
    pub host: String,
    /// Its name.
    pub name: String,
    /// The record in one line.
    pub text: String,
    /// Where that record stands.
    pub place: Place,
    /// Rules that match it, by their index.
    pub rules: Vec<u32>,
}

/// Programs, services and protocols for remote control, by the beginning of their names.
const REMOTE: [&str; 34] = [
    "anydesk",
    "teamviewer",
    "tv_w32",
    "tv_x64",
    "sunlogin",
    "oray",
    "todesk",
    "splashtop",
    "srserver",
    "srmanager",
    "vncviewer",
    "winvnc",
    "tvnserver",
    "uvnc",
    "vncserver",
    "radmin",
    "rserver3",
    "ammyy",
    "aa_v3",
    "screenconnect",
    "connectwise",
    "logmein",
    "lmiguardian",
    "gotoassist",
    "g2ax",
    "dwagent",
    "dameware",
    "dwrcs",
    "rustdesk",
    "supremo",
    "atera",
    "remoteutilities",
    "rutserv",
    "psexesvc",
];

/// Remembers what it saw.
#[derive(Default)]
pub(super) struct First {
    seen: HashMap<(Novelty, String, String), FirstSeen>,
    lost: u64,
}

impl Take for First {
    fn wants(&self, look: &Look<'_>, fits: bool, _inside: bool) -> bool {
        fits && matches!(look.kind(), Kind::Event | Kind::Session)
    }

    fn take(&mut self, seen: Seen<'_>) -> io::Result<()> {
        if !seen.fits {
            return Ok(());
        }
        let look = &seen.look;
        let mut found: Vec<(Novelty, String)> = Vec::new();
        let host = if look.kind() == Kind::Event {
            of_event(look, &mut found);
            look.one_of(&["host.hostname", "Computer"])
        } else {
            of_session(look, &mut found);
            look.get("destination.ip")
        };
        let host = text::tidy(&host.unwrap_or_default(), 100);
        let time = look.record.time();
        for (what, name) in found {
            let name = text::tidy(&name, 200);
            // Names of hosts, accounts and files do not mind their case; paths of Unix are rare.
            let key = (what, host.to_lowercase(), name.to_lowercase());
            let known = self.seen.get(&key);
            if known.is_some_and(|known| (known.time, &known.place) <= (time, &seen.place)) {
                continue;
            }
            if known.is_none() && self.seen.len() >= MAX {
                self.lost += 1;
                continue;
            }
            let first = FirstSeen {
                time,
                what,
                host: host.clone(),
                name,
                text: text::line(look),
                place: seen.place.clone(),
                rules: seen.rules.clone(),
            };
            self.seen.insert(key, first);
        }
        Ok(())
    }
}

impl First {
    /// By time; and things that found no room.
    pub(super) fn finish(self) -> (Vec<FirstSeen>, u64) {
        let mut rows: Vec<FirstSeen> = self.seen.into_values().collect();
        rows.sort_by(|a, b| {
            (a.time, &a.place, a.what, &a.name).cmp(&(b.time, &b.place, b.what, &b.name))
        });
        (rows, self.lost)
    }
}

fn of_session(look: &Look<'_>, found: &mut Vec<(Novelty, String)>) {
    let address = |name: &str| look.get(name)?.parse::<IpAddr>().ok();
    // In a subnet wider than /24 such an address may be a host's, which then answers.
    let answered = look.get("destination.bytes").is_some_and(|n| n != "0");
    let all = |octet: u8| octet == 255 && !answered;
    let many = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || all(ip.octets()[3]),
        IpAddr::V6(ip) => ip.is_multicast(),
    };
    if address("destination.ip").is_none_or(many) {
        return;
    }
    found.extend(look.get("source.ip").map(|ip| (Novelty::Source, ip.into_owned())));
    if look.get("authentication.outcome").as_deref() != Some("failure") {
        found.extend(look.account("user.name", "user.domain").map(|u| (Novelty::Account, u)));
    }
    let protocol = look.get("network.protocol").filter(|p| remote(p));
    found.extend(protocol.map(|p| (Novelty::RemoteTool, p.into_owned())));
}

fn of_event(look: &Look<'_>, found: &mut Vec<(Novelty, String)>) {
    let action = text::action(look);
    let failed = look.get("authentication.outcome").as_deref() == Some("failure");
    // An account that could not log on need not exist.
    if !failed {
        found.extend(look.account("user.name", "user.domain").map(|u| (Novelty::Account, u)));
    }
    if matches!(&*action, "security-4720") {
        let made = look.account("TargetUserName", "TargetDomainName");
        found.extend(made.map(|u| (Novelty::Account, u)));
    }
    // The source of a connection that the host itself began is the host.
    let own = &*action == "sysmon-3" && look.get("Initiated").as_deref() != Some("false");
    let source = look.get("source.ip").filter(|ip| {
        !own && ip
            .parse::<IpAddr>()
            .is_ok_and(|ip| !ip.is_loopback() && !ip.is_multicast() && !ip.is_unspecified())
    });
    found.extend(source.map(|ip| (Novelty::Source, ip.into_owned())));
    let image = match &*action {
        "sysmon-1" => look.get("Image"),
        "security-4688" => look.get("NewProcessName"),
        "execve" => look.one_of(&["exe", "Image"]),
        _ => None,
    };
    if let Some(image) = image {
        let name = text::base(&image).to_owned();
        if remote(&name) {
            found.push((Novelty::RemoteTool, name.clone()));
        }
        found.push((Novelty::Program, name));
    }
    let service = match &*action {
        "service-7045" | "security-4697" => look.get("ServiceName"),
        _ => None,
    };
    if let Some(service) = service {
        let path = look.one_of(&["ImagePath", "ServiceFileName"]).unwrap_or_default();
        let tool = [&*service, text::base(&path)].into_iter().find(|name| remote(name));
        found.extend(tool.map(|name| (Novelty::RemoteTool, name.to_owned())));
        found.push((Novelty::Service, service.into_owned()));
    }
    if matches!(&*action, "security-4698" | "task-106") {
        found.extend(look.get("TaskName").map(|t| (Novelty::Task, t.into_owned())));
    }
    found.extend(usb(look, &action).map(|device| (Novelty::Usb, device)));
}

fn usb(look: &Look<'_>, action: &str) -> Option<String> {
    let device = match action {
        "usb-attached" => {
            let id = |name| look.get(name).unwrap_or_default();
            format!("USB {}:{}", id("usb.vendor_id"), id("usb.product_id"))
        }
        "security-6416" | "kernel-pnp-400" | "kernel-pnp-410" => {
            look.one_of(&["DeviceId", "DeviceInstanceId"])?.into_owned()
        }
        "driverframeworks-usermode-2003" | "driverframeworks-usermode-2100" => look
            .one_of(&["InstanceId", "instance", "UMDFHostDeviceArrivalBegin_instance"])?
            .into_owned(),
        "partition-1006" => {
            let part = |name| look.get(name).unwrap_or_default().trim().to_owned();
            look.get("ParentId").filter(|parent| parent.to_uppercase().contains("USB"))?;
            format!("{} {} {}", part("Manufacturer"), part("Model"), part("SerialNumber"))
        }
        _ => return None,
    };
    device.to_uppercase().contains("USB").then_some(device).or_else(|| {
        (action == "partition-1006")
            .then(|| look.get("Model").map(|model| model.trim().to_owned()))
            .flatten()
    })
}

fn remote(name: &str) -> bool {
    let name = name.to_lowercase();
    REMOTE.iter().any(|tool| name.starts_with(tool)) || matches!(&*name, "vnc" | "rdp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_record::{Fields, Kind, Origin, Time, Value};

    #[test]
    fn an_address_that_ends_in_255_may_be_a_hosts() {
        let seen = |answered: i64| {
            let mut record = Fields::new(Kind::Session, Time(0), Origin::default());
            record.push("source.ip", Value::Ip([10, 1, 2, 3].into()));
            record.push("destination.ip", Value::Ip([10, 1, 7, 255].into()));
            record.push("destination.bytes", answered);
            let mut found = Vec::new();
            of_session(&Look::of(&record), &mut found);
            found.len()
        };
        assert_eq!((seen(0), seen(40)), (0, 1));
    }
}
