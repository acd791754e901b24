//! Whatever the bytes are, reading ends well; order within the window does not matter.

use crate::{events, try_events};
use hangtu_record::Fields;
use proptest::prelude::*;

const SEEDS: [&str; 7] = [
    "type=SYSCALL msg=audit(1767312000.125:7): arch=c000003e syscall=42 pid=1 key=\"a\"\ntype=SOCKADDR msg=audit(1767312000.125:7): saddr=020001BB0A140203\ntype=EOE msg=audit(1767312000.125:7): \n",
    "Mar  2 06:00:00 h sshd[1]: Failed password for root from 10.0.0.1 port 22 ssh2\n<34>1 2026-03-02T06:00:00Z h a 1 - [a b=\"c\"] m\n",
    "{\"__REALTIME_TIMESTAMP\":\"1772402400123456\",\"MESSAGE\":\"x\",\"_COMM\":\"su\"}\n",
    "__CURSOR=s\n__REALTIME_TIMESTAMP=1772402400123456\nMESSAGE\n\u{3}\0\0\0\0\0\0\0abc\n\n",
    "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-03-02T06:00:01Z'/></System><EventData><Data Name='a'>b</Data></EventData></Event>",
    "{\"Event\":{\"System\":{\"EventID\":1,\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2026-03-02T06:00:01Z\"}}},\"EventData\":{\"a\":1}}}\n",
    "时间,用户名,行为,结果\n2026-03-02 14:00:00,\"a\",登录,成功\n",
];

fn plain(events: &[Fields]) -> Vec<String> {
    let mut out: Vec<_> =
        events.iter().map(|e| format!("{:?} {:?}", e.time, e.iter().collect::<Vec<_>>())).collect();
    out.sort();
    out
}

fn audit_lines() -> Vec<String> {
    let mut out = Vec::new();
    for serial in 0..12 {
        let id = format!("msg=audit(1767312000.{:03}:{serial})", serial % 3);
        out.push(format!("type=SYSCALL {id}: arch=c000003e syscall=59 success=yes pid={serial}"));
        for argument in 0..3 {
            out.push(format!("type=EXECVE {id}: a{argument}=\"v{argument}\""));
            out.push(format!("type=PATH {id}: item={argument} name=\"/p{argument}\""));
        }
        out.push(format!("type=CWD {id}: cwd=\"/\""));
        out.push(format!("type=EOE {id}: "));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read_to_the_end(
        seed in 0..SEEDS.len(), noise in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = SEEDS[seed].repeat(3).into_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..at, noise);
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Some((_, summary)) = try_events(&bytes) {
            for damage in &summary.damages.list {
                prop_assert!(damage.offset <= bytes.len() as u64);
            }
        }
    }

    #[test]
    fn the_order_of_audit_records_does_not_matter(
        lines in Just(audit_lines()).prop_shuffle(),
    ) {
        let (straight, _) = events(audit_lines().join("\n").as_bytes());
        let (mixed, _) = events(lines.join("\n").as_bytes());
        prop_assert_eq!(straight.len(), 12);
        prop_assert_eq!(plain(&straight), plain(&mixed));
    }

    #[test]
    fn what_stands_before_a_cut_is_kept(seed in 0..SEEDS.len(), cut in 0_usize..2000) {
        let one = SEEDS[seed];
        // Audit records of one serial would be one event.
        let whole: String = (0..5).map(|n| one.replace(":7)", &format!(":{n})"))).collect();
        let (all, _) = events(whole.as_bytes());
        let cut = one.len() + cut % (whole.len() - one.len());
        let (some, _) = events(&whole.as_bytes()[..cut]);
        // Entries that end before the cut are there, and the same.
        let kept = all.iter().zip(all.iter().skip(1))
            .take_while(|(_, next)| next.origin.offset as usize <= cut).count();
        prop_assert!(some.len() >= kept, "{} of {kept}", some.len());
        for (a, b) in all.iter().zip(&some).take(kept) {
            prop_assert_eq!(a, b);
        }
    }
}
