//! Drawings and printed documents: DXF R12 and PDF 1.4.

use crate::simulate::draw::Draw;
use flate2::{Compression, write::ZlibEncoder};
use std::{fmt::Write as _, io::Write as _};

pub(super) fn dxf(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let mut text = String::from(
        "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n",
    );
    let mut at = 0;
    while text.len() + 20 < wish || at < 8 {
        let mut p = || draw.value(0, 420);
        let _ = match at % 5 {
            4 => write!(
                text,
                "0\nTEXT\n8\nTAGS\n10\n{:.2}\n20\n{:.2}\n30\n0.0\n40\n2.5\n1\nLV-{:04}\n",
                p(),
                p(),
                1000 + at
            ),
            3 => write!(
                text,
                "0\nCIRCLE\n8\nVALVES\n10\n{:.2}\n20\n{:.2}\n30\n0.0\n40\n{:.2}\n",
                p(),
                p(),
                p() / 50.0 + 1.0
            ),
            _ => write!(
                text,
                "0\nLINE\n8\nPIPES\n10\n{:.2}\n20\n{:.2}\n30\n0.0\n11\n{:.2}\n21\n{:.2}\n31\n0.0\n",
                p(),
                p(),
                p(),
                p()
            ),
        };
        at += 1;
    }
    text.push_str("0\nENDSEC\n0\nEOF\n");
    text.into_bytes()
}

/// A page of text and, for the rest of the wished size, an image.
pub(super) fn pdf(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let mut page = String::from("BT /F1 11 Tf 60 780 Td 14 TL\n");
    for _ in 0..40 {
        let _ = writeln!(
            page,
            "(Interval {} h: check drive {:03}, torque {:.1} Nm, part {:08}) Tj T*",
            draw.range(1, 90) * 100,
            draw.range(1, 400),
            draw.value(5, 400),
            draw.word() % 100_000_000
        );
    }
    // The image is drawn over the lower half.
    page.push_str("ET\nq 400 0 0 200 60 60 cm /I1 Do Q\n");
    let side = ((wish.saturating_sub(2500) as f64).sqrt() as usize).clamp(8, 4000);
    let packed = deflate(&draw.bytes(side * side));
    let objects: [Vec<u8>; 6] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /I1 6 0 R >> >> >>".to_vec(),
        stream("", &deflate(page.as_bytes())),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        stream(
            &format!("/Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 8 "),
            &packed,
        ),
    ];
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        out.extend(format!("{} 0 obj\n", at + 1).into_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    let count = objects.len() + 1;
    out.extend(
        format!("xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
            .into_bytes(),
    );
    out
}

fn stream(keys: &str, packed: &[u8]) -> Vec<u8> {
    let mut out =
        format!("<< {keys}/Filter /FlateDecode /Length {} >>\nstream\n", packed.len()).into_bytes();
    out.extend(packed);
    out.extend(b"\nendstream");
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
