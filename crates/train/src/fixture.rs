//! A tiny course for tests.

use hangtu_catalog::{Catalog, course::Course};
use std::{collections::BTreeMap, fmt::Write, sync::LazyLock};

/// The embedded content, read once.
pub(crate) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());
    &CATALOG
}

/// One course, `demo`: 12 questions in two topics (4 single, 1 multiple, 1 order in each) and one
/// check. The first options are the right ones.
pub(crate) fn courses() -> Vec<Course> {
    static COURSES: LazyLock<Vec<Course>> = LazyLock::new(make);
    COURSES.clone()
}

fn make() -> Vec<Course> {
    let mut questions = String::from("version: 1\nquestions:\n");
    let mut number = 0;
    let mut add = |topic: &str, kind: &str, check: bool| {
        number += 1;
        let options: Vec<String> = (0..if kind == "single" { 3 } else { 4 })
            .map(|n| {
                let right = match kind {
                    "single" => n == 0,
                    "multiple" => n < 2,
                    _ => false,
                };
                let right = if right { ", right: true" } else { "" };
                format!("{{en: 'option {n}', zh: '选项{n}'{right}}}")
            })
            .collect();
        let _ = writeln!(
            questions,
            "  - {{id: demo-{number:02}, topic: {topic}, kind: {kind}, difficulty: 2, check: {check}, \
             question: {{en: 'Q{number}?', zh: '问{number}？'}}, \
             why: {{en: because, zh: 原因}}, options: [{}]}}",
            options.join(", ")
        );
    };
    for topic in ["signs", "backup"] {
        for kind in ["single", "single", "single", "single", "multiple", "order"] {
            add(topic, kind, false);
        }
    }
    add("signs", "single", true);
    let facts = "
id: demo
version: 1
minutes: 20
title: {en: Demo, zh: 演示}
summary: {en: One can., zh: 学会。}
goals: [{en: Know, zh: 知道}]
scenarios: [ransomware]
roles: [security_manager, assessor]
controls: []
topics: [{id: signs, en: Signs, zh: 征兆}, {id: backup, en: Backup, zh: 备份}]
valid_months: 12
exam: {minutes: 20, pass_percent: 80, attempts: 3, cooling_hours: 24, draw: {signs: 3, backup: 3}}
";
    let files: BTreeMap<String, String> = [
        ("course.yml", facts.to_owned()),
        ("questions.yml", questions),
        ("en.md", "## One\n\nText.\n\n{{check demo-13}}\n".to_owned()),
        ("zh-CN.md", "## 一\n\n正文。\n\n{{check demo-13}}\n".to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    vec![Course::parse("test/demo", &files, &catalog().controls).unwrap()]
}
