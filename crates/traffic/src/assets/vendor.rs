//! Who made a network interface, by the IEEE registry (MA-L, MA-M, MA-S, IAB).

use hangtu_record::Mac;

// ENTRIES: prefixes (at the top of 48 bits, and in 8 bits below how long) and where the name is, in order.
include!(concat!(env!("OUT_DIR"), "/vendors.rs"));
static NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/vendors.txt"));

/// The maker of the longest prefix that is known.
pub(super) fn vendor(mac: Mac) -> Option<&'static str> {
    // Locally administered addresses name no maker.
    if mac.0[0] & 2 != 0 {
        return None;
    }
    let [a, b, c, d, e, f] = mac.0;
    let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    [36, 28, 24].into_iter().find_map(|bits| {
        let key = number >> (48 - bits) << (48 - bits) << 8 | bits;
        let at = ENTRIES.binary_search_by_key(&key, |entry| entry.0).ok()?;
        let (_, start, end) = ENTRIES[at];
        NAMES.get(start as usize..end as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_says_the_same() {
        let mut addresses = 0;
        for prefix in oui_data::OUI_ENTRIES.keys() {
            let mut mac = [0x5a; 6];
            for (i, digit) in prefix.chars().enumerate() {
                let digit = digit.to_digit(16).unwrap() as u8;
                mac[i / 2] = if i % 2 == 0 { digit << 4 | 0xa } else { mac[i / 2] & 0xf0 | digit };
            }
            let mac = Mac(mac);
            if mac.0[0] & 2 == 0 {
                addresses += 1;
                let known = oui_data::lookup(&mac.to_string());
                assert_eq!(vendor(mac), known.map(oui_data::OuiData::organization), "{mac}");
            }
        }
        assert!(addresses > 50_000, "{addresses}");
        let all = (0..0x4000_u16).map(|n| Mac([(n >> 6) as u8 & 0xfc, n as u8, 0xa5, 1, 2, 3]));
        let said =
            |mac: &Mac| oui_data::lookup(&mac.to_string()).map(oui_data::OuiData::organization);
        assert!(all.clone().all(|mac| vendor(mac) == said(&mac)));
        assert!(all.filter(|mac| vendor(*mac).is_none()).count() > 1_000);
        assert_eq!(vendor(Mac([0x02, 0, 0, 0, 0, 1])), None);
        assert_eq!(vendor(Mac([0x00, 0x0e, 0x8c, 1, 2, 3])), Some("Siemens AG"));
    }
}
