//! Pages written as a file.

use super::{
    flow::{Area, Heading, Item, Page, Set},
    lines::{Line, Measure, Sort, Text, lines, single},
    look::{Colour, FAINT, LEFT, PAGE, RULE, TINY, TOP, WIDTH},
    short,
    tags::{Element, Tags},
};
use crate::{Document, Emphasis, Image, PrintError};
use hangtu_catalog::Language;
use krilla::{
    Document as File, SerializeSettings,
    annotation::{Annotation, LinkAnnotation, Target},
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    error::KrillaError,
    geom::{PathBuilder, Point, Rect, Size, Transform},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag},
    text::{GlyphId, KrillaGlyph},
};

/// Everything that is to be written.
pub(super) struct Sheets {
    pub(super) pages: Vec<Page>,
    /// How many of them are the cover, which has no header and footer.
    pub(super) covers: usize,
    /// With the number of their page in `pages`.
    pub(super) headings: Vec<Heading>,
}

pub(super) fn paint(
    document: &Document,
    sheets: Sheets,
    tags: Tags,
    images: &[(&Image, u32, u32)],
) -> Result<Vec<u8>, PrintError> {
    let pictures: Vec<_> =
        images.iter().enumerate().map(|(at, (i, ..))| decode(at, i)).collect::<Result<_, _>>()?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|e| PrintError::Pdf(format!("{e:?}")))?;
    let mut file =
        File::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let Sheets { pages, covers, headings } = sheets;
    let running = Running::new(document, pages.len());
    let mut drawn = Vec::new();
    // Each page is let go once it is drawn.
    for (at, content) in pages.into_iter().enumerate() {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 has an area");
        let mut page = file.start_page_with(size);
        let mut surface = page.surface();
        let ornament = |kind| ContentTag::Artifact(Artifact::new(kind, None));
        surface.start_tagged(ornament(ArtifactType::Layout));
        for (area, colour) in &content.fills {
            fill(&mut surface, *area, *colour);
        }
        surface.end_tagged();
        if at >= covers {
            surface.start_tagged(ornament(ArtifactType::Header));
            running.header(&mut surface);
            surface.end_tagged();
            surface.start_tagged(ornament(ArtifactType::Footer));
            running.footer(&mut surface, at + 1);
            surface.end_tagged();
        }
        items(&mut surface, &content.items, &pictures, &mut drawn);
        surface.finish();
        for jump in &content.jumps {
            let (Some(heading), Some(area)) = (headings.get(jump.heading), rect(jump.area)) else {
                continue;
            };
            let target = Target::Destination(place(heading).into());
            let link =
                Annotation::new_link(LinkAnnotation::new(area, target), Some(heading.text.clone()));
            drawn.push((jump.element, page.add_tagged_annotation(link)));
        }
        page.finish();
    }
    file.set_outline(outline(document, &headings));
    file.set_metadata(metadata(document));
    file.set_tag_tree(tags.tree(document.language.tag(), drawn));
    file.finish().map_err(|error| match error {
        KrillaError::Image(image, ..) => {
            let number = pictures.iter().position(|p| *p == image).map_or(0, |at| at + 1);
            PrintError::Image { number, why: UNREADABLE }
        }
        KrillaError::Validation(broken) => {
            let rules = broken.iter().map(|(rule, _)| format!("{rule:?}"));
            PrintError::Pdf(rules.collect::<Vec<_>>().join("; "))
        }
        error => PrintError::Pdf(error.to_string()),
    })
}

const UNREADABLE: &str = "its pixels cannot be read";

fn decode(at: usize, image: &Image) -> Result<krilla::image::Image, PrintError> {
    krilla::image::Image::from_png(image.png.clone().into(), false)
        .map_err(|_| PrintError::Image { number: at + 1, why: UNREADABLE })
}

/// Draws what stands on a page, and notes what was drawn for which element.
fn items(
    surface: &mut Surface<'_>,
    items: &[Item],
    pictures: &[krilla::image::Image],
    drawn: &mut Vec<(Element, Identifier)>,
) {
    let mut open: Option<Option<Element>> = None;
    for item in items {
        let element = match item {
            Item::Line { set, .. } => set.element,
            Item::Picture { element, .. } => Some(*element),
        };
        if open != Some(element) {
            if open.is_some() {
                surface.end_tagged();
            }
            let tag = match (element, item) {
                (None, _) => {
                    ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther))
                }
                (_, Item::Line { .. }) => ContentTag::Span(SpanTag::empty()),
                (_, Item::Picture { .. }) => ContentTag::Other,
            };
            let identifier = surface.start_tagged(tag);
            drawn.extend(element.map(|element| (element, identifier)));
            open = Some(element);
        }
        match item {
            Item::Line { set, x, y } => line(surface, set, *x, *y),
            Item::Picture { at, area: [x, y, width, height], .. } => {
                let Some(size) = Size::from_wh(*width, *height) else { continue };
                surface.push_transform(&Transform::from_translate(*x, *y));
                surface.draw_image(pictures[*at].clone(), size);
                surface.pop();
            }
        }
    }
    if open.is_some() {
        surface.end_tagged();
    }
}

fn rect([x, y, width, height]: Area) -> Option<Rect> {
    Rect::from_xywh(x, y, width, height)
}

fn paint_with(surface: &mut Surface<'_>, [r, g, b]: Colour) {
    let paint = rgb::Color::new(r, g, b).into();
    surface.set_fill(Some(Fill { paint, ..Fill::default() }));
}

fn fill(surface: &mut Surface<'_>, area: Area, colour: Colour) {
    let path = rect(area).and_then(|rect| {
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        path.finish()
    });
    if let Some(path) = path {
        paint_with(surface, colour);
        surface.draw_path(&path);
    }
}

/// Draws a line whose box has its top left corner here.
fn line(surface: &mut Surface<'_>, set: &Set, x: f32, y: f32) {
    // A Chinese character fills its square from 0.88 above the base line to 0.12 below it.
    let base = y + (set.height - set.size) / 2.0 + 0.88 * set.size;
    let sorts = set.line.sorts(set.size);
    paint_with(surface, set.colour);
    let mut from = 0;
    while let Some((start, first)) = sorts.get(from) {
        let alike = |s: &Sort| s.glyph.face == first.glyph.face && s.look == first.look;
        let same = sorts[from..].iter().take_while(|(_, s)| alike(s)).count();
        let (mut text, mut glyphs) = (String::new(), Vec::with_capacity(same));
        for at in from..from + same {
            let (x, sort) = &sorts[at];
            let begin = text.len();
            text.push(sort.c);
            let next = sorts.get(at + 1).map_or(x + sort.advance, |(next, _)| *next);
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(u32::from(sort.glyph.id)),
                (next - x) / sort.size,
                sort.glyph.shift,
                0.0,
                0.0,
                begin..text.len(),
                None,
            ));
        }
        let point = Point::from_xy(x + start, base);
        surface.draw_glyphs(point, &glyphs, first.glyph.face.font(), &text, first.size, false);
        from += same;
    }
}

/// What stands at the head and the foot of every page.
struct Running {
    title: Set,
    number: Set,
    page: [String; 3],
    pages: usize,
}

impl Running {
    fn new(document: &Document, pages: usize) -> Self {
        let text = |text: &str| Text::new(&crate::text::line(text), Emphasis::Plain);
        let number = running(within(&text(&document.number), WIDTH / 3.0));
        let room = WIDTH - number.line.width - 28.0;
        let title = running(within(&text(&document.title), room));
        Self { title, number, page: document.page_of(), pages }
    }

    fn header(&self, surface: &mut Surface<'_>) {
        let y = TOP - 40.0;
        line(surface, &self.title, LEFT, y);
        line(surface, &self.number, LEFT + WIDTH - self.number.line.width, y);
        fill(surface, [LEFT, y + self.title.height + 3.0, WIDTH, 0.5], RULE);
    }

    fn footer(&self, surface: &mut Surface<'_>, page: usize) {
        let [before, between, after] = &self.page;
        let text = format!("{before}{page}{between}{}{after}", self.pages);
        let set = running(single(&Text::new(&text, Emphasis::Plain), TINY));
        let x = LEFT + (WIDTH - set.line.width) / 2.0;
        line(surface, &set, x, PAGE.1 - 50.0);
    }
}

fn running(line: Line) -> Set {
    Set { line, size: TINY, height: TINY * 1.4, colour: FAINT, element: None, x: 0.0 }
}

/// As much of a text as fits on one line.
fn within(text: &Text, width: f32) -> Line {
    let measure = Measure { size: TINY, width: width - TINY, indent: 0.0, justify: false };
    let mut broken = lines(text, &measure);
    if broken.len() < 2 {
        return broken.swap_remove(0);
    }
    single(&Text::new(&format!("{}…", broken[0].text().trim_end()), Emphasis::Plain), TINY)
}

fn place(heading: &Heading) -> XyzDestination {
    XyzDestination::new(heading.page, Point::from_xy(LEFT, (heading.y - 10.0).max(0.0)))
}

/// The title, then the headings, each below the last one of a higher level.
fn outline(document: &Document, headings: &[Heading]) -> Outline {
    let mut outline = Outline::new();
    let title = short(&Text::new(&document.title, Emphasis::Plain).plain());
    let cover = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title, cover));
    let mut open: Vec<(u8, OutlineNode)> = Vec::new();
    let mut close = |open: &mut Vec<(u8, OutlineNode)>, level: u8| {
        while open.last().is_some_and(|(last, _)| *last >= level) {
            let Some((_, node)) = open.pop() else { break };
            match open.last_mut() {
                Some((_, parent)) => parent.push_child(node),
                None => outline.push_child(node),
            }
        }
    };
    for heading in headings {
        close(&mut open, heading.level);
        open.push((heading.level, OutlineNode::new(heading.text.clone(), place(heading))));
    }
    close(&mut open, 0);
    outline
}

fn metadata(document: &Document) -> Metadata {
    let plain = |text: &str| Text::new(text, Emphasis::Plain).plain();
    let date = document.date;
    let date =
        DateTime::new(date.year().max(0) as u16).month(date.month() as u8).day(date.day() as u8);
    let title = short(&plain(&document.title));
    let language = match document.language {
        Language::Chinese => "zh-CN",
        Language::English => "en-GB",
    };
    let organisation = plain(&document.organisation);
    let authors = (!organisation.trim().is_empty()).then(|| vec![short(&organisation)]);
    Metadata::new()
        .title(title.clone())
        .authors(authors.unwrap_or_default())
        .creator("Hangtu".to_owned())
        .language(language.to_owned())
        .document_id(format!("{title}\0{}", short(&plain(&document.number))))
        .creation_date(date)
}
