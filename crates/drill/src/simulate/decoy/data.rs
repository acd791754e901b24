//! Plain data: exports, recipes and controller sources.

use crate::simulate::draw::Draw;
use std::fmt::Write;

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Grows a text line by line until it has the wished length.
fn grow(head: String, tail: &str, wish: usize, mut line: impl FnMut(&mut String, u64)) -> Vec<u8> {
    let mut text = head;
    let mut at = 0;
    while text.len() + tail.len() < wish || at < 4 {
        line(&mut text, at);
        at += 1;
    }
    text.push_str(tail);
    text.into_bytes()
}

fn time(at: u64) -> String {
    let second = at * 10;
    format!(
        "2026-{:02}-{:02} {:02}:{:02}:{:02}",
        second / 2_419_200 % 12 + 1,
        second / 86_400 % 28 + 1,
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    )
}

pub(super) fn historian(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let start = draw.range(0, 2_000_000);
    let mut value = draw.value(100, 900);
    let head = "\u{feff}时间,位号,数值,单位,质量\r\n".to_owned();
    grow(head, "", wish, |text, at| {
        value += draw.value(0, 4) - 2.0;
        let tag = ["TIC", "PIC", "FIC", "LIC"][(at % 4) as usize];
        let unit = ["℃", "MPa", "m3/h", "%"][(at % 4) as usize];
        let quality = if draw.word().is_multiple_of(50) { "BAD" } else { "GOOD" };
        let _ = write!(
            text,
            "{},{tag}-{:03},{value:.2},{unit},{quality}\r\n",
            time(start + at / 4),
            100 + at % 4
        );
    })
}

pub(super) fn recipe_xml(draw: &mut Draw, title: &str, wish: usize) -> Vec<u8> {
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MasterRecipe id=\"{}\" version=\"{}\">\n",
        escape(title),
        draw.range(1, 30)
    );
    grow(head, "</MasterRecipe>\n", wish, |text, at| {
        let _ = writeln!(
            text,
            "  <Phase number=\"{}\"><Material code=\"M{:05}\" kg=\"{:.2}\"/><Setpoint tag=\"TIC-{:03}\" value=\"{:.1}\" minutes=\"{}\"/></Phase>",
            at + 1,
            draw.range(1, 99_999),
            draw.value(1, 900),
            draw.range(1, 400),
            draw.value(20, 400),
            draw.range(1, 90)
        );
    })
}

pub(super) fn recipe_json(draw: &mut Draw, title: &str, wish: usize) -> Vec<u8> {
    let head = format!("{{\"batch\":{},\"steps\":[\n", serde_json::Value::from(title));
    grow(head, "]}\n", wish, |text, at| {
        let comma = if at == 0 { "" } else { "," };
        let _ = writeln!(
            text,
            "{comma}{{\"step\":{},\"operator\":\"OP{:03}\",\"actual_kg\":{:.2},\"deviation\":{:.3},\"lot\":\"{:016x}\"}}",
            at + 1,
            draw.range(1, 120),
            draw.value(1, 900),
            draw.value(0, 5) / 10.0,
            draw.word()
        );
    })
}

pub(super) fn structured_text(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let head = format!(
        "FUNCTION_BLOCK FB_Control{}\nVAR_INPUT\n  rActual : REAL;\n  bEnable : BOOL;\nEND_VAR\nVAR_OUTPUT\n  rOut : REAL;\nEND_VAR\nVAR\n  rLimit : REAL := {:.1};\n  iState : INT;\nEND_VAR\n\n",
        draw.range(1, 99),
        draw.value(10, 90)
    );
    grow(head, "END_FUNCTION_BLOCK\n", wish, |text, at| {
        let _ = writeln!(
            text,
            "IF bEnable AND (iState = {}) AND (rActual > {:.2}) THEN (* 联锁 {} *)\n  rOut := LIMIT(0.0, rActual * {:.4} + {:.2}, rLimit);\n  iState := {};\nEND_IF;",
            at * 10,
            draw.value(10, 300),
            draw.range(1, 60),
            draw.value(0, 3),
            draw.value(0, 50),
            at * 10 + 10
        );
    })
}

pub(super) fn scl(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let head = format!(
        "FUNCTION \"FC{}\" : Void\n{{ S7_Optimized_Access := 'TRUE' }}\nVERSION : 0.1\n   VAR_INPUT\n      level : Real;\n   END_VAR\n\nBEGIN\n",
        draw.range(1, 400)
    );
    grow(head, "END_FUNCTION\n", wish, |text, at| {
        let _ = writeln!(
            text,
            "   // 网络 {at}\n   IF #level > {:.2} THEN\n      \"DB{}\".valve[{}] := FALSE;\n      \"DB{}\".alarm := {};\n   END_IF;",
            draw.value(1, 100),
            draw.range(1, 90),
            draw.range(0, 31),
            draw.range(1, 90),
            draw.range(1, 4000)
        );
    })
}
