//! The identity object (CIP volume 1, 5A-2): who a device says that it is.

use super::service;
use crate::{
    bytes::Bytes,
    decode::{Context, Side, clean},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{FieldName, Operation};

/// A response to one of the services that get attributes; only the request's path says of what.
pub(super) fn answered(
    cx: &mut Context<'_>,
    from: Side,
    op: &Operation,
    status: u8,
    mut r: Bytes<'_>,
) -> Option<()> {
    // Instance 1 is the device as a whole; instance 0 stands for the class itself.
    if op.address != Some(1) || !op.object.starts_with("class 0x01") {
        return None;
    }
    match (op.code, status) {
        (0x01, 0) => all(cx, from, &mut r),
        // An error of the list is one of some attribute, whose own status says so.
        (0x03, 0 | 0x0a) => list(cx, from, &mut r),
        (0x0e, 0) => {
            let (_, number) = op.object.rsplit_once(" attribute ")?;
            attribute(cx, from, number.parse().ok()?, &mut r)
        }
        _ => None,
    }
}

/// Attributes 1 to 7, one behind the other.
pub(in crate::protocol) fn all(cx: &mut Context<'_>, from: Side, r: &mut Bytes<'_>) -> Option<()> {
    (1..=7).try_for_each(|number| attribute(cx, from, number, r))
}

/// How many attributes, then of each its number, its status, and its value where that is 0.
fn list(cx: &mut Context<'_>, from: Side, r: &mut Bytes<'_>) -> Option<()> {
    for _ in 0..r.u16le()? {
        let (number, status) = (r.u16le()?, r.u16le()?);
        if status == 0 {
            attribute(cx, from, number, r)?;
        }
    }
    Some(())
}

/// One attribute; `None` where it is cut off, or nothing says how long it is.
fn attribute(cx: &mut Context<'_>, from: Side, number: u16, r: &mut Bytes<'_>) -> Option<()> {
    match number {
        1 => {
            let id = r.u16le()?;
            let vendor = service::vendor(id)
                .map_or_else(|| format_compact!("CIP vendor {id}"), CompactString::const_new);
            cx.about(from, FieldName::DeviceVendor, &vendor);
        }
        // Device type, product code, status; state and the like, which only a list asks for.
        2 | 3 | 5 | 9 => r.skip(2)?,
        8 | 10 => r.skip(1)?,
        4 => {
            let (major, minor) = (r.u8()?, r.u8()?);
            let revision = format_compact!("{major}.{minor}");
            cx.about(from, FieldName::DeviceFirmware, &revision);
        }
        6 => {
            let serial = format_compact!("{:08x}", r.u32le()?);
            cx.about(from, FieldName::DeviceSerial, &serial);
        }
        7 => {
            let len = usize::from(r.u8()?);
            cx.about(from, FieldName::DeviceModel, &clean(r.take(len)?));
        }
        _ => return None,
    }
    Some(())
}
