//! Reading items and packages.

use crate::exchange::{
    Package, PackageError,
    xml::{self, Fault},
};
use hangtu_catalog::course::Kind;
use roxmltree::Node;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

const MANIFEST: &str = "imsmanifest.xml";
/// Most options of an item.
const MAX_OPTIONS: usize = 26;
/// Most characters of a text.
const MAX_TEXT: usize = 8000;

/// A question of somebody else, in the one language it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The maker's identifier.
    pub identifier: String,
    /// Its title.
    pub title: String,
    /// Its language, if it says.
    pub language: Option<String>,
    /// How it is answered.
    pub kind: Kind,
    /// What stands in front of the question.
    pub situation: String,
    /// What is asked.
    pub question: String,
    /// The options; of an order question, the steps in the right order.
    pub options: Vec<ImportedOption>,
    /// Why the right answer is right, if the maker says (a rubric for authors and tutors).
    pub why: String,
}

/// An option of an imported question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportedOption {
    /// The text.
    pub text: String,
    /// Whether it is right; of order questions, nothing.
    pub right: bool,
}

/// What an import came to, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QtiReport {
    /// A row for each item, in the order of the manifest.
    pub rows: Vec<Row>,
}

/// One item of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its file.
    pub file: String,
    /// The question, or where and why it is none.
    pub result: Result<Imported, Place>,
}

/// Where and why an item cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Place {
    /// Line of the file.
    pub line: u32,
    /// Why.
    pub why: String,
}

impl From<Fault> for Place {
    fn from(fault: Fault) -> Self {
        Self { line: fault.line, why: fault.why }
    }
}

impl QtiReport {
    /// The questions that can be used.
    pub fn questions(&self) -> impl Iterator<Item = &Imported> {
        self.rows.iter().filter_map(|r| r.result.as_ref().ok())
    }
}

/// Reads every item that the manifest of a package names.
pub fn read_package(package: &mut Package<'_>) -> Result<QtiReport, PackageError> {
    let manifest = package.read(MANIFEST)?;
    let files = match manifest_items(&manifest) {
        Ok(files) => files,
        Err(fault) => {
            let row = Row { file: MANIFEST.into(), result: Err(fault.into()) };
            return Ok(QtiReport { rows: vec![row] });
        }
    };
    let mut report = QtiReport::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let result = match package.read(&file) {
            Err(e @ PackageError::TooLarge(_)) => return Err(e),
            Err(e) => Err(Place { line: 0, why: e.to_string() }),
            Ok(bytes) => read_item(&bytes),
        };
        let result = result.and_then(|item| {
            if let Some(first) = seen.get(&item.identifier) {
                let why = format!("identifier {} stands in {first} too", item.identifier);
                return Err(Place { line: 1, why });
            }
            seen.insert(item.identifier.clone(), file.clone());
            Ok(item)
        });
        report.rows.push(Row { file, result });
    }
    Ok(report)
}

/// The files of the items that a manifest names.
fn manifest_items(bytes: &[u8]) -> Result<Vec<String>, Fault> {
    let text = xml::text(bytes)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    if root.tag_name().name() != "manifest" {
        return Err(Fault::at(root, "no <manifest>"));
    }
    let mut out = Vec::new();
    for resource in root.descendants().filter(|n| n.has_tag_name_of("resource")) {
        let kind = resource.attribute("type").unwrap_or_default();
        if kind.starts_with("imsqti_item") {
            let href = resource.attribute("href").unwrap_or_default().trim();
            if href.is_empty() {
                return Err(Fault::at(resource, "an item without href"));
            }
            out.push(href.to_owned());
        }
    }
    if out.is_empty() {
        return Err(Fault::at(root, "names no item (a resource of type imsqti_item_…)"));
    }
    Ok(out)
}

trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    /// Whether this is the element, as QTI 3 (`qti-simple-choice`) or QTI 2 (`simpleChoice`) or
    /// plain HTML spell it.
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && plain(self.tag_name().name()) == name
    }
}

/// `qti-simple-choice` and `simpleChoice` are `simple-choice`.
fn plain(name: &str) -> String {
    let name = name.strip_prefix("qti-").unwrap_or(name);
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|a| plain(a.name()) == name).map(|a| a.value().trim())
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |c| c.has_tag_name_of(name))
}

fn words(node: Node<'_, '_>) -> Result<String, Fault> {
    let text = xml::words(node);
    if text.chars().count() > MAX_TEXT {
        return Err(Fault::at(node, format!("a text of more than {MAX_TEXT} characters")));
    }
    Ok(text)
}

/// Reads one item.
pub fn read_item(bytes: &[u8]) -> Result<Imported, Place> {
    let text = xml::text(bytes)?;
    let document = xml::parse(&text)?;
    Ok(item(document.root_element())?)
}

fn item(root: Node<'_, '_>) -> Result<Imported, Fault> {
    if !root.has_tag_name_of("assessment-item") {
        return Err(Fault::at(root, "no assessment item"));
    }
    let identifier = attribute(root, "identifier").unwrap_or_default();
    if identifier.is_empty() || identifier.len() > 128 {
        return Err(Fault::at(root, "identifier: missing or too long"));
    }
    let body = children(root, "item-body").next();
    let body = body.ok_or_else(|| Fault::at(root, "no item body"))?;
    let interactions: Vec<Node<'_, '_>> = body
        .descendants()
        .filter(|n| n.is_element() && plain(n.tag_name().name()).ends_with("-interaction"))
        .collect();
    let interaction = match interactions[..] {
        [one] => one,
        [] => return Err(Fault::at(body, "no interaction")),
        [_, second, ..] => return Err(Fault::at(second, "a second interaction")),
    };
    let named = plain(interaction.tag_name().name());
    if named != "choice-interaction" && named != "order-interaction" {
        return Err(Fault::at(interaction, format!("{named} is not read; choice and order are")));
    }
    let response = attribute(interaction, "response-identifier").unwrap_or_default();
    let declaration = children(root, "response-declaration")
        .find(|d| attribute(*d, "identifier") == Some(response))
        .ok_or_else(|| Fault::at(interaction, format!("response {response:?} is not declared")))?;
    let cardinality = attribute(declaration, "cardinality").unwrap_or_default();
    let kind = match (named.as_str(), cardinality) {
        ("order-interaction", "ordered") => Kind::Order,
        ("choice-interaction", "single") => Kind::Single,
        ("choice-interaction", "multiple") => Kind::Multiple,
        _ => {
            let why = format!("cardinality {cardinality:?} does not fit {named}");
            return Err(Fault::at(declaration, why));
        }
    };
    let mut options: Vec<(&str, String)> = Vec::new();
    for choice in interaction.descendants().filter(|n| n.has_tag_name_of("simple-choice")) {
        let id = attribute(choice, "identifier").unwrap_or_default();
        let text = words(choice)?;
        if id.is_empty() || options.iter().any(|(other, _)| *other == id) {
            return Err(Fault::at(choice, format!("identifier {id:?}: empty or stands twice")));
        }
        if text.is_empty() || options.iter().any(|(_, other)| *other == text) {
            return Err(Fault::at(choice, "the text of a choice is empty or stands twice"));
        }
        if options.len() == MAX_OPTIONS {
            return Err(Fault::at(choice, format!("more than {MAX_OPTIONS} choices")));
        }
        options.push((id, text));
    }
    let correct = children(declaration, "correct-response").next();
    let correct = correct.ok_or_else(|| Fault::at(declaration, "no correct response"))?;
    let right: Vec<&str> =
        children(correct, "value").filter_map(|v| v.text()).map(str::trim).collect();
    if let Some(id) = right.iter().find(|id| options.iter().all(|(o, _)| o != *id)) {
        return Err(Fault::at(correct, format!("{id:?} is no choice")));
    }
    if right.iter().collect::<HashSet<_>>().len() != right.len() {
        return Err(Fault::at(correct, "a choice stands twice"));
    }
    let fits = match kind {
        Kind::Single => right.len() == 1 && options.len() >= 2,
        Kind::Multiple => !right.is_empty() && right.len() < options.len(),
        Kind::Order => right.len() == options.len() && right.len() >= 3,
    };
    if !fits {
        let why = "the correct response does not fit: single has one right choice of two and more, \
                   multiple a wrong one too, order names all of three and more";
        return Err(Fault::at(correct, why));
    }
    let options = match kind {
        Kind::Order => right
            .iter()
            .filter_map(|id| options.iter().find(|(o, _)| o == id))
            .map(|(_, text)| ImportedOption { text: text.clone(), right: false })
            .collect(),
        _ => options
            .into_iter()
            .map(|(id, text)| ImportedOption { text, right: right.contains(&id) })
            .collect(),
    };
    let (before, why) = around(body, interaction)?;
    let prompt = children(interaction, "prompt").next().map(words).transpose()?;
    let (situation, question) = match prompt.filter(|p| !p.is_empty()) {
        Some(prompt) => (before, prompt),
        None => (String::new(), before),
    };
    if question.is_empty() {
        return Err(Fault::at(interaction, "nothing is asked"));
    }
    Ok(Imported {
        identifier: identifier.to_owned(),
        title: attribute(root, "title").unwrap_or_default().to_owned(),
        language: attribute(root, "lang").map(str::to_owned),
        kind,
        situation,
        question,
        options,
        why,
    })
}

/// The text of the body outside the interaction, and that of rubrics.
fn around(body: Node<'_, '_>, interaction: Node<'_, '_>) -> Result<(String, String), Fault> {
    let (mut before, mut why) = (Vec::new(), Vec::new());
    let within = |n: Node<'_, '_>| n.ancestors().any(|a| a == interaction);
    let rubric = |n: Node<'_, '_>| n.ancestors().any(|a| a.has_tag_name_of("rubric-block"));
    for text in body.descendants().filter(|n| n.is_text() && !within(*n)) {
        let said: Vec<&str> = text.text().unwrap_or_default().split_whitespace().collect();
        if said.is_empty() {
            continue;
        }
        if rubric(text) { why.push(said.join(" ")) } else { before.push(said.join(" ")) }
    }
    let (before, why) = (before.join(" "), why.join(" "));
    if before.chars().count() > MAX_TEXT || why.chars().count() > MAX_TEXT {
        return Err(Fault::at(body, format!("a text of more than {MAX_TEXT} characters")));
    }
    Ok((before, why))
}
