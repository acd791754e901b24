use super::*;
use crate::Catalog;
use std::sync::LazyLock;

const COURSE: &str = "
id: demo
version: 1
minutes: 20
title: {en: Demo, zh: 演示}
summary: {en: One can., zh: 学会。}
goals: [{en: Know, zh: 知道}]
scenarios: [ransomware]
roles: [all_staff]
controls: [RAN-01]
topics: [{id: signs, en: Signs, zh: 征兆}]
valid_months: 12
exam: {minutes: 20, pass_percent: 80, attempts: 3, cooling_hours: 24, draw: {signs: 1}}
";
const QUESTIONS: &str = r#"
version: 1
questions:
  - id: demo-01
    topic: signs
    kind: single
    difficulty: 1
    check: true
    question: {en: "What?", zh: "什么？"}
    options: [{en: a, zh: 甲, right: true}, {en: b, zh: 乙}, {en: c, zh: 丙}]
    why: {en: So., zh: 因此。}
  - id: demo-02
    topic: signs
    kind: order
    difficulty: 2
    evidence: |
      {"kind":"file"}
    question: {en: "In which order?", zh: "顺序？"}
    options: [{en: a, zh: 甲}, {en: b, zh: 乙}, {en: c, zh: 丙}, {en: d, zh: 丁}]
    why: {en: So., zh: 因此。}
"#;
const ENGLISH: &str = "## First\n\nRead *this* & <https://x> `a<b`,\nsee [two](#s2-1).\n\n{{check demo-01}}\n\n![A chain](chain.en.svg)\n\n## Second\n\n### Below\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n";
const CHINESE: &str = "## 一\n\n请先读\n这里。\n\n{{check demo-01}}\n\n![链](chain.zh-CN.svg)\n\n## 二\n\n### 下\n\n正文。\n";
const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 300\"><title>t</title><text x=\"1\" y=\"20\" font-size=\"14\">a</text></svg>";

fn files() -> BTreeMap<String, String> {
    let english = ENGLISH.replace("<https://x> ", "");
    [
        ("course.yml", COURSE),
        ("questions.yml", QUESTIONS),
        ("en.md", &english),
        ("zh-CN.md", CHINESE),
        ("chain.en.svg", PICTURE),
        ("chain.zh-CN.svg", PICTURE),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

fn parse(files: &BTreeMap<String, String>) -> Result<Course, ContentError> {
    static CONTROLS: LazyLock<Vec<Control>> =
        LazyLock::new(|| crate::embedded("controls.yml", crate::control::load).unwrap());
    Course::parse("own/demo", files, &CONTROLS)
}

#[test]
fn a_course_becomes_sections_of_safe_html() {
    let course = parse(&files()).unwrap();
    let english = course.reading(Language::English);
    assert_eq!(english.sections.len(), 2);
    assert_eq!(
        english.sections[0].nodes,
        [
            Node::Html(
                "<p>Read <em>this</em> &amp; <code>a&lt;b</code>,\nsee <a href=\"#s2-1\">two</a>.</p>\n"
                    .into()
            ),
            Node::Check("demo-01".into()),
            Node::Picture { name: "chain.en.svg".into(), caption: "A chain".into() },
        ]
    );
    assert_eq!(
        english.sections[1].nodes,
        [Node::Html(
            "<h3 id=\"s2-1\">Below</h3>\n<table><thead><tr><th scope=\"col\">a</th><th scope=\"col\" \
             class=\"right\">b</th></tr></thead><tbody><tr><td>1</td><td class=\"right\">2</td></tr>\
             </tbody></table>\n"
                .into()
        )]
    );
    // A line end between Chinese characters is no space.
    let first = &course.reading(Language::Chinese).sections[0].nodes[0];
    assert_eq!(*first, Node::Html("<p>请先读这里。</p>\n".into()));
    assert_eq!(course.bank().map(|q| q.id.as_str()).collect::<Vec<_>>(), ["demo-02"]);
    assert_eq!(course.question("demo-02").unwrap().right(), [0, 1, 2, 3]);
    assert!(course.shortfalls().iter().any(|s| s.starts_with("en.md, words: ")));
}

#[test]
fn what_would_mislead_or_break_is_refused_with_its_place() {
    for (file, from, to, says) in [
        ("course.yml", "RAN-01", "RAN-99", "controls: RAN-99"),
        ("course.yml", "id: demo", "id: other", "name of its folder"),
        ("course.yml", "signs: 1", "signs: 2", "draws 2 of 1"),
        ("course.yml", "signs: 1", "backup: 1", "exam.draw"),
        ("course.yml", "all_staff", "everybody", "everybody"),
        ("course.yml", "en: Demo", "en: 演示", "holds Chinese"),
        ("course.yml", "minutes: 20\ntitle", "minuten: 20\ntitle", "minuten"),
        ("questions.yml", "right: true}", "wrong: true}", "wrong"),
        ("questions.yml", "zh: 乙}, {en: c, zh: 丙}]", "zh: 乙}]", "demo-01: options: single"),
        ("questions.yml", "{en: b, zh: 乙}", "{en: a, zh: 乙}", "\"a\" stands twice"),
        ("questions.yml", "{\"kind\":\"file\"}", "a line", "demo-02: evidence: line 1"),
        ("questions.yml", "demo-02", "demo-2", "demo-2: the id"),
        ("questions.yml", "demo-02", "demo-01", "demo-01 stands twice"),
        ("en.md", "## First", "# First", "line 1"),
        ("en.md", "Read", "<b>Read</b>", "line 3: HTML"),
        ("en.md", "Read", "<script>alert(1)</script>\n\nRead", "line 3: HTML"),
        ("en.md", "#s2-1", "https://x.example", "links lead within"),
        ("en.md", "#s2-1", "javascript:alert(1)", "links lead within"),
        ("en.md", "#s2-1", "#s9", "leads nowhere"),
        ("en.md", "\n\n{{check", "\n{{check", "check stands alone"),
        ("en.md", "{{check demo-01}}", "{{check demo-02}}", "no check question"),
        ("en.md", "{{check demo-01}}", "", "check demo-01 is not used"),
        ("en.md", "chain.en.svg", "chain.zh-CN.svg", "none in this language"),
        ("zh-CN.md", "## 二", "正文", "other sections"),
        ("chain.en.svg", "<text", "<script/><text", "<script>"),
        ("chain.en.svg", "font-size", "onclick", "onclick"),
        ("chain.en.svg", "font-size=\"14\"", "fill=\"url(http://x)\"", "fill"),
        ("chain.en.svg", "<svg", "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg", "DTD"),
        ("chain.en.svg", "<title>t</title>", "", "no <title>"),
    ] {
        let mut files = files();
        let text = files.get_mut(file).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        let error = parse(&files).unwrap_err().to_string();
        assert!(error.starts_with(&format!("own/demo/{file}: ")), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
    let mut more = files();
    more.insert("notes.txt".into(), String::new());
    assert!(parse(&more).unwrap_err().to_string().contains("no part of a course"));
}

#[test]
fn the_embedded_courses_reach_the_bar() {
    let catalog = Catalog::embedded().unwrap();
    for course in &catalog.courses {
        assert_eq!(course.shortfalls(), [""; 0], "{}", course.id);
        for track in &catalog.training.tracks {
            let per = usize::from(track.exam.per_course);
            assert!(course.bank().count() >= per, "{}: {}", track.id, course.id);
        }
    }
    for track in &catalog.training.tracks {
        for id in &track.courses {
            assert!(catalog.course(id).is_some(), "{}: {id}", track.id);
        }
    }
}

/// Writers try their drafts: `COURSES=…/content/courses cargo test -p hangtu-catalog drafts`.
#[test]
fn drafts_named_by_the_environment_reach_the_bar() {
    let Some(folder) = std::env::var_os("COURSES") else { return };
    let controls = Catalog::embedded().unwrap().controls;
    let mut faults = Vec::new();
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    folders.sort_by_key(std::fs::DirEntry::path);
    for entry in folders {
        let path = entry.path();
        let text = |e: std::fs::DirEntry| {
            let name = e.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(e.path()).unwrap())
        };
        let files: BTreeMap<_, _> = std::fs::read_dir(&path).unwrap().flatten().map(text).collect();
        match Course::parse(&path.display().to_string(), &files, &controls) {
            Err(e) => faults.push(e.to_string()),
            Ok(course) => faults
                .extend(course.shortfalls().into_iter().map(|s| format!("{}: {s}", course.id))),
        }
    }
    assert_eq!(faults, [""; 0], "{faults:#?}");
}

#[test]
fn chinese_emphasis_needs_no_spaces() {
    let html = |text: &str| {
        let mut files = files();
        files.insert("zh-CN.md".into(), CHINESE.replace("正文。", text));
        let course = parse(&files).unwrap();
        let nodes: Vec<_> = course.reading(Language::Chinese).sections[1].nodes.clone();
        format!("{nodes:?}")
    };
    for (text, wanted) in [
        ("做好。**一是权限：**它只能问。", "做好。<strong>一是权限：</strong>它只能问。"),
        ("**“已加密。”**存放时", "<strong>“已加密。”</strong>存放时"),
        ("先看*“标”*再看**（甲）**乙", "先看<em>“标”</em>再看<strong>（甲）</strong>乙"),
        ("共**三**项，**四**。", "共<strong>三</strong>项，<strong>四</strong>。"),
    ] {
        let html = html(text);
        assert!(html.contains(wanted), "{html}");
        assert!(!html.contains('\u{2060}') && !html.contains("2060"), "{html}");
    }
    for course in &Catalog::embedded().unwrap().courses {
        let all = format!("{:?}", course.reading(Language::Chinese));
        let left = all.split("**").nth(1).unwrap_or_default();
        assert!(left.is_empty(), "{}: {left:.40}", course.id);
    }
}
