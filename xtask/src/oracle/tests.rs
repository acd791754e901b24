use super::{ASPECTS, PerProtocol, compare, records, tshark};
use serde_json::{Value, json};

/// tshark's view of one packet.
fn theirs(out: &mut PerProtocol, cells: &[(&str, &str)]) {
    let cell = |field: &str| cells.iter().find(|(name, _)| *name == field).map_or("", |(_, v)| *v);
    tshark::note(out, &tshark::FIELDS.map(cell).join("|"));
}

/// How often both have the same, only hangtu, only tshark, for each aspect.
fn compared(
    protocol: &str,
    operations: &[Value],
    packets: &[&[(&str, &str)]],
) -> [(i64, i64, i64); 3] {
    let (mut a, mut b) = (PerProtocol::new(), PerProtocol::new());
    for operation in operations {
        let mut record = json!({
            "record.kind": "operation", "network.protocol": protocol,
            "source.ip": "10.0.0.1", "destination.ip": "10.0.0.2",
            "operation.outcome": "success", "operation.seen": "both",
        });
        for (name, value) in operation.as_object().into_iter().flatten() {
            record[format!("operation.{name}")] = value.clone();
        }
        records::note(&mut a, &record);
    }
    for cells in packets {
        theirs(&mut b, cells);
    }
    ASPECTS.map(|(aspect, _)| {
        compare(&a[protocol].0[aspect as usize], &b[protocol].0[aspect as usize])
    })
}

const ASKS: [(&str, &str); 3] =
    [("ip.src", "10.0.0.1"), ("ip.dst", "10.0.0.2"), ("tcp.dstport", "502")];
const ANSWERS: [(&str, &str); 3] =
    [("ip.src", "10.0.0.2"), ("ip.dst", "10.0.0.1"), ("tcp.srcport", "502")];

#[test]
fn messages_of_one_packet_are_told_apart() {
    let operations = [
        json!({"code": 3, "unit": 1, "address": 40, "count": 2}),
        json!({"code": 6, "unit": 2, "address": 7, "count": 1, "outcome": "error", "error": 2}),
    ];
    let asked = [
        &ASKS[..],
        &[
            ("modbus.func_code", "3,6"),
            ("mbtcp.unit_id", "1,2"),
            ("modbus.reference_num", "40,7"),
            ("modbus.word_cnt", "2"),
        ],
    ]
    .concat();
    let answered = |exception| {
        let cells = [
            ("modbus.func_code", "3,6"),
            ("mbtcp.len", "7,3"),
            ("modbus.exception_code", exception),
        ];
        [&ANSWERS[..], &cells].concat()
    };
    let same = compared("modbus", &operations, &[&asked, &answered("2")]);
    assert_eq!(same, [(2, 0, 0); 3]);
    // Another error is another outcome.
    let other = compared("modbus", &operations, &[&asked, &answered("3")]);
    assert_eq!(other, [(2, 0, 0), (2, 0, 0), (1, 1, 1)]);
}

#[test]
fn items_and_what_they_are_answered() {
    let operations = [
        json!({
            "code": 5, "object": "DB1.DBB0, QD2 (refused: 2)", "address": 0, "count": 1,
            "outcome": "error", "error": 5
        }),
        json!({"code": 0x7401, "object": "SZL 0x0011", "address": 0}),
    ];
    let asked = [
        &ASKS[..2],
        &[
            ("s7comm.header.rosctr", "1,7"),
            ("s7comm.param.func", "0x05"),
            ("s7comm.param.itemcount", "2"),
            ("s7comm.param.item.syntaxid", "0x10,0x10"),
            ("s7comm.param.item.transp_size", "2,6"),
            ("s7comm.param.item.length", "1,1"),
            ("s7comm.param.item.db", "1,0"),
            ("s7comm.param.item.area", "0x84,0x82"),
            ("s7comm.param.item.address", "0x000000,0x000010"),
            ("s7comm.data.returncode", "0x00,0x00,0xff"),
            ("s7comm.param.userdata.type", "4"),
            ("s7comm.param.userdata.funcgroup", "4"),
            ("s7comm.param.userdata.subfunc", "0x01"),
            ("s7comm.data.userdata.szl_id", "0x0011"),
            ("s7comm.data.userdata.szl_index", "0x0000"),
        ],
    ]
    .concat();
    let answered = [
        &ANSWERS[..2],
        &[
            ("s7comm.header.rosctr", "3,7"),
            ("s7comm.header.errcls", "0x00"),
            ("s7comm.header.errcod", "0x00"),
            ("s7comm.param.func", "0x05"),
            ("s7comm.param.itemcount", "2"),
            ("s7comm.data.returncode", "0xff,0x05,0xff"),
            ("s7comm.param.userdata.type", "8"),
            ("s7comm.param.userdata.funcgroup", "4"),
            ("s7comm.param.userdata.subfunc", "0x01"),
            ("s7comm.param.errcod", "0x0000"),
        ],
    ]
    .concat();
    assert_eq!(compared("s7comm", &operations, &[&asked, &answered]), [(2, 0, 0); 3]);
}

#[test]
fn paths_of_connections_and_routes_are_nobodys_address() {
    let operations = [
        json!({"code": 0x52, "object": "class 0x06 instance 1"}),
        json!({"code": 0x4c, "object": "Line.Speed[3]"}),
        json!({"code": 0x54, "object": "class 0x06 instance 1"}),
        json!({"code": 0x0e, "object": "class 0x8e instance 1 attribute 3"}),
    ];
    let asked = [
        &ASKS[..2],
        &[
            ("cip.service", "0x52,0x4c,0x54,0x0e"),
            (
                "cip.epath",
                "20062401,91044c696e6591055370656564002803,0100,20062401,20022401,208e24013003",
            ),
        ],
    ]
    .concat();
    let answered =
        [&ANSWERS[..2], &[("cip.service", "0xcc,0xd4,0x8e"), ("cip.genstat", "0x00,0x00,0x00")]]
            .concat();
    let [requests, addresses, outcomes] = compared("cip", &operations, &[&asked, &answered]);
    assert_eq!((requests, addresses), ((4, 0, 0), (4, 0, 0)));
    // The carrier is answered by what it carried.
    assert_eq!(outcomes, (3, 0, 0));
}

#[test]
fn controls_say_how_they_ended() {
    let operations = [json!({
        "code": 4, "unit": 10, "object": "g12v1, g41v2", "address": 3, "count": 1,
        "outcome": "error", "error": 2
    })];
    let asked = [
        &ASKS[..2],
        &[
            ("dnp3.dst", "10"),
            ("dnp3.al.func", "4"),
            ("dnp3.al.obj", "0x0c01,0x2902"),
            ("dnp3.al.objq.prefix", "1,1"),
            ("dnp3.al.objq.range", "7,7"),
            ("dnp3.al.range.quantity", "1,1"),
            ("dnp3.al.index", "3,4"),
        ],
    ]
    .concat();
    let answered = [
        &ANSWERS[..2],
        &[
            ("dnp3.al.ctl", "0xc1"),
            ("dnp3.al.func", "129"),
            ("dnp3.al.iin", "0x9000"),
            ("dnp3.al.ctrlstatus", "0,2"),
        ],
    ]
    .concat();
    assert_eq!(compared("dnp3", &operations, &[&asked, &answered]), [(1, 0, 0); 3]);
}

#[test]
fn negative_confirmations_are_outcomes() {
    let operations = [json!({
        "code": 46, "unit": 3, "address": 10001, "count": 1, "outcome": "error", "error": 0x47
    })];
    let asdu = |ends: &[(&'static str, &'static str)], cause, negative| {
        let cells = [
            ("iec60870_asdu.typeid", "46"),
            ("iec60870_asdu.causetx", cause),
            ("iec60870_asdu.nega", negative),
            ("iec60870_asdu.test", "0"),
            ("iec60870_asdu.addr", "3"),
            ("iec60870_asdu.ioa", "10001"),
            ("iec60870_asdu.numix", "1"),
        ];
        [ends, &cells].concat()
    };
    let (asked, answered) = (asdu(&ASKS[..2], "6", "0"), asdu(&ANSWERS[..2], "7", "1"));
    assert_eq!(compared("iec104", &operations, &[&asked, &answered]), [(1, 0, 0); 3]);
}
