//! Writes small EVTX chunks, as Windows does: names and templates stand where they are first used,
//! later uses give their offset.

use std::collections::HashMap;

pub(crate) const CHUNK: usize = 0x1_0000;
/// FILETIME of 2026-03-02 06:00:00.
pub(crate) const TIME: u64 = 134_169_048_000_000_000;

/// An element: name, attributes, content.
#[derive(Clone)]
pub(crate) struct Element(
    pub(crate) &'static str,
    pub(crate) Vec<(&'static str, Content)>,
    pub(crate) Vec<Content>,
);

#[derive(Clone)]
pub(crate) enum Content {
    Text(&'static str),
    CData(&'static str),
    Char(u16),
    Entity(&'static str),
    Instruction(&'static str, &'static str),
    Slot(u16),
    Optional(u16),
    Child(Element),
}

/// A value of a template instance.
#[derive(Clone)]
pub(crate) enum Val {
    Plain(u8, Vec<u8>),
    /// BinXML: an instance of a template.
    Instance(Template, Vec<Val>),
    /// BinXML: an element as it stands.
    Fragment(Element),
}

/// A template: its number, and what it says.
#[derive(Clone)]
pub(crate) struct Template(pub(crate) u32, pub(crate) Element);

/// An element without attributes that holds one thing.
pub(crate) fn leaf(name: &'static str, content: Content) -> Content {
    Content::Child(Element(name, vec![], vec![content]))
}

/// `<Data Name="…">`.
pub(crate) fn data(name: &'static str, content: Content) -> Content {
    Content::Child(Element("Data", vec![("Name", Content::Text(name))], vec![content]))
}

pub(crate) fn string(text: &str) -> Val {
    Val::Plain(0x01, utf16(text))
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An event: `System` with the values that matter, then `section`.
pub(crate) fn event(section: Content) -> Element {
    let attribute =
        |element, name, content| Content::Child(Element(element, vec![(name, content)], vec![]));
    let system = vec![
        attribute("Provider", "Name", Content::Optional(0)),
        leaf("EventID", Content::Optional(1)),
        leaf("Keywords", Content::Optional(2)),
        attribute("TimeCreated", "SystemTime", Content::Optional(3)),
        leaf("EventRecordID", Content::Optional(4)),
        attribute("Correlation", "ActivityID", Content::Optional(5)),
        attribute("Execution", "ProcessID", Content::Optional(6)),
        leaf("Channel", Content::Text("Security")),
        leaf("Computer", Content::Optional(7)),
        attribute("Security", "UserID", Content::Optional(8)),
    ];
    let xmlns = ("xmlns", Content::Text("http://schemas.microsoft.com/win/2004/08/events/event"));
    Element("Event", vec![xmlns], vec![Content::Child(Element("System", vec![], system)), section])
}

/// The values of [`event`]'s `System`, then others.
pub(crate) fn system(provider: &str, id: u16, record: u64, more: Vec<Val>) -> Vec<Val> {
    let time = TIME + record * 10_000_000 + 1_234_567;
    let mut out = vec![
        string(provider),
        Val::Plain(0x06, id.to_le_bytes().to_vec()),
        Val::Plain(0x15, 0x8020_0000_0000_0000_u64.to_le_bytes().to_vec()),
        Val::Plain(0x11, time.to_le_bytes().to_vec()),
        Val::Plain(0x0a, record.to_le_bytes().to_vec()),
        Val::Plain(0x00, vec![]),
        Val::Plain(0x08, 756_u32.to_le_bytes().to_vec()),
        string("hmi-01"),
        Val::Plain(0x13, [&[1, 1, 0, 0, 0, 0, 0, 5][..], &18_u32.to_le_bytes()].concat()),
    ];
    out.extend(more);
    out
}

#[derive(Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<&'static str, u32>,
    templates: HashMap<u32, u32>,
    records: u64,
}

impl Chunk {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 512], ..Self::default() }
    }

    fn u16(&mut self, n: u16) {
        self.bytes.extend(n.to_le_bytes());
    }

    fn u32(&mut self, n: u32) {
        self.bytes.extend(n.to_le_bytes());
    }

    fn set(&mut self, at: usize, n: usize) {
        self.bytes[at..at + 4].copy_from_slice(&(n as u32).to_le_bytes());
    }

    /// A record whose event is an instance of a template. Gives its offset.
    pub(crate) fn record(&mut self, template: &Template, values: &[Val]) -> usize {
        self.framed(|chunk| chunk.instance(template, values))
    }

    /// A record whose event is written without a template.
    pub(crate) fn plain(&mut self, element: &Element) -> usize {
        self.framed(|chunk| {
            chunk.bytes.extend([0x0f, 1, 1, 0]);
            chunk.element(element, true);
            chunk.bytes.push(0);
        })
    }

    fn framed(&mut self, write: impl FnOnce(&mut Self)) -> usize {
        let start = self.bytes.len();
        self.records += 1;
        self.bytes.extend(b"**\0\0");
        self.u32(0);
        self.bytes.extend(self.records.to_le_bytes());
        self.bytes.extend((TIME + self.records * 10_000_000).to_le_bytes());
        write(self);
        self.bytes.resize(self.bytes.len().next_multiple_of(8) + 4, 0);
        let size = self.bytes.len() + 4 - start;
        self.u32(size as u32);
        self.set(start + 4, size);
        start
    }

    fn instance(&mut self, template: &Template, values: &[Val]) {
        self.bytes.extend([0x0f, 1, 1, 0, 0x0c, 1]);
        self.u32(template.0);
        let here = self.bytes.len() as u32 + 4;
        let at = *self.templates.entry(template.0).or_insert(here);
        self.u32(at);
        if at == here {
            self.u32(0);
            self.bytes.extend([template.0 as u8; 16]);
            let size = self.bytes.len();
            self.bytes.extend([0, 0, 0, 0, 0x0f, 1, 1, 0]);
            self.element(&template.1, true);
            self.bytes.push(0);
            self.set(size, self.bytes.len() - size - 4);
        }
        self.u32(values.len() as u32);
        let descriptors = self.bytes.len();
        self.bytes.resize(descriptors + 4 * values.len(), 0);
        for (i, value) in values.iter().enumerate() {
            let start = self.bytes.len();
            let kind = match value {
                Val::Plain(kind, bytes) => {
                    self.bytes.extend(bytes);
                    *kind
                }
                Val::Instance(template, values) => {
                    self.instance(template, values);
                    self.bytes.push(0);
                    0x21
                }
                Val::Fragment(element) => {
                    self.bytes.extend([0x0f, 1, 1, 0]);
                    self.element(element, false);
                    self.bytes.push(0);
                    0x21
                }
            };
            let size = self.bytes.len() - start;
            self.set(descriptors + 4 * i, usize::from(kind) << 16 | size);
        }
    }

    fn element(&mut self, Element(name, attributes, content): &Element, dependency: bool) {
        self.bytes.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        if dependency {
            self.u16(0xffff);
        }
        let size = self.bytes.len();
        self.u32(0);
        self.name(name);
        if !attributes.is_empty() {
            let list = self.bytes.len();
            self.u32(0);
            for (i, (name, value)) in attributes.iter().enumerate() {
                self.bytes.push(if i + 1 == attributes.len() { 0x06 } else { 0x46 });
                self.name(name);
                self.content(value, dependency);
            }
            self.set(list, self.bytes.len() - list - 4);
        }
        if content.is_empty() {
            self.bytes.push(0x03);
        } else {
            self.bytes.push(0x02);
            for c in content {
                self.content(c, dependency);
            }
            self.bytes.push(0x04);
        }
        self.set(size, self.bytes.len() - size - 4);
    }

    fn content(&mut self, content: &Content, dependency: bool) {
        match content {
            Content::Text(text) => {
                self.bytes.extend([0x05, 0x01]);
                self.text(text);
            }
            Content::CData(text) => {
                self.bytes.push(0x07);
                self.text(text);
            }
            Content::Char(unit) => {
                self.bytes.push(0x08);
                self.u16(*unit);
            }
            Content::Entity(name) => {
                self.bytes.push(0x09);
                self.name(name);
            }
            Content::Instruction(target, text) => {
                self.bytes.push(0x0a);
                self.name(target);
                self.bytes.push(0x0b);
                self.text(text);
            }
            Content::Slot(slot) | Content::Optional(slot) => {
                let optional = matches!(content, Content::Optional(_));
                self.bytes.push(if optional { 0x0e } else { 0x0d });
                self.u16(*slot);
                self.bytes.push(0x01);
            }
            Content::Child(element) => self.element(element, dependency),
        }
    }

    fn text(&mut self, text: &str) {
        self.u16(text.encode_utf16().count() as u16);
        self.bytes.extend(utf16(text));
    }

    fn name(&mut self, name: &'static str) {
        let here = self.bytes.len() as u32 + 4;
        let at = *self.names.entry(name).or_insert(here);
        self.u32(at);
        if at == here {
            self.bytes.extend([0; 6]);
            self.text(name);
            self.u16(0);
        }
    }

    /// The chunk's 64 KiB.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len();
        assert!(free <= CHUNK, "{free} bytes of records");
        self.bytes[..8].copy_from_slice(b"ElfChnk\0");
        self.bytes[8] = 1;
        self.bytes[16] = self.records as u8;
        self.bytes[24] = 1;
        self.bytes[32] = self.records as u8;
        self.set(40, 128);
        self.set(48, free);
        self.bytes.resize(CHUNK, 0);
        self.bytes
    }
}

/// A file of chunks. Its header says nothing true but where they begin.
pub(crate) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"ElfFile\0".to_vec();
    out.resize(4096, 0);
    out[32] = 128;
    out[36..42].copy_from_slice(&[1, 0, 3, 0, 0, 16]);
    out.extend(chunks.concat());
    out
}
