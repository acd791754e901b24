//! PDF, laid out by Typst from a fixed template.
//!
//! The document reaches the template as values (`sys.inputs`), never as source, and the engine sees
//! a world with three embedded fonts and no files, no packages and no clock.

mod values;

use crate::{Document, PrintError, image, text::line};
use std::sync::LazyLock;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Array, Bytes, Datetime, Dict, Duration, IntoValue, Smart, Value},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

const TEMPLATE: &str = include_str!("template.typ");

/// Regular, bold, fixed width (fonts/README.md).
static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    let files: [&'static [u8]; 3] = [
        include_bytes!("../../fonts/NotoSansSC-Regular.ttf"),
        include_bytes!("../../fonts/NotoSansSC-Bold.ttf"),
        include_bytes!("../../fonts/DejaVuSansMono.ttf"),
    ];
    files.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect()
});

static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));

static MAIN: LazyLock<Source> = LazyLock::new(|| {
    let path = VirtualPath::new("template.typ").expect("a plain file name is a path");
    let id = FileId::new(RootedPath::new(VirtualRoot::Project, path));
    Source::new(id, TEMPLATE.to_owned())
});

struct Paper {
    library: LazyHash<Library>,
}

impl World for Paper {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        MAIN.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == MAIN.id() { Ok(MAIN.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The document as a tagged PDF on A4 pages with its fonts embedded.
pub fn pdf(document: &Document) -> Result<Vec<u8>, PrintError> {
    let images: Array = image::sizes(document)?
        .into_iter()
        .map(|(image, _, _)| Bytes::new(image.png.clone()).into_value())
        .collect();
    let covered = |c: char| FONTS.iter().any(|f| f.info().coverage.contains(u32::from(c)));
    let values = values::document(document, &covered);
    let values: Value =
        serde_json::from_value(values).map_err(|e| PrintError::Pdf(e.to_string()))?;
    let mut inputs = Dict::new();
    inputs.insert("document".into(), values);
    inputs.insert("images".into(), images.into_value());
    let library = Library::builder().with_inputs(inputs).build();
    let paper = Paper { library: LazyHash::new(library) };

    let made = typst::compile::<PagedDocument>(&paper).output;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{}\0{}", line(&document.title), line(&document.number))),
        creator: Smart::Custom(Some("Hangtu".to_owned())),
        ..PdfOptions::default()
    };
    let written = made.and_then(|pages| typst_pdf::pdf(&pages, &options));
    // The engine remembers what it laid out; documents share next to nothing.
    typst::comemo::evict(0);
    written.map_err(|errors| PrintError::Pdf(messages(&errors)))
}

fn messages(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; ")
}
