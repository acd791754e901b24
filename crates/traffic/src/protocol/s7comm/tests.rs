use super::*;
use crate::{
    decode::{drive, held},
    protocol::show,
};
use hangtu_record::Transport;

fn message(kind: u8, reference: u16, error: Option<u16>, parameter: &[u8], data: &[u8]) -> Vec<u8> {
    let mut s7 = vec![0x32, kind, 0, 0];
    s7.extend(reference.to_be_bytes());
    s7.extend((parameter.len() as u16).to_be_bytes());
    s7.extend((data.len() as u16).to_be_bytes());
    s7.extend(error.into_iter().flat_map(u16::to_be_bytes));
    s7.extend(parameter);
    s7.extend(data);
    let mut out = vec![3, 0];
    out.extend((s7.len() as u16 + 7).to_be_bytes());
    out.extend([2, 0xf0, 0x80]);
    out.extend(s7);
    out
}

#[test]
fn a_station_reads_writes_loads_and_stops() {
    let write = [5, 1, 0x12, 10, 0x10, 4, 0, 1, 0, 12, 0x84, 0, 0, 0x40];
    let stop = [0x29, 0, 0, 0, 0, 0, 9, b'P', b'_', b'P', b'R', b'O', b'G', b'R', b'A', b'M'];
    let mut download = vec![0x1a, 0, 1, 0, 0, 0, 0, 0, 9];
    download.extend(b"_0800001P");
    let szl = [0, 1, 0x12, 4, 0x11, 0x44, 1, 0];
    let szl_answer = [0, 1, 0x12, 8, 0x12, 0x84, 1, 1, 0, 0, 0, 0];
    let mut order = vec![0xff, 9, 0, 36, 0, 0x11, 0, 0, 0, 28, 0, 1, 0, 1];
    order.extend(b"6ES7 315-2EH14-0AB0 ");
    order.extend([0; 6]);
    let segments = [
        (Side::Client, message(1, 1, None, &write, &[0, 4, 0, 16, 1, 244])),
        (Side::Server, message(3, 1, Some(0), &[5, 1], &[0x0a])),
        (Side::Client, message(1, 2, None, &download, &[])),
        (Side::Server, message(3, 2, Some(0), &[0x1a], &[])),
        (
            Side::Server,
            message(
                1,
                9,
                None,
                &{
                    let mut b = download.clone();
                    b[0] = 0x1b;
                    b
                },
                &[],
            ),
        ),
        (Side::Client, message(3, 9, Some(0), &[0x1b, 0], &[])),
        (Side::Client, message(1, 3, None, &stop, &[])),
        (Side::Client, message(7, 4, None, &szl, &[0xff, 9, 0, 4, 0, 0x11, 0, 1])),
        (Side::Server, message(7, 4, None, &szl_answer, &order)),
    ];
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
    insta::assert_snapshot!(show(&out));
    let first = &segments[0].1;
    let peek = Peek { bytes: first, by_port: None, transport: Transport::Tcp };
    assert_eq!((REGISTRATION.probe)(peek), Verdict::Yes(Some(Side::Client)));
}

#[test]
fn fragments_are_counted_until_the_last_one() {
    let fragment = |last: u8| {
        let mut frame = message(1, 1, None, &[4, 0], &[0; 100]);
        frame[6] = last;
        frame
    };
    let (first, last) = (fragment(0), fragment(0x80));
    let kept = held(&REGISTRATION, [(Side::Client, &first[..])]);
    assert!((112..1000).contains(&kept), "{kept}");
    assert_eq!(held(&REGISTRATION, [(Side::Client, &first[..]), (Side::Client, &last[..])]), 0);
}
