//! Names of protocols that a number tells.

/// Names of IP protocols that carry no ports we look at.
pub(crate) fn ip(protocol: u8) -> &'static str {
    match protocol {
        1 => "icmp",
        2 => "igmp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        _ => "",
    }
}

/// Names of protocols straight on the link layer (IEEE EtherType registry; LLC SAP pairs).
pub(crate) fn ethertype(ethertype: u16) -> &'static str {
    match ethertype {
        0x0806 => "arp",
        0x8035 => "rarp",
        0x8863 => "pppoe-discovery",
        0x888e => "eapol",
        0x8892 => "profinet",
        0x88a4 => "ethercat",
        0x88ab => "powerlink",
        0x88b8 => "goose",
        0x88b9 => "gse",
        0x88ba => "sampled-values",
        0x88cc => "lldp",
        0x88cd => "sercos",
        0x88e3 => "mrp",
        0x88e5 => "macsec",
        0x88f7 => "ptp",
        0x88fb => "prp",
        0x892f => "hsr",
        0x8809 => "lacp",
        0x2000 => "cdp",
        0x9000 => "loopback",
        0x0042 => "stp",
        _ => "",
    }
}
