use crate::{
    assets::Inventory,
    decode::{Output, Side, drive},
    protocol::enip::REGISTRATION,
};
use hangtu_record::{Operation, Outcome, Seen, Transport};

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

/// A request of that service.
fn ask(code: u8, path: &[u8], data: &[u8]) -> Vec<u8> {
    [&[code, path.len() as u8 / 2][..], path, data].concat()
}

/// The path of a tag with a name of an even length.
fn tag(name: &str) -> Vec<u8> {
    [&[0x91, name.len() as u8][..], name.as_bytes()].concat()
}

/// That message inside an Unconnected Send.
fn sent(message: &[u8]) -> Vec<u8> {
    let data = [&[7, 0xe9, message.len() as u8, 0][..], message, &[1, 0, 1, 0]].concat();
    ask(0x52, &[0x20, 6, 0x24, 1], &data)
}

/// What was done and what came of it, a line each, in the order of the requests.
fn lines(segments: &[(Side, Vec<u8>)]) -> String {
    let mut operations = told(segments).records.operations;
    operations.sort_by_key(|op| op.origin);
    let line = |op: &Operation| {
        let count = op.count.map(|n| format!(" x{n}")).unwrap_or_default();
        let error = op.error.map(|n| format!(" {n:#x} {}", op.error_name)).unwrap_or_default();
        let (verb, outcome) = (op.verb.name(), op.outcome.name());
        let (function, object, value) = (op.function, &op.object, &op.value);
        format!("{verb} {function}, {object}{count} = {value}: {outcome}{error}\n")
    };
    operations.iter().map(line).collect()
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

#[test]
fn pccc_is_refused_by_its_own_status() {
    let requester: [u8; 7] = [7, 0x4d, 0, 0x78, 0x56, 0x34, 0x12];
    let mut segments = Vec::new();
    let mut exchange = |function: &[u8], status: &[u8]| {
        let context = segments.len() as u64;
        let data = [&requester[..], &[0x0f, 0, 7, 0], function].concat();
        segments.push((Side::Client, alone(context, &ask(0x4b, &[0x20, 0x67, 0x24, 1], &data))));
        let (status, extended) = status.split_at(1);
        let say = [&[0xcb, 0, 0, 0][..], &requester, &[0x4f], status, &[7, 0], extended].concat();
        segments.push((Side::Server, alone(context, &say)));
    };
    exchange(&[0xaa, 2, 7, 0x89, 0, 0, 5, 0], &[0xf0, 0x0b]);
    exchange(&[0x80, 6], &[0x10]);
    exchange(&[0x80, 7], &[0]);
    exchange(&[0x3a, 1], &[0]);
    exchange(&[0x3a, 2], &[0]);
    exchange(&[0x41], &[0]);
    let object = |function: u8| format!("pccc command 0x0f function {function:#04x} = : ");
    let expected = [
        ("write PCCC Protected Typed Write", 0xaa, "error 0xbf0 Access denied, improper privilege"),
        ("start PCCC Change Mode: Remote Run", 0x80, "error 0x10 Illegal command or format"),
        ("stop PCCC Change Mode: Remote Test", 0x80, "success"),
        ("stop PCCC Set CPU Mode: Remote Program or Test", 0x3a, "success"),
        ("start PCCC Set CPU Mode: Remote Run", 0x3a, "success"),
        ("write PCCC Disable Forces", 0x41, "success"),
    ];
    let expected =
        expected.map(|(told, function, end)| format!("{told}, {}{end}\n", object(function)));
    assert_eq!(lines(&segments), expected.concat());
}

#[test]
fn tag_services_say_how_many_and_which_values() {
    let motor = tag("Motor1");
    let requests = [
        ask(0x4c, &motor, &[20, 0]),
        ask(0x4d, &motor, &[0xc4, 0, 1, 0, 0xfe, 0xff, 0xff, 0xff]),
        // A structure: type, handle, count.
        ask(0x4d, &motor, &[0xa0, 2, 0xce, 0x0f, 1, 0, 5, 6]),
        ask(0x4e, &motor, &[4, 0, 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]),
        ask(0x52, &motor, &[10, 0, 0, 0, 0, 0]),
        ask(0x53, &motor, &[0xc3, 0, 9, 0, 4, 0, 0, 0, 7, 0]),
        ask(0x04, &[0x20, 4, 0x24, 1], &[1, 0, 5, 0, 2, 6]),
        // Not tags: a Forward Close, and what the class does not tell.
        ask(0x4e, &[0x20, 6, 0x24, 1], &[7, 0xe9]),
        ask(0x4e, &[], &[4, 0]),
    ];
    let numbered = requests.iter().zip(0..);
    let segments: Vec<_> =
        numbered.map(|(message, context)| (Side::Client, alone(context, message))).collect();
    insta::assert_snapshot!(lines(&segments), @"
    read Read Tag, Motor1 x20 = : unanswered
    write Write Tag, Motor1 x1 = -2: unanswered
    write Write Tag, Motor1 x1 = 0506: unanswered
    write Read Modify Write Tag, Motor1 = or 01000000 and feffffff: unanswered
    read Read Tag Fragmented, Motor1 x10 = : unanswered
    write Write Tag Fragmented, Motor1 x9 = 7: unanswered
    write Set Attribute List, class 0x04 instance 1 x1 = 05000206: unanswered
    disconnect Forward Close, class 0x06 instance 1 = : unanswered
    other ,  = : unanswered
    ");
}

#[test]
fn a_fragmented_read_inside_an_unconnected_send_has_its_own_answer() {
    let told = |reply: &[u8]| {
        let read = sent(&ask(0x52, &tag("Recipe"), &[10, 0, 0, 0, 0, 0]));
        lines(&[(Side::Client, alone(1, &read)), (Side::Server, alone(1, reply))])
    };
    let carrier = "other Unconnected Send, class 0x06 instance 1 = : ";
    let read = "read Read Tag Fragmented, Recipe x10 = : ";
    let own: [(&[u8], &str); 4] = [
        (&[0xd2, 0, 0, 0, 0xc4, 0, 7, 0, 0, 0], "success"),
        (&[0xd2, 0, 6, 0, 0xc4, 0, 7, 0, 0, 0], "success 0x6 Partial transfer"),
        (&[0xd2, 0, 5, 0], "error 0x5 Path destination unknown"),
        (&[0xd2, 0, 0xff, 1, 5, 0x21], "error 0x210500ff "),
    ];
    for (reply, end) in own {
        assert_eq!(told(reply), format!("{carrier}success\n{read}{end}\n"));
    }
    // A port that is not there, and a bad segment with the size of the path that was left.
    let routing: [(&[u8], &str); 2] = [
        (&[0xd2, 0, 1, 1, 0x11, 3], "error 0x3110001 Connection failure"),
        (&[0xd2, 0, 4, 0, 1], "error 0x4 Path segment error"),
    ];
    for (reply, end) in routing {
        assert_eq!(told(reply), format!("{read}{end}\n{carrier}{end}\n"));
    }
    // Forwarded, and not heard of again.
    let (end, late) = ("error 0x2040001 Connection failure", "unanswered");
    assert_eq!(told(&[0xd2, 0, 1, 1, 4, 2]), format!("{read}{late}\n{carrier}{end}\n"));
}

#[test]
fn what_a_refused_carrier_brought_was_refused() {
    let write = |name: &str| ask(0x4d, &tag(name), &[0xc3, 0, 1, 0, 5, 0]);
    let (one, two) = (write("A1"), write("B2"));
    let both = multiple(&[0x0a, 2, 0x20, 2, 0x24, 1], &[6, 6 + one.len()], &[one, two].concat());
    let told = |asked: &[u8], said: Vec<u8>| {
        lines(&[(Side::Client, alone(1, asked)), (Side::Server, said)])
    };
    let packet =
        |end: &str| format!("other Multiple Service Packet, class 0x02 instance 1 = : {end}\n");
    let writes = |end: &str| {
        ["A1", "B2"].map(|tag| format!("write Write Tag, {tag} x1 = 5: {end}\n")).concat()
    };
    let carrier = |end: &str| format!("other Unconnected Send, class 0x06 instance 1 = : {end}\n");
    let end = "error 0x8 Service not supported";
    assert_eq!(told(&both, alone(1, &[0x8a, 0, 8, 0])), packet(end) + &writes(end));
    let (whole, inside) = (sent(&both), packet(end) + &writes(end));
    assert_eq!(told(&whole, alone(1, &[0x8a, 0, 8, 0])), carrier("success") + &inside);
    let end = "error 0x3120001 Connection failure";
    let route = alone(1, &[0xd2, 0, 1, 1, 0x12, 3, 1, 0]);
    assert_eq!(told(&whole, route), packet(end) + &carrier(end) + &writes(end));
    // Some of the services failed: each has its own answer.
    let each = multiple(&[0x8a, 0, 0x1e, 0], &[6, 10], &[0xcd, 0, 0, 0, 0xcd, 0, 5, 0]);
    let some = told(&both, alone(1, &each));
    assert!(some.contains("A1 x1 = 5: success"), "{some}");
    assert!(some.contains("B2 x1 = 5: error 0x5 Path destination unknown"), "{some}");
    // The encapsulation refused it: invalid session handle.
    let mut refused = vec![0x6f, 0, 0, 0, 7, 0, 0, 0, 0x64, 0, 0, 0, 1];
    refused.resize(24, 0);
    let end = "error 0x64 ";
    assert_eq!(told(&both, refused), packet(end) + &writes(end));
    // Of an earlier request with the same context nothing is said.
    let again = [
        (Side::Client, alone(1, &both)),
        (Side::Client, alone(1, &multiple(&[0x0a, 2, 0x20, 2, 0x24, 1], &[], &[]))),
        (Side::Server, alone(1, &[0x8a, 0, 8, 0])),
    ];
    let end = "error 0x8 Service not supported";
    assert_eq!(lines(&again), packet("unanswered") + &writes("unanswered") + &packet(end));
}

#[test]
fn what_a_service_does_depends_on_its_object() {
    let verb = |code: u8, class: u8| {
        let told = lines(&[(Side::Client, alone(1, &ask(code, &[0x20, class, 0x24, 1], &[0; 4])))]);
        told.split(' ').next().unwrap().to_owned()
    };
    // Of a program what it is made of, and a value of it.
    assert_eq!(
        [0x08, 0x04, 0x50, 0x4f, 0x09].map(|code| verb(code, 0x68)),
        ["download", "download", "download", "upload", "delete"]
    );
    assert_eq!(
        [verb(0x08, 0x6b), verb(0x4d, 0x6b), verb(0x4d, 0x6c)],
        ["download", "write", "download"]
    );
    // Assembly, motor; address, port of a switch, controller; clocks.
    assert_eq!([4, 0x28].map(|class| verb(0x10, class)), ["write", "write"]);
    assert_eq!([0xf5, 0xf6, 0x8e].map(|class| verb(0x10, class)), ["configure"; 3]);
    assert_eq!([0x43, 0x8b].map(|class| verb(0x04, class)), ["set-time"; 2]);
    // The note of who works on the controller, lists of an operator station, one object of many.
    assert_eq!(verb(0x04, 0xac), "other");
    assert_eq!(
        [0x08, 0x09, 0x05].map(|code| verb(code, 0xb2)),
        ["subscribe", "unsubscribe", "unsubscribe"]
    );
    assert_eq!([1, 0x8e, 0x04].map(|class| verb(0x05, class)), ["restart", "restart", "configure"]);
    // A controller taken and given back; services of classes that have no tags.
    assert_eq!([0x4b, 0x4c].map(|code| verb(code, 0x8e)), ["connect", "disconnect"]);
    assert_eq!(
        [0x4c, 0x4e, 0x51, 0x53, 0x54].map(|code| verb(code, 0x39)),
        ["configure", "diagnose", "authenticate", "configure", "restart"]
    );
    assert_eq!([verb(0x4c, 0x47), verb(0x4c, 0xf6)], ["configure", "diagnose"]);
}

#[test]
fn attributes_refused_in_part() {
    let request = ask(0x04, &[0x20, 4, 0x24, 1], &[2, 0, 1, 0, 7, 0, 2, 0, 8, 0]);
    let ended = |statuses: [u8; 2]| {
        let [one, two] = statuses;
        let response = [0x84, 0, 0x0a, 0, 2, 0, 1, 0, one, 0, 2, 0, two, 0];
        let told =
            lines(&[(Side::Client, alone(1, &request)), (Side::Server, alone(1, &response))]);
        told.trim_end().rsplit_once(": ").unwrap().1.to_owned()
    };
    assert_eq!(ended([0, 9]), "partial 0xa Attribute list error");
    assert_eq!(ended([9, 0]), "partial 0xa Attribute list error");
    assert_eq!(ended([9, 9]), "error 0xa Attribute list error");
}

#[test]
fn pccc_commands_do_what_their_function_says() {
    let told = |command: u8, function: u8| {
        let data = [7, 0x4d, 0, 0x78, 0x56, 0x34, 0x12, command, 0, 7, 0, function, 0, 0];
        let request = alone(1, &ask(0x4b, &[0x20, 0x67, 0x24, 1], &data));
        let op = told(&[(Side::Client, request)]).records.operations.remove(0);
        assert_eq!(op.address, None);
        op.verb.name()
    };
    assert_eq!(
        [0, 1, 3, 4, 5, 6].map(|function| told(7, function)),
        ["stop", "start", "start", "download", "other", "upload"]
    );
    assert_eq!(
        [3, 4, 5, 6, 7, 8, 9, 0x0a].map(|function| told(0x0f, function)),
        ["write", "read", "download", "upload", "stop", "write", "read", "restart"]
    );
    assert_eq!([told(2, 0), told(5, 0), told(0x0f, 0x5e)], ["write", "write", "configure"]);
    assert_eq!([2, 3, 4].map(|function| told(6, function)), ["configure", "identify", "configure"]);
}
