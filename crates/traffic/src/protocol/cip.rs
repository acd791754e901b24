//! CIP messages (CIP volume 1, chapter 2): services on classes, instances and attributes, and what
//! travels inside others.

mod path;
mod pccc;
mod service;

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Short, Side, clean},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{FieldName, Operation, Outcome, Seen, Verb};

/// How deep messages may travel inside messages.
const MAX_DEPTH: u8 = 3;
/// Messages taken out of one Multiple Service Packet.
const MAX_MULTIPLE: usize = 64;

/// Transaction, and place of the message within it.
type Key = (u64, u16);

/// Requests and responses of one connection.
#[derive(Default)]
pub(super) struct Cip {
    pending: Pending<Key>,
}

impl Cip {
    pub(super) fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
    }

    /// One message; `key` pairs requests with responses.
    pub(super) fn message(&mut self, cx: &mut Context<'_>, from: Side, key: u64, b: &[u8]) {
        let Some(service) = b.first() else { return };
        if service & 0x80 == 0 {
            self.request(cx, from, key, &mut 0, b, 0);
        } else {
            self.response(cx, from, key, &mut 0, b, 0);
        }
    }

    /// The carrier refused the message of that key.
    pub(super) fn refused(&mut self, cx: &mut Context<'_>, key: u64, status: u32) {
        for place in 0..2 {
            if let Some(mut op) = self.pending.answer(cx, &(key, place)) {
                op.outcome = Outcome::Error;
                op.error = Some(status);
                cx.emit(op);
            }
        }
    }

    fn request(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        key: u64,
        place: &mut u16,
        b: &[u8],
        depth: u8,
    ) {
        let mut r = Bytes::new(b);
        let (Some(code), Some(words)) = (r.u8(), r.u8()) else { return cx.unreadable("cip") };
        let Some(epath) = r.take(usize::from(words) * 2) else { return cx.unreadable("cip") };
        let path = path::Path::read(epath);
        let (verb, name) = service::service(code, path.class);
        let mut op = cx.operation(from, "cip", verb, u32::from(code), name);
        op.object = path.text();
        op.address = path.instance;
        op.count = path.attribute.map(|_| 1);
        let inner = r.rest();
        match (code, path.class) {
            (0x4b, Some(0x67)) => pccc::request(&mut op, inner),
            (0x10 | 0x4d, _) => op.value = short_value(code, inner),
            _ => {}
        }
        let mine = *place;
        *place += 1;
        self.pending.ask(cx, (key, mine), op);
        if depth >= MAX_DEPTH {
            return;
        }
        match (code, path.class) {
            // Multiple Service Packet: count, offsets from the count, messages.
            (0x0a, Some(2)) => each_message(inner, |message| {
                self.request(cx, from, key, place, message, depth + 1);
            }),
            // Unconnected Send: tick, timeout, length, message, route.
            (0x52, Some(6)) => {
                let mut r = Bytes::new(inner);
                r.skip(2);
                if let Some(message) = r.u16le().and_then(|len| r.take(usize::from(len))) {
                    self.request(cx, from, key, place, message, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn response(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        key: u64,
        place: &mut u16,
        b: &[u8],
        depth: u8,
    ) {
        let mut r = Bytes::new(b);
        let head = (r.u8(), r.u8(), r.u8(), r.u8());
        let (Some(service), _, Some(status), Some(words)) = head else {
            return cx.unreadable("cip");
        };
        let code = service & 0x7f;
        let extended = r.u16le().filter(|_| words > 0);
        let r = Bytes::at(b, 4 + usize::from(words) * 2);
        let mut op = self.take(cx, from, key, *place, code);
        *place += 1;
        // An Unconnected Send that was forwarded is answered by the message inside it; one that
        // was not answers for itself, and the message inside never arrived.
        if op.code == 0x52 && code != 0x52 {
            op.outcome = Outcome::Success;
            cx.emit(op);
            op = self.take(cx, from, key, *place, code);
            *place += 1;
        } else if op.code == 0x52
            && op.object.starts_with("class 0x06")
            && let Some(mut inner) = self.pending.answer(cx, &(key, *place))
        {
            (inner.seen, inner.delay) = (Seen::Request, None);
            cx.emit(inner);
        }
        conclude(&mut op, status, extended);
        // Who the device is: Get_Attributes_All of the identity object.
        if code == 1 && status == 0 && op.object.starts_with("class 0x01") {
            identity(cx, from, &mut r.clone());
        }
        let multiple = code == 0x0a;
        cx.emit(op);
        if multiple && depth < MAX_DEPTH {
            each_message(r.rest(), |message| {
                self.response(cx, from, key, place, message, depth + 1);
            });
        }
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        from: Side,
        key: u64,
        place: u16,
        code: u8,
    ) -> Operation {
        self.pending.answer(cx, &(key, place)).unwrap_or_else(|| {
            let (verb, name) = service::service(code, None);
            let mut op = cx.operation(from.other(), "cip", verb, u32::from(code), name);
            op.seen = Seen::Response;
            op
        })
    }
}

fn conclude(op: &mut Operation, status: u8, extended: Option<u16>) {
    if status == 0 {
        op.outcome = Outcome::Success;
    } else if status == 6 {
        // Partial transfer: more follows in the next request.
        op.outcome = Outcome::Success;
        op.error = Some(6);
        op.error_name = "Partial transfer";
    } else {
        op.outcome = Outcome::Error;
        op.error = Some(u32::from(status) | extended.map_or(0, |e| u32::from(e) << 16));
        op.error_name = service::status(status);
    }
}

fn each_message<'b>(b: &'b [u8], mut f: impl FnMut(&'b [u8])) {
    let mut r = Bytes::new(b);
    let Some(count) = r.u16le() else { return };
    let count = usize::from(count).min(MAX_MULTIPLE);
    let offsets: Vec<usize> = (0..count).map_while(|_| r.u16le().map(usize::from)).collect();
    for (i, start) in offsets.iter().enumerate() {
        let end = offsets.get(i + 1).copied().unwrap_or(b.len());
        if let Some(message) = b.get(*start..end.min(b.len())) {
            f(message);
        }
    }
}

/// The value of a write, where short: bytes in hex, or a tag write's typed value.
fn short_value(code: u8, b: &[u8]) -> CompactString {
    // Write Tag: type, element count, data.
    let (kind, data) = if code == 0x4d && b.len() > 4 {
        (u16::from_le_bytes([b[0], b[1]]), &b[4..])
    } else {
        (0, b)
    };
    match (kind, data) {
        (0xc1, [v, ..]) => CompactString::const_new(if *v == 0 { "off" } else { "on" }),
        (0xc2, [v]) => format_compact!("{}", *v as i8),
        (0xc3, [a, b]) => format_compact!("{}", i16::from_le_bytes([*a, *b])),
        (0xc4, [a, b, c, d]) => format_compact!("{}", i32::from_le_bytes([*a, *b, *c, *d])),
        (0xca, [a, b, c, d]) => format_compact!("{}", f32::from_le_bytes([*a, *b, *c, *d])),
        _ => Short::default().dump(data).text(),
    }
}

/// Attributes 1 to 7 of the identity object (CIP volume 1, 5A-2): vendor, type, product, revision,
/// status, serial number, name.
pub(super) fn identity(cx: &mut Context<'_>, from: Side, r: &mut Bytes<'_>) -> Option<()> {
    let vendor = r.u16le()?;
    let _kind = r.u16le()?;
    let _product = r.u16le()?;
    let (major, minor) = (r.u8()?, r.u8()?);
    let _status = r.u16le()?;
    let serial = r.u32le()?;
    let len = r.u8()?;
    let name = clean(r.take(usize::from(len))?);
    let vendor = service::vendor(vendor)
        .map_or_else(|| format_compact!("CIP vendor {vendor}"), CompactString::const_new);
    cx.about(from, FieldName::DeviceVendor, &vendor);
    cx.about(from, FieldName::DeviceModel, &name);
    cx.about(from, FieldName::DeviceFirmware, &format_compact!("{major}.{minor}"));
    cx.about(from, FieldName::DeviceSerial, &format_compact!("{serial:08x}"));
    Some(())
}

/// Verb of a service whose class is not known.
pub(super) const UNKNOWN: (Verb, &str) = (Verb::Other, "");
