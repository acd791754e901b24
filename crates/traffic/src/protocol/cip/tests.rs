use crate::{
    assets::Inventory,
    decode::{Output, Side, drive},
    protocol::enip::REGISTRATION,
};
use hangtu_record::{Outcome, Seen, Transport};

const IDENTITY: [u8; 4] = [0x20, 1, 0x24, 1];

fn frame(command: u8, context: u64, address: &[u8], item: u8, message: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, 0, 0, 2, 0];
    body.extend(address);
    body.extend([item, 0]);
    body.extend((message.len() as u16).to_le_bytes());
    body.extend(message);
    let mut out = vec![command, 0];
    out.extend((body.len() as u16).to_le_bytes());
    out.extend([7, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(context.to_le_bytes());
    out.extend([0; 4]);
    out.extend(body);
    out
}

/// A message without a connection.
fn alone(context: u64, message: &[u8]) -> Vec<u8> {
    frame(0x6f, context, &[0; 4], 0xb2, message)
}

/// A message over a connection.
fn connected(connection: u8, sequence: u8, message: &[u8]) -> Vec<u8> {
    let message = [&[sequence, 0][..], message].concat();
    frame(0x70, 0, &[0xa1, 0, 4, 0, connection, 0, 0, 0], 0xb1, &message)
}

fn told(segments: &[(Side, Vec<u8>)]) -> Output {
    drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(side, b)| (*side, &b[..]))).0
}

/// Instance, outcome and sides seen, in the order of the requests.
fn outcomes(segments: &[(Side, Vec<u8>)]) -> Vec<(Option<u32>, Outcome, Seen)> {
    let mut operations = told(segments).records.operations;
    operations.sort_by_key(|op| op.origin);
    operations.iter().map(|op| (op.address, op.outcome, op.seen)).collect()
}

/// What is known of assets: name of the fact and value.
fn learnt(segments: &[(Side, Vec<u8>)]) -> Vec<String> {
    let found = Inventory::new(vec![told(segments).assets], 1);
    let facts = found.assets.iter().flat_map(|asset| &asset.facts);
    let mut facts: Vec<_> = facts.map(|f| format!("{} {}", f.name.name(), f.value)).collect();
    facts.sort();
    facts
}

/// Count and offsets, then the messages.
fn multiple(head: &[u8], offsets: &[usize], messages: &[u8]) -> Vec<u8> {
    let mut out = head.to_vec();
    out.extend((offsets.len() as u16).to_le_bytes());
    out.extend(offsets.iter().flat_map(|o| (*o as u16).to_le_bytes()));
    out.extend(messages);
    out
}

/// One message named thirty-two times, with an empty one between.
fn again(head: &[u8], message: &[u8]) -> Vec<u8> {
    let start = 2 + 2 * 64;
    multiple(head, &[start, start + message.len()].repeat(32), message)
}

#[test]
fn no_byte_is_taken_for_two_messages() {
    let ask = [0x0a, 2, 0x20, 2, 0x24, 1];
    let say = [0x8a, 0, 0, 0];
    let get = [&[0x0e, 2][..], &IDENTITY].concat();
    let asked = again(&ask, &again(&ask, &again(&ask, &get)));
    assert_eq!(asked.len(), 414);
    assert_eq!(told(&[(Side::Client, alone(1, &asked))]).operation_count, 4);
    let said = again(&say, &again(&say, &again(&say, &[0x8e, 0, 0, 0])));
    assert_eq!(told(&[(Side::Server, alone(1, &said))]).operation_count, 4);
    // One that begins within the offsets.
    let within = multiple(&ask, &[2, 6], &get);
    assert_eq!(told(&[(Side::Client, alone(1, &within))]).operation_count, 2);
}

#[test]
fn a_frame_has_so_many_messages() {
    let offsets: Vec<usize> = (0..100).map(|i| 202 + 2 * i).collect();
    let asked = multiple(&[0x0a, 2, 0x20, 2, 0x24, 1], &offsets, &[0x4c_u8, 0].repeat(100));
    let out = told(&[(Side::Client, alone(1, &asked))]);
    assert_eq!((out.operation_count, out.unreadable), (64, vec![("cip", 1)]));
}

#[test]
fn connections_with_the_same_count_keep_their_outcomes() {
    let write = |instance: u8| [0x10, 3, 0x20, 4, 0x24, instance, 0x30, 3, 1];
    let (refuse, agree) = ([0x90, 0, 0x0f, 0], [0x90, 0, 0, 0]);
    let open = |context: u64, there: u8, back: u8| {
        let ids = [there, 0, 0, 0, back, 0, 0, 0];
        [
            (Side::Client, alone(context, &[0x54, 2, 0x20, 6, 0x24, 1])),
            (Side::Server, alone(context, &[&[0xd4, 0, 0, 0][..], &ids].concat())),
        ]
    };
    let exchange = [
        (Side::Client, connected(0xa0, 1, &write(1))),
        (Side::Client, connected(0xb0, 1, &write(2))),
        (Side::Server, connected(0xa1, 1, &refuse)),
        (Side::Server, connected(0xb1, 1, &agree)),
    ];
    let both = |instance: u32, outcome: Outcome| (Some(instance), outcome, Seen::Both);
    let opened = both(1, Outcome::Success);
    let known = [&open(1, 0xa0, 0xa1)[..], &open(2, 0xb0, 0xb1), &exchange].concat();
    let answered = [both(1, Outcome::Error), both(2, Outcome::Success)];
    assert_eq!(outcomes(&known), [&[opened; 2][..], &answered].concat());
    // The other is known when one is.
    let known = [&open(1, 0xa0, 0xa1)[..], &exchange].concat();
    assert_eq!(outcomes(&known), [&[opened][..], &answered].concat());
    // Neither was opened in sight: two that wait are not guessed at, one is.
    let unanswered = |instance: u32| (Some(instance), Outcome::Unanswered, Seen::Request);
    let unasked = |outcome: Outcome| (None, outcome, Seen::Response);
    assert_eq!(
        outcomes(&exchange),
        [unanswered(1), unanswered(2), unasked(Outcome::Error), unasked(Outcome::Success)]
    );
    let [one, _, response, _] = exchange;
    assert_eq!(outcomes(&[one, response]), [both(1, Outcome::Error)]);
}

#[test]
fn single_attributes_say_who_the_device_is() {
    let get = |context: u64, path: &[u8], value: &[u8]| {
        let ask = [&[0x0e, path.len() as u8 / 2][..], path].concat();
        let say = [&[0x8e, 0, 0, 0][..], value].concat();
        [(Side::Client, alone(context, &ask)), (Side::Server, alone(context, &say))]
    };
    let attribute = |number: u8| [0x20, 1, 0x24, 1, 0x30, number];
    let single = [
        get(1, &attribute(1), &[0x32, 2]),
        get(2, &attribute(4), &[3, 7]),
        get(3, &attribute(6), &[0x78, 0x56, 0x34, 0x12]),
        get(4, &attribute(7), b"\x05PLC-X"),
        // Neither an attribute of the class nor one of another class is one of the device.
        get(5, &[0x20, 1, 0x24, 0, 0x30, 1], &[1, 0]),
        get(6, &[0x20, 4, 0x24, 1, 0x30, 7], b"\x05other"),
    ];
    let expected = [
        "device.firmware 3.7",
        "device.manufacturer Phoenix Contact",
        "device.model.name PLC-X",
        "device.serial_number 12345678",
    ];
    assert_eq!(learnt(&single.concat()), expected);
    // The same as a list, in which one attribute is refused.
    let ask = [&[0x03, 2][..], &IDENTITY, &[5, 0, 1, 0, 7, 0, 99, 0, 4, 0, 6, 0]].concat();
    let mut say = vec![0x83, 0, 0x0a, 0, 5, 0, 1, 0, 0, 0, 0x32, 2];
    say.extend(b"\x07\0\0\0\x05PLC-X\x63\0\x14\0\x04\0\0\0\x03\x07\x06\0\0\0\x78\x56\x34\x12");
    let list = [(Side::Client, alone(1, &ask)), (Side::Server, alone(1, &say))];
    assert_eq!(learnt(&list), expected);
}
