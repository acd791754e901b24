//! Pictures: hand-written SVG that can stand inside a page. Only shapes and text pass: no scripts,
//! no styles (the pages' content security policy refuses them), nothing that fetches.

use crate::ContentError;
use roxmltree::{Document, ParsingOptions};

const SVG: &str = "http://www.w3.org/2000/svg";

/// Longest picture in bytes, and most nodes.
const MAX_BYTES: usize = 256 * 1024;
const MAX_NODES: u32 = 20_000;

const ELEMENTS: &[&str] = &[
    "svg",
    "title",
    "desc",
    "defs",
    "g",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "marker",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "pattern",
];

/// Smallest text that print still shows, in units of a picture 720 wide.
pub(super) const SMALLEST: f32 = 13.0;

fn at(document: &Document<'_>, node: roxmltree::Node<'_, '_>) -> u32 {
    document.text_pos_at(node.range().start).row
}

pub(super) fn check(name: &str, text: &str) -> Result<(), ContentError> {
    let bad = |why: String| Err(ContentError { file: name.into(), why });
    if text.len() > MAX_BYTES {
        return bad(format!("is longer than {MAX_BYTES} bytes"));
    }
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(text, options) {
        Ok(document) => document,
        Err(e) => return bad(e.to_string()),
    };
    let root = document.root_element();
    if root.tag_name().name() != "svg" || root.tag_name().namespace() != Some(SVG) {
        return bad(
            "is no SVG: its first element is <svg xmlns=\"http://www.w3.org/2000/svg\">".into()
        );
    }
    let size: Vec<f32> = root
        .attribute("viewBox")
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    if !matches!(size[..], [x, y, w, h] if x == 0.0 && y == 0.0 && w > 0.0 && h > 0.0) {
        return bad("has no viewBox=\"0 0 W H\"".into());
    }
    let titled = |n: roxmltree::Node<'_, '_>| {
        n.has_tag_name((SVG, "title")) && n.text().is_some_and(|t| !t.trim().is_empty())
    };
    if !root.children().any(titled) {
        return bad("has no <title>, which says what it shows to those who cannot see it".into());
    }
    for node in document.descendants() {
        let line = at(&document, node);
        if node.is_pi() {
            return bad(format!("line {line}: a processing instruction"));
        }
        if !node.is_element() {
            continue;
        }
        let tag = node.tag_name();
        if tag.namespace() != Some(SVG) || !ELEMENTS.contains(&tag.name()) {
            return bad(format!("line {line}: <{}> has no place in a picture", tag.name()));
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let fetches = value
                .match_indices("url(")
                .any(|(at, _)| !value[at + 4..].trim_start().starts_with('#'));
            if name == "style"
                || name == "href"
                || name.starts_with("on")
                || fetches
                || value.to_ascii_lowercase().contains("javascript:")
            {
                return bad(format!("line {line}: the attribute {name} has no place here"));
            }
        }
    }
    Ok(())
}

/// What keeps a sound picture below the bar.
pub(super) fn shortfall(text: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let box_ = document.root_element().attribute("viewBox").unwrap_or_default();
    let height: f32 = box_.rsplit(' ').next().and_then(|h| h.parse().ok()).unwrap_or(0.0);
    if !box_.starts_with("0 0 720 ") || !(240.0..=440.0).contains(&height) {
        return Some(format!("viewBox is {box_:?}, not \"0 0 720 H\" with H from 240 to 440"));
    }
    let small = document.descendants().find(|n| {
        n.attribute("font-size")
            .and_then(|s| s.trim_end_matches("px").parse::<f32>().ok())
            .is_some_and(|s| s < SMALLEST)
    });
    small.map(|n| format!("line {}: text below {SMALLEST} px", at(&document, n)))
}
