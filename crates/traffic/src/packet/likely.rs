//! Whether bytes make sense as what they may be: for where nothing says what begins there.

use super::{Content, be16, walk};
use crate::names;

/// Whether a frame of that link type makes sense: IP that is no longer than the frame was, ARP, or a protocol by a
/// registered number. `cut` are the bytes that the capture left out.
pub(crate) fn likely(link: u16, bytes: &[u8], cut: u32) -> bool {
    match walk(link, bytes).content {
        Content::Ip(ip) => ip.cut <= cut,
        Content::Arp { .. } => true,
        Content::Link { ethertype, .. } => registered(ethertype),
        Content::Broken => false,
    }
}

/// How much speaks for an Ethernet header here: 2 when IP follows it, 1 for another registered protocol or a length that
/// fits, 0 for nothing.
pub(super) fn framed(b: &[u8]) -> u8 {
    let tag = |at| matches!(be16(b, at), Some(0x8100 | 0x88a8 | 0x9100 | 0x9200));
    let Some(at) = [12, 16, 20].into_iter().find(|&at| !tag(at)) else { return 0 };
    let (Some(ethertype), Some(rest)) = (be16(b, at), b.get(at + 2..)) else { return 0 };
    match (ethertype, rest.first().map(|v| v >> 4)) {
        (0x0800, Some(4)) | (0x86dd, Some(6)) => 2,
        (0x0800 | 0x86dd, _) => 0,
        // 802.3: a length, of at least an LLC header, behind which only padding may stand.
        (length @ 3..=0x05dc, _) => {
            u8::from(rest.len().checked_sub(usize::from(length)).is_some_and(|pad| pad < 64))
        }
        _ => u8::from(registered(ethertype)),
    }
}

/// Whether it is an IP packet that begins here, or an Ethernet frame to an address like the beginning of one.
pub(super) fn is_ip(b: &[u8]) -> bool {
    let announced = match b.first() {
        // The usual beginning, and no station's address.
        Some(0x45) => return true,
        Some(0x46..=0x4f) => be16(b, 2).map(usize::from),
        Some(0x60..=0x6f) => be16(b, 4).map(|n| 40 + usize::from(n)),
        _ => return false,
    };
    // It ends where the bytes do, but for the padding of a frame around it.
    let fits = announced.and_then(|n| b.len().checked_sub(n)).is_some_and(|pad| pad < 24);
    match framed(b) {
        0 => true,
        1 => fits,
        _ => false,
    }
}

/// EtherTypes that are met (IEEE registry), and LLC SAP pairs as [`Content::Link`] has them: those with a name here,
/// and others.
fn registered(ethertype: u16) -> bool {
    let llc = matches!(ethertype, 0x00e0 | 0x00f0 | 0x04fe);
    let cisco = matches!(ethertype, 0x010b | 0x2003 | 0x2004);
    let network = matches!(ethertype, 0x0800 | 0x809b | 0x80f3 | 0x8137 | 0x86dd);
    let carrier = matches!(ethertype, 0x8847 | 0x8848 | 0x8864 | 0x88c7 | 0x88e6 | 0x88e7);
    let bridge = matches!(ethertype, 0x8808 | 0x88f5 | 0x88f6 | 0x8902);
    let storage = matches!(ethertype, 0x88a2 | 0x8906 | 0x8914 | 0x8915 | 0x893a);
    let line = matches!(ethertype, 0x8819 | 0x886d | 0x887b | 0x88e1);
    let other = llc || cisco || network || carrier || bridge || storage || line;
    other || !names::ethertype(ethertype).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows two link addresses.
    fn frame(ethertype: u16, payload: &[u8]) -> Vec<u8> {
        [&[0; 12][..], &ethertype.to_be_bytes(), payload].concat()
    }

    #[test]
    fn a_header_is_told_by_what_follows_it() {
        assert_eq!(framed(&frame(0x0800, &[0x45])), 2);
        assert_eq!(framed(&frame(0x0800, &[0x60])), 0);
        assert_eq!(framed(&frame(0x8100, &[0, 5, 8, 0, 0x45])), 2);
        assert_eq!(framed(&frame(0x8100, &[0, 5, 8, 0, 0x60])), 0);
        assert_eq!(framed(&frame(0x8892, &[0x80])), 1);
        assert_eq!(framed(&frame(0x88a8, &[0, 5, 0x81, 0, 0, 6, 0x88, 0x92])), 1);
        assert_eq!(framed(&frame(0x8100, &[0x81, 0].repeat(9))), 0);
        assert_eq!(framed(&frame(38, &[0x42; 46])), 1);
        assert_eq!(framed(&frame(38, &[0x42; 37])), 0);
        assert_eq!(framed(&frame(0xc0a8, &[0x45; 60])), 0);
        assert_eq!(framed(&[0; 13]), 0);
    }

    #[test]
    fn ip_is_told_from_an_address_like_it() {
        let mut v6 = [0; 60];
        (v6[0], v6[5]) = (0x60, 8);
        assert!(is_ip(&[0x45; 20]) && is_ip(&v6[..48]));
        assert!(!is_ip(&[]) && !is_ip(&[0; 60]));
        // What stands where a type would is part of an address, or says what follows.
        (v6[12], v6[13]) = (0x88, 0x92);
        assert!(is_ip(&v6[..48]) && !is_ip(&v6[..47]));
        (v6[12], v6[13], v6[14]) = (8, 0, 0x45);
        assert!(!is_ip(&v6[..48]));
    }

    #[test]
    fn another_link_type_makes_no_sense_of_a_frame() {
        let mut ip = [0; 40];
        (ip[0], ip[3], ip[9], ip[12], ip[13]) = (0x45, 40, 17, 192, 168);
        let ethernet = frame(0x0800, &ip);
        assert!(likely(1, &ethernet, 0) && likely(101, &ip, 0));
        assert!(!likely(101, &ethernet, 0) && !likely(1, &ip, 0));
        // Cut by the capture, and cut though the capture says that it is whole.
        assert!(likely(101, &ip[..30], 10) && !likely(101, &ip[..30], 0));
    }
}
