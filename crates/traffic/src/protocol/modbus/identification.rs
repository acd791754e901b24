//! What a device says it is, in the responses to functions 17 and 43 (Application Protocol V1.1b3).

use crate::{
    bytes::Bytes,
    decode::{Context, Side, clean},
};
use compact_str::CompactString;
use hangtu_record::FieldName;

/// Read Device Identification (section 6.21): function 43 with MEI type 14.
pub(super) fn objects(cx: &mut Context<'_>, pdu: &[u8]) {
    let mut r = Bytes::at(pdu, 6);
    let objects = r.u8().unwrap_or(0);
    for _ in 0..objects {
        let (Some(id), Some(len)) = (r.u8(), r.u8()) else { return };
        let Some(text) = r.take(usize::from(len)) else { return };
        let name = match id {
            0 => FieldName::DeviceVendor,
            1 | 4 | 5 => FieldName::DeviceModel,
            2 => FieldName::DeviceFirmware,
            _ => continue,
        };
        cx.about(Side::Server, name, &clean(text));
    }
}

/// Report Server ID (section 6.13): each maker's own bytes, with text among them at best.
pub(super) fn server_id(cx: &mut Context<'_>, pdu: &[u8]) {
    let mut text = CompactString::const_new("");
    for c in clean(pdu.get(2..).unwrap_or_default()).chars() {
        let apart = c == ' ' && !text.is_empty() && !text.ends_with(' ');
        if apart || c.is_ascii_graphic() {
            text.push(c);
        }
    }
    let text = text.trim_end();
    if text.len() > 3 {
        cx.about(Side::Server, FieldName::DeviceModel, text);
    }
}
