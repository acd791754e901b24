//! EVTX through the public door: files made here, whole and broken, and real ones where they are.

mod broken;
mod real;
mod synth;

use hangtu_evidence::{Damage, Input};
use hangtu_logs::{Observer, Settings, read};
use hangtu_record::Fields;
use std::{fmt::Write as _, io, net::Ipv4Addr};
use synth::{
    Chunk, Content, Element, TIME, Template, Val, data, event, file, leaf, string, system, utf16,
};

#[derive(Default)]
pub(crate) struct Events(pub(crate) Vec<Fields>);

impl Observer for Events {
    fn event(&mut self, event: &Fields) -> io::Result<()> {
        self.0.push(event.clone());
        Ok(())
    }
}

pub(crate) fn read_all(input: Input) -> (Vec<Fields>, Vec<Damage>) {
    let mut events = Events::default();
    let settings = Settings::default();
    let summary = read(&[input], 0, &settings, &mut events).expect("a log");
    assert_eq!(summary.inputs[0].entries, events.0.len() as u64);
    (events.0, summary.inputs[0].damages.list.clone())
}

pub(crate) fn read_bytes(bytes: &[u8]) -> (Vec<Fields>, Vec<Damage>) {
    read_all(Input::Memory("made".into(), bytes.into()))
}

fn shown(bytes: &[u8]) -> String {
    let (events, damages) = read_bytes(bytes);
    let mut out = String::new();
    for event in &events {
        let origin = event.origin;
        let time = event.time.to_rfc3339();
        writeln!(out, "#{} @{} {time}", origin.number, origin.offset).expect("writes");
        for (name, value) in event.iter() {
            writeln!(out, "  {name} = {value}").expect("writes");
        }
    }
    for damage in damages {
        writeln!(out, "{damage:?}").expect("writes");
    }
    out
}

const AUDITING: &str = "Microsoft-Windows-Security-Auditing";

/// Log-ons as Windows writes them: the section is BinXML in a value of the event's template.
pub(crate) fn log_ons(count: u64) -> (Vec<u8>, Vec<usize>) {
    let outer = Template(1, event(Content::Optional(9)));
    let names = ["TargetUserName", "TargetDomainName", "LogonType", "IpAddress", "IpPort"];
    let fields = names.iter().zip(0..).map(|(name, slot)| data(name, Content::Slot(slot)));
    let inner = Template(2, Element("EventData", vec![], fields.collect()));
    let mut chunk = Chunk::new();
    let offsets = (1..=count).map(|record| {
        let section = vec![
            string(if record % 2 == 0 { "工程师" } else { "operator" }),
            string("PLANT"),
            Val::Plain(0x08, 10_u32.to_le_bytes().to_vec()),
            string(&Ipv4Addr::new(10, 20, 2, record as u8).to_string()),
            string("-"),
        ];
        let section = Val::Instance(inner.clone(), section);
        chunk.record(&outer, &system(AUDITING, 4624, record, vec![section]))
    });
    let offsets = offsets.collect();
    (chunk.finish(), offsets)
}

#[test]
fn log_ons_through_two_templates() {
    insta::assert_snapshot!(shown(&file(&[log_ons(2).0])));
}

#[test]
fn values_of_every_type() {
    let le = |n: u64, size: usize| n.to_le_bytes()[..size].to_vec();
    let sid = [&[1, 2, 0, 0, 0, 0, 0, 5][..], &le(32, 4), &le(544, 4)].concat();
    let guid: Vec<u8> = (1..=16).collect();
    let clock: Vec<u8> =
        [2026_u16, 3, 1, 2, 6, 0, 0, 123].into_iter().flat_map(u16::to_le_bytes).collect();
    let values: Vec<(&str, u8, Vec<u8>)> = vec![
        ("Null", 0x00, vec![]),
        ("String", 0x01, utf16("阀门 PV-101 <open>\0")),
        ("AnsiUtf8", 0x02, "阀门\0".into()),
        ("AnsiGbk", 0x02, vec![0xb7, 0xa7, 0xc3, 0xc5]),
        ("Ansi1252", 0x02, vec![b'M', 0xfc, b' ', 0xff]),
        ("Int8", 0x03, vec![0x80]),
        ("UInt8", 0x04, vec![0xff]),
        ("Int16", 0x05, le(0x8000, 2)),
        ("UInt16", 0x06, le(0xffff, 2)),
        ("Int32", 0x07, le(0x8000_0000, 4)),
        ("UInt32", 0x08, le(0xffff_ffff, 4)),
        ("Int64", 0x09, le(1 << 63, 8)),
        ("UInt64", 0x0a, le(u64::MAX, 8)),
        ("Real32", 0x0b, 1.5_f32.to_le_bytes().into()),
        ("Real64", 0x0c, (-0.1_f64).to_le_bytes().into()),
        ("True", 0x0d, le(1, 4)),
        ("False", 0x0d, le(0, 4)),
        ("Binary", 0x0e, vec![0xde, 0xad, 0x0b]),
        ("Guid", 0x0f, guid.clone()),
        ("Pointer32", 0x10, le(0x1000, 4)),
        ("Pointer64", 0x10, le(0x7ffe_0000_1000, 8)),
        ("FileTime", 0x11, le(TIME + 1_230_000, 8)),
        ("FileTimeFine", 0x11, le(TIME + 7, 8)),
        ("SystemTime", 0x12, clock),
        ("Sid", 0x13, sid.clone()),
        ("HexInt32", 0x14, le(0xc000_006d, 4)),
        ("HexInt64", 0x15, le(0, 8)),
        ("Handle", 0x20, le(0x2f4, 8)),
        ("Xml", 0x23, utf16("<a/>")),
        ("Strings", 0x81, utf16("one\0\0three\0")),
        ("AnsiStrings", 0x82, b"one\0two".to_vec()),
        ("Words", 0x86, [le(1, 2), le(2, 2)].concat()),
        ("Guids", 0x8f, [guid.clone(), guid].concat()),
        ("Sids", 0x93, [sid.clone(), sid].concat()),
        ("TooShort", 0x08, vec![1, 2]),
        ("Unknown", 0x7f, vec![1, 2]),
    ];
    let fields = values.iter().zip(9..).map(|((name, ..), slot)| data(name, Content::Slot(slot)));
    let section = Content::Child(Element("EventData", vec![], fields.collect()));
    let values = values.into_iter().map(|(_, kind, bytes)| Val::Plain(kind, bytes)).collect();
    let mut chunk = Chunk::new();
    chunk.record(&Template(1, event(section)), &system("Vendor", 1, 1, values));
    insta::assert_snapshot!(shown(&file(&[chunk.finish()])));
}

#[test]
fn every_token_in_its_place() {
    use Content::{CData, Char, Child, Entity, Instruction, Optional, Slot, Text};
    let joined = vec![
        Text("a"),
        Entity("lt"),
        Slot(9),
        Char(0x9600),
        CData("<b>"),
        Instruction("target", "text"),
        Entity("other"),
    ];
    let named = Element("Data", vec![("Name", Slot(10))], vec![Text("named by its event")]);
    let user = vec![
        Child(Element("ns:Param1", vec![("Unit", Slot(9)), ("xmlns:ns", Text("x"))], joined)),
        Child(Element("Empty", vec![], vec![])),
        leaf("Group", leaf("Deep", Slot(11))),
        Text("between"),
        Slot(12),
        Child(named),
    ];
    let declared = Element("EventXML", vec![("xmlns", Text("Vendor"))], user);
    let mut chunk = Chunk::new();
    let inner = Element("Inner", vec![], vec![leaf("Leaf", Text("in a value"))]);
    let outer = event(leaf("UserData", Child(declared)));
    let values = vec![string("é"), string("Name"), Val::Plain(0x00, vec![]), Val::Fragment(inner)];
    chunk.record(&Template(1, outer), &system("Vendor", 2, 1, values));

    let classic = vec![leaf("Data", Slot(9)), leaf("Data", Slot(10)), leaf("Binary", Optional(11))];
    let classic = event(Child(Element("EventData", vec![("Name", Text("CLASSIC"))], classic)));
    let values = vec![Val::Plain(0x81, utf16("one\0two\0")), string("three"), string("")];
    chunk.record(&Template(2, classic), &system("Vendor", 3, 2, values));

    let error = vec![leaf("ErrorCode", Text("15003")), leaf("EventPayload", Text("00FF"))];
    let error = Element("ProcessingErrorData", vec![], error);
    let words = Element(
        "RenderingInfo",
        vec![("Culture", Text("zh-CN"))],
        vec![leaf("Message", Text("停止")), leaf("Level", Text("信息"))],
    );
    let system = vec![leaf("EventID", Text("7")), leaf("Computer", Text("hmi-01"))];
    let system = Child(Element("System", vec![], system));
    let plain = Element("Event", vec![], vec![system, Child(error), Child(words)]);
    chunk.plain(&plain);
    insta::assert_snapshot!(shown(&file(&[chunk.finish()])));
}
