//! `cmi5.xml` (CourseStructure.xsd, section 13) and packages that hold one (section 14).

use crate::exchange::{
    Package, PackageError,
    xapi::{is_iri, is_language_tag},
    xml::{self, Fault, children},
};
use roxmltree::Node;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const NAMESPACE: &str = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd";
const FILE: &str = "cmi5.xml";
/// Blocks within blocks.
const MAX_DEPTH: usize = 16;
/// Units of a course; a system must take more than 1,000 (section 6.1).
const MAX_UNITS: usize = 10_000;

/// A text in the languages it has: tag → text.
pub type Words = Vec<(String, String)>;

/// A course made elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CourseStructure {
    /// The publisher's id, an IRI.
    pub id: String,
    /// Its title.
    pub title: Words,
    /// What it is about.
    pub description: Words,
    /// What is to be learnt.
    pub objectives: Vec<Objective>,
    /// Units and blocks, in order.
    pub items: Vec<Item>,
}

/// Something to be learnt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The publisher's id.
    pub id: String,
    /// Its title.
    pub title: Words,
}

/// A part of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A unit that can be launched.
    Au(Au),
    /// Units together.
    Block(Block),
}

/// Units together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The publisher's id.
    pub id: String,
    /// Its title.
    pub title: Words,
    /// What it is about.
    pub description: Words,
    /// Objectives, by id.
    pub objectives: Vec<String>,
    /// Units and blocks, in order.
    pub items: Vec<Item>,
}

/// An assignable unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Au {
    /// The publisher's id.
    pub id: String,
    /// Its title.
    pub title: Words,
    /// What it is about.
    pub description: Words,
    /// Objectives, by id.
    pub objectives: Vec<String>,
    /// Where it is: relative to the package, or an absolute http or https address.
    pub url: String,
    /// What it asks for before the learner may move on.
    pub move_on: MoveOn,
    /// Scaled score that passes, 0 to 1.
    pub mastery_score: Option<f64>,
    /// Whether it wants a window of its own.
    pub launch_method: LaunchMethod,
    /// Type of its activity.
    pub activity_type: Option<String>,
    /// What it is to be given.
    pub launch_parameters: Option<String>,
    /// A key it checks.
    pub entitlement_key: Option<String>,
}

/// What a unit asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveOn {
    /// Nothing.
    #[default]
    NotApplicable,
    /// To be passed.
    Passed,
    /// To be completed.
    Completed,
    /// Both.
    CompletedAndPassed,
    /// Either.
    CompletedOrPassed,
}

/// Which window a unit wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LaunchMethod {
    /// Any.
    #[default]
    AnyWindow,
    /// Its own.
    OwnWindow,
}

/// Why a course cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cmi5Error {
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The structure.
    #[error("cmi5.xml, line {line}: {why}")]
    Structure {
        /// Line of the file.
        line: u32,
        /// What is wrong.
        why: String,
    },
}

impl From<Fault> for Cmi5Error {
    fn from(fault: Fault) -> Self {
        Self::Structure { line: fault.line, why: fault.why }
    }
}

impl CourseStructure {
    /// Reads the structure from a package; every relative address must lead to a file in it.
    pub fn of_package(package: &mut Package<'_>) -> Result<Self, Cmi5Error> {
        let bytes = package.read(FILE)?;
        Self::read(&bytes, &|path| package.has(path))
    }

    /// Reads a structure that stands alone; every address must be absolute.
    pub fn of_xml(bytes: &[u8]) -> Result<Self, Cmi5Error> {
        Self::read(bytes, &|_| false)
    }

    fn read(bytes: &[u8], has: &dyn Fn(&str) -> bool) -> Result<Self, Cmi5Error> {
        let text = xml::text(bytes)?;
        let document = xml::parse(&text)?;
        let root = document.root_element();
        if root.tag_name().name() != "courseStructure"
            || root.tag_name().namespace() != Some(NAMESPACE)
        {
            let why = format!("no courseStructure of {NAMESPACE}");
            return Err(Fault::at(root, why).into());
        }
        let mut reader = Reader { has, ids: HashSet::new(), units: 0, objectives: HashSet::new() };
        let course = one(root, "course")?;
        let id = reader.id(course)?;
        let mut objectives = Vec::new();
        for list in own(root, "objectives") {
            for node in own(list, "objective") {
                let objective = Objective { id: reader.id(node)?, title: named(node, "title")? };
                reader.objectives.insert(objective.id.clone());
                objectives.push(objective);
            }
        }
        Ok(Self {
            id,
            title: named(course, "title")?,
            description: named(course, "description")?,
            objectives,
            items: reader.items(root, 0)?,
        })
    }

    /// Its units, in order.
    pub fn units(&self) -> Vec<&Au> {
        fn add<'a>(items: &'a [Item], out: &mut Vec<&'a Au>) {
            for item in items {
                match item {
                    Item::Au(au) => out.push(au),
                    Item::Block(block) => add(&block.items, out),
                }
            }
        }
        let mut out = Vec::new();
        add(&self.items, &mut out);
        out
    }
}

/// Child elements of the profile's namespace.
fn own<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    children(node, name).filter(|n| n.tag_name().namespace() == Some(NAMESPACE))
}

fn one<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Result<Node<'a, 'i>, Fault> {
    let mut all = own(node, name);
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Fault::at(node, format!("<{name}> is missing"))),
        (Some(_), Some(second)) => Err(Fault::at(second, format!("<{name}> stands twice"))),
    }
}

fn named(node: Node<'_, '_>, name: &'static str) -> Result<Words, Fault> {
    let text = one(node, name)?;
    let mut out: Words = Vec::new();
    for string in own(text, "langstring") {
        let tag = string.attribute("lang").unwrap_or("und");
        if tag != "und" && !is_language_tag(tag) {
            return Err(Fault::at(string, format!("{tag:?} is no language tag")));
        }
        out.push((tag.to_owned(), xml::words(string)));
    }
    if out.is_empty() {
        return Err(Fault::at(text, "<langstring> is missing"));
    }
    Ok(out)
}

struct Reader<'a> {
    has: &'a dyn Fn(&str) -> bool,
    ids: HashSet<String>,
    objectives: HashSet<String>,
    units: usize,
}

impl Reader<'_> {
    /// An id: an IRI that nothing else in the course has.
    fn id(&mut self, node: Node<'_, '_>) -> Result<String, Fault> {
        let id = node.attribute("id").unwrap_or_default().trim();
        if !is_iri(id) {
            return Err(Fault::at(node, format!("id: {id:?} is no absolute IRI")));
        }
        if !self.ids.insert(id.to_owned()) {
            return Err(Fault::at(node, format!("id: {id:?} stands twice")));
        }
        Ok(id.to_owned())
    }

    fn items(&mut self, node: Node<'_, '_>, depth: usize) -> Result<Vec<Item>, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::at(node, "blocks stand too deep in each other"));
        }
        let mut out = Vec::new();
        let ours = |n: &Node<'_, '_>| n.tag_name().namespace() == Some(NAMESPACE);
        for child in node.children().filter(Node::is_element).filter(ours) {
            match child.tag_name().name() {
                "au" => out.push(Item::Au(self.unit(child)?)),
                "block" => out.push(Item::Block(Block {
                    id: self.id(child)?,
                    title: named(child, "title")?,
                    description: named(child, "description")?,
                    objectives: self.references(child)?,
                    items: self.items(child, depth + 1)?,
                })),
                "course" | "objectives" if depth == 0 => {}
                "title" | "description" | "objectives" if depth > 0 => {}
                name => return Err(Fault::at(child, format!("<{name}> has no place here"))),
            }
        }
        if out.is_empty() {
            return Err(Fault::at(node, "neither <au> nor <block>"));
        }
        Ok(out)
    }

    fn references(&self, node: Node<'_, '_>) -> Result<Vec<String>, Fault> {
        let mut out = Vec::new();
        for list in own(node, "objectives") {
            for objective in own(list, "objective") {
                let id = objective.attribute("idref").unwrap_or_default().trim();
                if !self.objectives.contains(id) {
                    return Err(Fault::at(objective, format!("idref: {id:?} is no objective")));
                }
                out.push(id.to_owned());
            }
        }
        Ok(out)
    }

    fn unit(&mut self, node: Node<'_, '_>) -> Result<Au, Fault> {
        self.units += 1;
        if self.units > MAX_UNITS {
            return Err(Fault::at(node, format!("more than {MAX_UNITS} units")));
        }
        let text = |name| own(node, name).next().map(|n| n.text().unwrap_or_default().to_owned());
        let url = one(node, "url")?;
        let address = url.text().unwrap_or_default().trim().to_owned();
        let absolute = address.starts_with("https://") || address.starts_with("http://");
        let file = address.split(['?', '#']).next().unwrap_or_default();
        if !(absolute && is_iri(&address) || !absolute && (self.has)(file)) {
            let why = format!("url: {address:?} is neither a file of the package nor http(s)");
            return Err(Fault::at(url, why));
        }
        let mastery_score = match node.attribute("masteryScore") {
            None => None,
            Some(score) => {
                let score = score.trim().parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
                Some(score.ok_or_else(|| Fault::at(node, "masteryScore: not from 0 to 1"))?)
            }
        };
        let move_on = match node.attribute("moveOn") {
            None | Some("NotApplicable") => MoveOn::NotApplicable,
            Some("Passed") => MoveOn::Passed,
            Some("Completed") => MoveOn::Completed,
            Some("CompletedAndPassed") => MoveOn::CompletedAndPassed,
            Some("CompletedOrPassed") => MoveOn::CompletedOrPassed,
            Some(other) => return Err(Fault::at(node, format!("moveOn: {other:?} is not known"))),
        };
        let launch_method = match node.attribute("launchMethod") {
            None | Some("AnyWindow") => LaunchMethod::AnyWindow,
            Some("OwnWindow") => LaunchMethod::OwnWindow,
            Some(other) => {
                return Err(Fault::at(node, format!("launchMethod: {other:?} is not known")));
            }
        };
        Ok(Au {
            id: self.id(node)?,
            title: named(node, "title")?,
            description: named(node, "description")?,
            objectives: self.references(node)?,
            url: address,
            move_on,
            mastery_score,
            launch_method,
            activity_type: node.attribute("activityType").map(str::to_owned),
            launch_parameters: text("launchParameters"),
            entitlement_key: text("entitlementKey"),
        })
    }
}
