//! Who is there: addresses, link addresses with the prefixes of real makers, and the segments.

/// A device or host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    pub(super) ip: [u8; 4],
    pub(super) mac: [u8; 6],
}

/// A capture point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    Control,
    Supervision,
    Operations,
    Dmz,
    Office,
}

impl Segment {
    pub(super) const ALL: [Self; 5] =
        [Self::Control, Self::Supervision, Self::Operations, Self::Dmz, Self::Office];

    pub(super) const fn name(self) -> &'static str {
        ["control", "supervision", "operations", "dmz", "office"][self as usize]
    }

    pub(super) const fn vlan(self) -> u16 {
        [201, 202, 203, 209, 300][self as usize]
    }

    const fn holds(self, ip: [u8; 4]) -> bool {
        match self {
            Self::Control => matches!(ip, [10, 20, 1, _]),
            Self::Supervision => matches!(ip, [10, 20, 2, _]),
            Self::Operations => matches!(ip, [10, 20, 3, _]),
            Self::Dmz => matches!(ip, [10, 20, 9, _]),
            Self::Office => matches!(ip, [10, 30, ..] | [255 | 0, ..]),
        }
    }

    /// The innermost capture point that sees traffic of the two.
    pub(super) fn between(a: Host, b: Host) -> Self {
        let sees = |s: &Self| s.holds(a.ip) || s.holds(b.ip);
        Self::ALL.into_iter().find(sees).unwrap_or(Self::Office)
    }

    /// The capture point a host is at.
    pub(super) fn of(host: Host) -> Self {
        Self::ALL.into_iter().find(|s| s.holds(host.ip)).unwrap_or(Self::Office)
    }

    /// The link address under which a host is seen there: its own, or that of the firewall that
    /// stands between (Hirschmann).
    pub(super) fn link(self, host: Host) -> [u8; 6] {
        if self.holds(host.ip) { host.mac } else { [0x00, 0x80, 0x63, 0x8a, 0x10, self as u8 + 1] }
    }

    /// Whether a host is reached through the firewall.
    pub(super) fn beyond(self, host: Host) -> bool {
        !self.holds(host.ip)
    }
}

const fn host(ip: [u8; 4], maker: [u8; 3], rest: [u8; 3]) -> Host {
    Host { ip, mac: [maker[0], maker[1], maker[2], rest[0], rest[1], rest[2]] }
}

const SIEMENS: [u8; 3] = [0x28, 0x63, 0x36];
const SCHNEIDER: [u8; 3] = [0x00, 0x80, 0xf4];
const ROCKWELL: [u8; 3] = [0x00, 0x1d, 0x9c];
const SCHWEITZER: [u8; 3] = [0x00, 0x30, 0xa7];
const ABB: [u8; 3] = [0x00, 0x02, 0xa3];
const DELL: [u8; 3] = [0xd4, 0xbe, 0xd9];
const VMWARE: [u8; 3] = [0x00, 0x50, 0x56];
const RASPBERRY: [u8; 3] = [0xb8, 0x27, 0xeb];

// Control.
pub(super) const PLC_MIX: Host = host([10, 20, 1, 11], SIEMENS, [0x41, 0x0a, 0x11]);
pub(super) const PLC_KILN: Host = host([10, 20, 1, 12], SIEMENS, [0x41, 0x0a, 0x12]);
pub(super) const PLC_WATER: Host = host([10, 20, 1, 21], SCHNEIDER, [0x0e, 0x21, 0x07]);
pub(super) const METER: Host = host([10, 20, 1, 22], SCHNEIDER, [0x0e, 0x54, 0x9c]);
pub(super) const PLC_PACK: Host = host([10, 20, 1, 31], ROCKWELL, [0xc3, 0x02, 0x4f]);
pub(super) const RTU_PUMP: Host = host([10, 20, 1, 41], SCHWEITZER, [0x1a, 0x55, 0x03]);
pub(super) const RTU_SUBSTATION: Host = host([10, 20, 1, 51], ABB, [0x33, 0x81, 0x20]);

// Supervision.
pub(super) const SCADA: Host = host([10, 20, 2, 10], DELL, [0x20, 0x02, 0x10]);
pub(super) const HMI_1: Host = host([10, 20, 2, 11], DELL, [0x20, 0x02, 0x11]);
pub(super) const HMI_2: Host = host([10, 20, 2, 12], DELL, [0x20, 0x02, 0x12]);
pub(super) const HISTORIAN: Host = host([10, 20, 2, 20], DELL, [0x20, 0x02, 0x20]);
pub(super) const ENGINEERING: Host = host([10, 20, 2, 31], DELL, [0x20, 0x02, 0x31]);
/// Nobody knows it.
pub(super) const UNKNOWN: Host = host([10, 20, 2, 199], RASPBERRY, [0x6e, 0x10, 0x77]);

// Operations.
pub(super) const MES: Host = host([10, 20, 3, 10], VMWARE, [0x9a, 0x03, 0x10]);
pub(super) const SHIFT_DESK: Host = host([10, 20, 3, 15], DELL, [0x20, 0x03, 0x15]);
pub(super) const RECIPES: Host = host([10, 20, 3, 20], VMWARE, [0x9a, 0x03, 0x20]);

// Between plant and office.
pub(super) const JUMP: Host = host([10, 20, 9, 10], VMWARE, [0x9a, 0x09, 0x10]);
pub(super) const RESOLVER: Host = host([10, 20, 9, 53], VMWARE, [0x9a, 0x09, 0x53]);
/// What the maintenance company gets from the plant's VPN.
pub(super) const VENDOR: Host = host([10, 40, 0, 7], VMWARE, [0x9a, 0x40, 0x07]);

// Office.
pub(super) const DIRECTORY: Host = host([10, 30, 0, 10], VMWARE, [0x9a, 0x30, 0x10]);
pub(super) const FILES: Host = host([10, 30, 0, 20], VMWARE, [0x9a, 0x30, 0x20]);
pub(super) const INTRANET: Host = host([10, 30, 0, 30], VMWARE, [0x9a, 0x30, 0x30]);
pub(super) const BACKUP: Host = host([10, 30, 0, 40], VMWARE, [0x9a, 0x30, 0x40]);
pub(super) const PC_SALES: Host = host([10, 30, 1, 77], DELL, [0x30, 0x01, 0x77]);
pub(super) const PC_LAB: Host = host([10, 30, 1, 30], DELL, [0x30, 0x01, 0x30]);
pub(super) const PC_FINANCE: Host = host([10, 30, 1, 42], DELL, [0x30, 0x01, 0x42]);
pub(super) const PC_PLANNING: Host = host([10, 30, 2, 15], DELL, [0x30, 0x02, 0x15]);
pub(super) const BROADCAST: Host = Host { ip: [255; 4], mac: [0xff; 6] };
pub(super) const OFFICE_BROADCAST: Host = Host { ip: [10, 30, 255, 255], mac: [0xff; 6] };

// Outside. 192.88.99.0/24 was the 6to4 anycast relay and belongs to nobody any more (RFC 7526).
pub(super) const GROUP_CLOUD: Host = outside(10);
pub(super) const ASSISTANT: Host = outside(20);
pub(super) const BEACON_SERVER: Host = outside(66);
pub(super) const CALLED_BY_PLC: Host = outside(71);
pub(super) const INTRUDER: Host = outside(120);
pub(super) const SUNLOGIN: Host = outside(200);

const fn outside(last: u8) -> Host {
    Host { ip: [192, 88, 99, last], mac: [0; 6] }
}

/// Another office computer.
pub(super) const fn office(third: u8, last: u8) -> Host {
    host([10, 30, third, last], DELL, [0x30, third, last])
}

/// An address of the control network, whether anybody has it or not.
pub(super) const fn control(last: u8) -> Host {
    host([10, 20, 1, last], SIEMENS, [0x41, 0x0a, last])
}
