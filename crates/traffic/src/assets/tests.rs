use super::*;

/// Notes about hosts, each seen in one second, told in the order given.
fn notes(seconds: impl Iterator<Item = u32>) -> AssetNotes {
    let mut notes = AssetNotes::share_of(2);
    for second in seconds {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 | second << 8 | 1);
        notes.arp(Time::new(second.into(), 0), Mac([2, 0, 0, 0, 0, 1]), ip);
    }
    notes
}

#[test]
fn who_was_seen_first_finds_room_whatever_the_order_of_a_map() {
    let kept = || {
        let both = vec![notes(0..20_000), notes((20_000..32_000).rev())];
        let (assets, _) = AssetNotes::together(both).finish(3);
        assets.into_iter().map(|asset| asset.key).collect::<Vec<_>>()
    };
    let first = kept();
    assert_eq!(first.len(), MAX_HOSTS);
    let last = Ipv4Addr::from_bits(0x0a00_0000 | 24_999 << 8 | 1);
    assert_eq!(first.last(), Some(&AssetKey::Ip(last.into())));
    assert_eq!(first, kept());
}
