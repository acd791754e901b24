//! What holds for every text that is broken into lines.

use super::{
    kinsoku::{closes, may_break, opens},
    lines::{Line, Measure, Text, lines},
    short,
};
use crate::Run;
use proptest::prelude::*;

fn broken(runs: &[Run], width: f32, indent: f32) -> Vec<Line> {
    lines(&Text::runs(runs), &Measure { size: 10.0, width, indent, justify: true })
}

fn texts(text: &str, width: f32) -> Vec<String> {
    let lines = broken(&[Run::plain(text)], width, 0.0);
    lines.iter().map(|line| line.text().to_owned()).collect()
}

#[test]
fn lines_break_where_they_should() {
    assert_eq!(texts("数据安全，检查", 40.5), ["数据安", "全，检查"]);
    assert_eq!(texts("依据《办法》第三条", 30.5), ["依据", "《办", "法》第", "三条"]);
    assert_eq!(texts("two words\nmore", 30.0), ["two ", "words", "more"]);
    assert_eq!(texts("", 30.0), [""]);
    assert_eq!(texts("a\n\n", 30.0), ["a", "", ""]);
    assert_eq!(texts("on 2026-11-01 eng-ws", 50.0), ["on ", "2026-11-", "01 eng-ws"]);
    assert_eq!(texts("/var/lib/hangtu", 45.0), ["/var/lib/", "hangtu"]);
    assert_eq!(texts("one-two 1-2", 24.0), ["one-", "two ", "1-2"]);
    assert_eq!(short(&"长".repeat(300)).chars().count(), 241);
    assert_eq!(short(" "), "—");
}

#[test]
fn signs_take_their_room() {
    let width = |text: &str| broken(&[Run::plain(text)], 1000.0, 0.0)[0].width;
    assert!(width("it’s") < 20.0, "a Latin apostrophe");
    assert!(width("“数据”") > 39.0, "Chinese quotes");
    assert!(width("》，") < 15.5 && width("。”") < 15.5, "two halves of squares");
    assert!(width("a’”b") > width("ab") + 4.0, "two Latin quotes");
    assert!(width("数据PLC") > width("数据") + width("PLC") + 1.0, "room between scripts");
}

/// Where a line could have ended without hurting a rule.
fn could_end(line: &[char]) -> bool {
    (1..line.len()).any(|at| {
        let Some(last) = line[..at].iter().rposition(|c| *c != ' ') else {
            return line[at] != ' ';
        };
        let (a, b) = (line[last], line[at]);
        let before = last.checked_sub(1).map(|at| line[at]);
        b != ' ' && may_break(before, a, b, last + 1 < at)
            || (last + 1 == at && b != ' ' && !closes(b) && !opens(a))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_text_is_lost_and_no_rule_broken(
        runs in prop::collection::vec(
            ("[a-z0-9 ,.()（），。“”’《》汉字数据—…/_-]{0,60}|\\PC{0,30}|[（《。，]{0,30}| {0,40}|\n", 0..3u8),
            0..6,
        ),
        width in 4.0f32..300.0,
        indent in prop::sample::select(vec![0.0, 20.0]),
    ) {
        let runs: Vec<Run> = runs.into_iter().map(|(text, look)| match look {
            0 => Run::plain(text),
            1 => Run::bold(text),
            _ => Run::code(text),
        }).collect();
        let made = broken(&runs, width, indent);
        let all: String = made.iter().map(Line::text).collect();
        prop_assert_eq!(all, Text::runs(&runs).plain_lines());
        for (at, line) in made.iter().enumerate() {
            let room = if at == 0 { width - indent } else { width };
            let sorts = line.sorts(10.0);
            let seen = sorts.iter().rev().find(|(_, s)| s.c != ' ');
            let end = seen.map_or(0.0, |(x, s)| x + s.advance);
            let alone = sorts.iter().filter(|(_, s)| s.c != ' ').count() < 2;
            prop_assert!(end <= room + 0.1 || alone, "{end} in {room}: {:?}", line.text());
            prop_assert!((end - line.width).abs() < 0.1 || line.justified());
            let chars: Vec<char> = line.text().chars().collect();
            let last = chars.iter().rfind(|c| **c != ' ').copied();
            if line.next().is_some_and(closes) || (line.next().is_some() && last.is_some_and(opens)) {
                prop_assert!(!could_end(&chars), "{:?} before {:?}", line.text(), line.next());
            }
        }
    }
}
