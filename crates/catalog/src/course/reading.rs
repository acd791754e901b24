//! The text of a course: Markdown (CommonMark with tables) to sections of safe HTML, checks and
//! pictures. HTML in the source is an error, never passed on; links lead within the text only. The
//! HTML has no attributes but `href="#…"`, `start` and, on cells, `class="right"` or `"center"`.

use super::{
    emphasis::{JOINER, joined},
    question::Question,
};
use crate::{ContentError, Language};
use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::{collections::BTreeMap, fmt::Write, ops::Range, sync::Arc};

/// Longest text in bytes.
const MAX_BYTES: usize = 512 * 1024;
/// Lists within lists within quotes.
const MAX_DEPTH: usize = 32;

/// A text in one language.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Sections, in their order.
    pub sections: Vec<Section>,
    /// Its length: words in English, characters in Chinese.
    pub length: usize,
}

/// A section: from one heading of the second level to the next.
#[derive(Clone, Debug)]
pub struct Section {
    /// Where links lead: `s1`, `s2`, …, the same in both languages.
    pub anchor: String,
    /// Its title, plain text.
    pub title: String,
    /// What stands in it, in order.
    pub nodes: Vec<Node>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Safe HTML: paragraphs, lists, tables, headings of the third level (anchors `s2-1`, …).
    Html(String),
    /// A short check: the id of its question.
    Check(String),
    /// A picture of the course.
    Picture {
        /// Its file, for [`super::Course::picture`].
        name: String,
        /// Its caption, plain text.
        caption: String,
    },
}

impl Reading {
    /// The pictures shown, in order.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().flat_map(|s| &s.nodes).filter_map(|n| match n {
            Node::Picture { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The checks, in order.
    pub fn checks(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().flat_map(|s| &s.nodes).filter_map(|n| match n {
            Node::Check(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// What both languages must have alike: for each section its checks and pictures in order.
    pub(super) fn shape(&self) -> Vec<Vec<String>> {
        let section = |s: &Section| {
            let nodes = s.nodes.iter().filter_map(|n| match n {
                Node::Html(_) => None,
                Node::Check(id) => Some(format!("check {id}")),
                Node::Picture { name, .. } => Some(format!("picture {}", stem(name))),
            });
            nodes.collect()
        };
        self.sections.iter().map(section).collect()
    }
}

/// The name of a picture without language and extension.
fn stem(name: &str) -> &str {
    name.strip_suffix(".en.svg").or_else(|| name.strip_suffix(".zh-CN.svg")).unwrap_or(name)
}

struct Writer<'a> {
    language: Language,
    source: &'a str,
    sections: Vec<Section>,
    /// HTML of the section that is not yet a node.
    html: String,
    /// Headings of the third level in this section.
    below: usize,
    /// Alignment of the columns of the table, and the cell.
    columns: Vec<Alignment>,
    cell: usize,
    head: bool,
    /// The last character written, and whether a line ended behind it.
    last: char,
    broken: bool,
    links: Vec<(String, usize)>,
    anchors: Vec<String>,
}

type Events<'a> = Vec<(Event<'a>, Range<usize>)>;

/// Reads a text.
pub(super) fn parse(name: &str, text: &str, language: Language) -> Result<Reading, ContentError> {
    let text = &*joined(text);
    let fail = |at: usize, why: String| {
        let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        ContentError { file: name.into(), why: format!("line {line}: {why}") }
    };
    if text.len() > MAX_BYTES {
        return Err(fail(0, format!("the text is longer than {MAX_BYTES} bytes")));
    }
    if !text.starts_with("## ") {
        return Err(fail(0, "the text starts with a heading \"## …\"".into()));
    }
    let mut writer = Writer {
        language,
        source: text,
        sections: Vec::new(),
        html: String::new(),
        below: 0,
        columns: Vec::new(),
        cell: 0,
        head: false,
        last: '\n',
        broken: false,
        links: Vec::new(),
        anchors: Vec::new(),
    };
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    let (mut block, mut depth): (Events<'_>, usize) = (Vec::new(), 0);
    for (event, range) in parser {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(fail(range.start, "lists and quotes stand too deep in each other".into()));
        }
        block.push((event, range));
        if depth == 0 {
            writer.block(&block).map_err(|(at, why)| fail(at, why))?;
            block.clear();
        }
    }
    writer.flush();
    if let Some((to, at)) = writer.links.iter().find(|(to, _)| !writer.anchors.contains(to)) {
        return Err(fail(*at, format!("the link #{to} leads nowhere; sections are s1, s2, …")));
    }
    let length = match language {
        Language::English => text.split_whitespace().count(),
        Language::Chinese => text.chars().filter(|c| cjk(*c)).count(),
    };
    Ok(Reading { sections: writer.sections, length })
}

fn cjk(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Characters between which a line end is no space.
fn wide(c: char) -> bool {
    cjk(c) || ('\u{3000}'..='\u{303f}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c)
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            JOINER => {}
            _ => out.push(c),
        }
    }
}

/// The text of inline events, without marks.
fn plain(events: &[(Event<'_>, Range<usize>)]) -> String {
    let mut out = String::new();
    for (event, _) in events {
        match event {
            Event::Text(t) | Event::Code(t) => out.extend(t.chars().filter(|c| *c != JOINER)),
            Event::SoftBreak | Event::HardBreak => out.push(' '),
            _ => {}
        }
    }
    out
}

type Fault = (usize, String);

/// Headings are plain text with emphasis at most.
fn refuse_markup(events: &[(Event<'_>, Range<usize>)]) -> Result<(), Fault> {
    let odd = |e: &Event<'_>| {
        matches!(e, Event::Html(_) | Event::InlineHtml(_))
            || matches!(e, Event::Start(Tag::Image { .. } | Tag::Link { .. }))
    };
    match events.iter().find(|(e, _)| odd(e)) {
        Some((_, range)) => Err((range.start, "HTML, links or pictures in a heading".into())),
        None => Ok(()),
    }
}

impl Writer<'_> {
    fn flush(&mut self) {
        let html = std::mem::take(&mut self.html);
        if let Some(section) = self.sections.last_mut()
            && !html.is_empty()
        {
            section.nodes.push(Node::Html(html));
        }
    }

    fn push(&mut self, node: Node) {
        self.flush();
        if let Some(section) = self.sections.last_mut() {
            section.nodes.push(node);
        }
    }

    /// One block of the highest level.
    fn block(&mut self, events: &[(Event<'_>, Range<usize>)]) -> Result<(), Fault> {
        let Some((first, range)) = events.first() else { return Ok(()) };
        let at = range.start;
        let inner = events.get(1..events.len().saturating_sub(1)).unwrap_or_default();
        match first {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                self.flush();
                let anchor = format!("s{}", self.sections.len() + 1);
                self.anchors.push(anchor.clone());
                self.below = 0;
                let title = plain(inner);
                if title.trim().is_empty() {
                    return Err((at, "a heading without words".into()));
                }
                refuse_markup(inner)?;
                self.sections.push(Section { anchor, title, nodes: Vec::new() });
                return Ok(());
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H3, .. }) => {}
            Event::Start(Tag::Heading { .. }) => {
                return Err((at, "headings are ## and ###, no others".into()));
            }
            Event::Start(Tag::Paragraph) => {
                let source = self.source.get(range.clone()).unwrap_or_default().trim();
                if let Some(id) = source.strip_prefix("{{check ").and_then(|s| s.strip_suffix("}}"))
                    && !id.contains(['{', '}', '\n', ' '])
                {
                    self.push(Node::Check(id.to_owned()));
                    return Ok(());
                }
                if let [(Event::Start(Tag::Image { dest_url, .. }), _), caption @ .., _] = inner
                    && !caption.iter().any(|(e, _)| matches!(e, Event::End(TagEnd::Image)))
                {
                    let caption = plain(caption).trim().to_owned();
                    if caption.is_empty() {
                        return Err((at, format!("the picture {dest_url} has no caption")));
                    }
                    self.push(Node::Picture { name: dest_url.to_string(), caption });
                    return Ok(());
                }
            }
            _ => {}
        }
        for (event, range) in events {
            self.event(event, range.start)?;
        }
        self.html.push('\n');
        (self.last, self.broken) = ('\n', false);
        Ok(())
    }

    fn text(&mut self, text: &str, at: usize) -> Result<(), Fault> {
        if text.contains("{{") || text.contains("}}") {
            let why = "a check stands alone between empty lines: {{check ID}}";
            return Err((at, why.into()));
        }
        let Some(first) = text.chars().find(|c| *c != JOINER) else { return Ok(()) };
        if self.broken && !(wide(self.last) && wide(first)) {
            self.html.push('\n');
        }
        self.broken = false;
        self.last = text.chars().rfind(|c| *c != JOINER).unwrap_or(self.last);
        escape(&mut self.html, text);
        Ok(())
    }

    fn tag(&mut self, tag: &str) {
        // A line that ends in front of a mark: a space unless both neighbours are wide.
        if self.broken && self.language == Language::English {
            self.html.push('\n');
            self.broken = false;
        }
        self.html.push_str(tag);
    }

    fn event(&mut self, event: &Event<'_>, at: usize) -> Result<(), Fault> {
        match event {
            Event::Text(text) => self.text(text, at)?,
            Event::Code(text) => {
                if self.broken {
                    self.html.push('\n');
                    self.broken = false;
                }
                self.html.push_str("<code>");
                escape(&mut self.html, text);
                self.html.push_str("</code>");
                self.last = 'c';
            }
            Event::SoftBreak => self.broken = true,
            Event::HardBreak => self.tag("<br>"),
            Event::Rule => self.tag("<hr>"),
            Event::Start(tag) => self.start(tag, at)?,
            Event::End(end) => self.end(*end),
            Event::Html(_) | Event::InlineHtml(_) => {
                return Err((at, "HTML does not pass; write Markdown".into()));
            }
            Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => return Err((at, "not of CommonMark with tables".into())),
        }
        Ok(())
    }

    fn start(&mut self, tag: &Tag<'_>, at: usize) -> Result<(), Fault> {
        match tag {
            Tag::Paragraph => self.tag("<p>"),
            Tag::Heading { .. } => {
                self.below += 1;
                let anchor = format!("s{}-{}", self.sections.len(), self.below);
                self.tag(&format!("<h3 id=\"{anchor}\">"));
                self.anchors.push(anchor);
            }
            Tag::BlockQuote(_) => self.tag("<blockquote>"),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.tag("<pre><code>");
            }
            Tag::List(None) => self.tag("<ul>"),
            Tag::List(Some(1)) => self.tag("<ol>"),
            Tag::List(Some(n)) => self.tag(&format!("<ol start=\"{n}\">")),
            Tag::Item => self.tag("<li>"),
            Tag::Table(columns) => {
                self.columns.clone_from(columns);
                self.tag("<table>");
            }
            Tag::TableHead => {
                (self.head, self.cell) = (true, 0);
                self.tag("<thead><tr>");
            }
            Tag::TableRow => {
                self.cell = 0;
                self.tag("<tr>");
            }
            Tag::TableCell => {
                let cell = if self.head { "th" } else { "td" };
                let class = match self.columns.get(self.cell) {
                    Some(Alignment::Right) => " class=\"right\"",
                    Some(Alignment::Center) => " class=\"center\"",
                    _ => "",
                };
                self.cell += 1;
                let scope = if self.head { " scope=\"col\"" } else { "" };
                self.tag(&format!("<{cell}{scope}{class}>"));
            }
            Tag::Emphasis => self.tag("<em>"),
            Tag::Strong => self.tag("<strong>"),
            Tag::Link { dest_url, .. } => {
                let Some(to) = dest_url.strip_prefix('#') else {
                    let why = format!("{dest_url:?}: links lead within the text only (#s2)");
                    return Err((at, why));
                };
                self.links.push((to.to_owned(), at));
                let mut open = String::from("<a href=\"#");
                escape(&mut open, to);
                let _ = write!(open, "\">");
                self.tag(&open);
            }
            Tag::Image { .. } => {
                return Err((at, "a picture stands alone between empty lines".into()));
            }
            Tag::HtmlBlock => return Err((at, "HTML does not pass; write Markdown".into())),
            _ => return Err((at, "not of CommonMark with tables".into())),
        }
        Ok(())
    }

    fn end(&mut self, end: TagEnd) {
        self.broken = false;
        let tag = match end {
            TagEnd::Paragraph => "</p>",
            TagEnd::Heading(_) => "</h3>",
            TagEnd::BlockQuote(_) => "</blockquote>",
            TagEnd::CodeBlock => "</code></pre>",
            TagEnd::List(true) => "</ol>",
            TagEnd::List(false) => "</ul>",
            TagEnd::Item => "</li>",
            TagEnd::Table => "</tbody></table>",
            TagEnd::TableHead => {
                self.head = false;
                "</tr></thead><tbody>"
            }
            TagEnd::TableRow => "</tr>",
            TagEnd::TableCell if self.head => "</th>",
            TagEnd::TableCell => "</td>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Link => "</a>",
            _ => "",
        };
        self.html.push_str(tag);
        if tag.starts_with("</p") || tag.starts_with("</l") || tag.starts_with("</t") {
            self.last = '\n';
        }
    }
}

/// Checks a text against the bank and the pictures: every check is used exactly once, every picture
/// is there, in the language of the text.
pub(super) fn belongs(
    name: &str,
    reading: &Reading,
    questions: &[Question],
    pictures: &BTreeMap<String, Arc<str>>,
) -> Result<(), ContentError> {
    let bad = |why: String| Err(ContentError { file: name.into(), why });
    crate::unique(name, reading.checks())?;
    for id in reading.checks() {
        if !questions.iter().any(|q| q.check && q.id == id) {
            return bad(format!("{{{{check {id}}}}}: no check question has this id"));
        }
    }
    let missing = questions.iter().find(|q| q.check && reading.checks().all(|id| id != q.id));
    if let Some(question) = missing {
        return bad(format!("the check {} is not used", question.id));
    }
    let suffix =
        format!(".{}.svg", name.rsplit('/').next().unwrap_or(name).trim_end_matches(".md"));
    for picture in reading.pictures() {
        if !picture.ends_with(&suffix) {
            return bad(format!("the picture {picture:?} is none in this language (*{suffix})"));
        }
        if !pictures.contains_key(picture) {
            return bad(format!("the picture {picture} is missing"));
        }
    }
    Ok(())
}
