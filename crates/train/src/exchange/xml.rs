//! XML written by strangers: no document type, so no entities; bounded length and number of nodes.

use roxmltree::{Document, Node, ParsingOptions};

/// Longest document in bytes.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most nodes.
const MAX_NODES: u32 = 400_000;
/// Elements within elements.
const MAX_DEPTH: usize = 64;

/// Where and why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u32,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn at(node: Node<'_, '_>, why: impl Into<String>) -> Self {
        Self { line: line(node), why: why.into() }
    }
}

pub(super) fn line(node: Node<'_, '_>) -> u32 {
    node.document().text_pos_at(node.range().start).row
}

/// The text of a document in UTF-8 or UTF-16 (with a mark).
pub(super) fn text(bytes: &[u8]) -> Result<String, Fault> {
    let fault = |why: &str| Fault { line: 1, why: why.into() };
    if bytes.len() > MAX_BYTES {
        return Err(fault("the document is longer than 8 MiB"));
    }
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or(encoding_rs::UTF_8, |(e, _)| e);
    let (text, _, damaged) = encoding.decode(bytes);
    if damaged {
        return Err(fault("the document is neither UTF-8 nor UTF-16"));
    }
    Ok(text.into_owned())
}

/// Parses a text.
pub(super) fn parse(text: &str) -> Result<Document<'_>, Fault> {
    shallow(text)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
        .map_err(|e| Fault { line: e.pos().row, why: e.to_string() })
}

/// Refuses depth before anything recurses over it. Counts tags roughly: what it miscounts, in
/// comments and sections of character data, only makes it refuse more.
fn shallow(text: &str) -> Result<(), Fault> {
    let (mut depth, mut rest) = (0usize, text);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let empty = rest.find('>').is_some_and(|end| rest[..end].ends_with('/'));
            if !empty {
                depth += 1;
            }
        }
        // A `>` within an attribute may hide an empty element: leave room.
        if depth > MAX_DEPTH * 8 {
            return Err(Fault { line: 1, why: "elements stand too deep in each other".into() });
        }
    }
    Ok(())
}

/// The child elements with this local name, of whatever namespace.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |c| c.is_element() && c.tag_name().name() == name)
}

/// The text of a node and everything in it, blanks folded.
pub(super) fn words(node: Node<'_, '_>) -> String {
    let mut out = String::new();
    for text in node.descendants().filter(Node::is_text).filter_map(|n| n.text()) {
        for word in text.split_whitespace() {
            // Between elements and lines there is a blank, within Chinese there is none anyway.
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// Text as it may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not in XML 1.0, however spelt.
            c if c < ' ' && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
