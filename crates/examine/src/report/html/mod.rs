//! One self-contained page: both languages, no outside hosts, readable without scripts.
//!
//! Every text stands twice, as `<span lang>`; the `lang` of `<html>` says which is shown, and two
//! radio buttons change it, by script or, where scripts are off, by `:has()`. The content-security
//! policy allows exactly our script and style by their hashes, so that even a hole in the escaping
//! would run nothing.

mod coverage;
mod findings;
mod picture;
mod tables;
mod timeline;
mod topology;
mod verdict;

use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_catalog::{Arg, Language, key};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

use super::{markup::Html, summary::Summary, times};
use crate::model::Examination;

const STYLE: &str = include_str!("../html.css");
const SCRIPT: &str = include_str!("../html.js");

/// Rows of one table, and findings, that a browser still scrolls with ease.
const ROWS: usize = 2000;

/// What every section needs.
struct Page<'a> {
    examination: &'a Examination,
    summary: Summary,
    /// Asset → its row, for links.
    assets: HashMap<&'a str, usize>,
}

impl<'a> Page<'a> {
    fn new(examination: &'a Examination) -> Self {
        let assets = &examination.assets;
        Self {
            examination,
            summary: Summary::of(examination),
            assets: assets.iter().enumerate().map(|(i, a)| (a.id.as_str(), i)).collect(),
        }
    }

    /// An asset's id, linked to its row where it has one.
    fn asset(&self, out: &mut Html, id: &str) {
        match self.assets.get(id) {
            Some(row) if *row < ROWS => {
                out.raw("<a class=\"mono\"").attr("href", &format!("#asset-{row}")).raw(">");
                out.text(id).raw("</a>");
            }
            _ => {
                out.raw("<span class=\"mono\">").text(id).raw("</span>");
            }
        }
    }
}

/// The examination as one HTML page that begins in `language`.
pub fn html(examination: &Examination, language: Language) -> String {
    let page = Page::new(examination);
    let mut out = Html::default();
    head(&mut out, language);
    masthead(&mut out, &page, language);
    out.raw("<main>");
    verdict::verdict(&mut out, &page);
    verdict::comparison(&mut out, &page);
    coverage::coverage(&mut out, &page);
    findings::findings(&mut out, &page);
    timeline::timeline(&mut out, &page);
    picture::picture(&mut out, &page);
    tables::assets(&mut out, &page);
    tables::conversations(&mut out, &page);
    tables::inputs(&mut out, &page);
    out.raw("</main><footer><p>");
    generated(&mut out, &page);
    out.raw("</p><p><a href=\"#top\">").say(key::REPORT_TOP).raw("</a></p></footer><script>");
    out.raw(SCRIPT).raw("</script></body></html>\n");
    out.finish()
}

fn hash(inline: &str) -> String {
    STANDARD.encode(Sha256::digest(inline))
}

fn head(out: &mut Html, language: Language) {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let title = |language| hangtu_catalog::text(language, key::REPORT_TITLE, &[]);
    out.raw("<!doctype html>\n<html").attr("lang", language.tag());
    out.attr("data-title-zh", &title(Language::Chinese));
    out.attr("data-title-en", &title(Language::English));
    out.raw("><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\"");
    out.attr("content", &policy);
    out.raw(
        "><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>",
    );
    out.text(&title(language)).raw("</title><style>").raw(STYLE).raw("</style></head>");
}

fn generated(out: &mut Html, page: &Page<'_>) {
    let run = &page.examination.run;
    let time = times::shown(&run.examined_at);
    let args = [("time", Arg::Text(&time)), ("version", Arg::Text(&run.version))];
    out.say_with(key::REPORT_GENERATED, &args);
}

fn masthead(out: &mut Html, page: &Page<'_>, language: Language) {
    out.raw("<body id=\"top\"><a class=\"skip\" href=\"#findings\">").say(key::REPORT_SKIP);
    out.raw("</a><header><div class=\"brand\"><h1>").say(key::REPORT_TITLE).raw("</h1><p>");
    generated(out, page);
    out.raw("<br>").say(key::REPORT_TIMES);
    out.raw("</p></div><fieldset class=\"pick language\"><legend class=\"aside\">");
    out.say(key::REPORT_LANGUAGE).raw("</legend>");
    for (one, id, name) in
        [(Language::Chinese, "in-zh", "中文"), (Language::English, "in-en", "English")]
    {
        out.raw("<input type=\"radio\" name=\"language\"").attr("id", id).attr("value", one.tag());
        out.raw(if one == language { " checked>" } else { ">" });
        // The name of a language stands in that language.
        out.raw("<label").attr("for", id).raw(">").text(name).raw("</label>");
    }
    out.raw("</fieldset></header><nav aria-labelledby=\"contents\"><span class=\"aside\" id=\"contents\">");
    out.say(key::REPORT_CONTENTS).raw("</span>");
    for (target, name) in [
        ("#verdict", key::REPORT_VERDICT),
        ("#coverage", key::REPORT_COVERAGE),
        ("#findings", key::REPORT_FINDINGS),
        ("#timeline", key::REPORT_TIMELINE),
        ("#topology", key::REPORT_TOPOLOGY),
        ("#assets", key::REPORT_ASSETS),
        ("#conversations", key::REPORT_CONVERSATIONS),
        ("#inputs", key::REPORT_INPUTS),
    ] {
        out.raw("<a").attr("href", target).raw(">").say(name).raw("</a>");
    }
    out.raw("</nav>");
}

/// A section with its heading; the caller closes it.
fn section(out: &mut Html, id: &'static str, title: key::Key) {
    out.raw("<section").attr("id", id).attr("aria-labelledby", &format!("h-{id}"));
    out.raw("><h2").attr("id", &format!("h-{id}")).raw(">").say(title).raw("</h2>");
}

/// How a column sorts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Text,
    Number,
}

/// A table that scrolls sideways by itself, up to its body; the caller closes it by [`table_end`].
fn table(out: &mut Html, label: &'static str, columns: &[(key::Key, Column)]) {
    out.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\"").attr("aria-labelledby", label);
    out.raw("><table class=\"sort\"><thead><tr>");
    for (name, column) in columns {
        out.raw(match column {
            Column::Text => "<th scope=\"col\">",
            Column::Number => "<th scope=\"col\" class=\"n\">",
        });
        out.say(*name).raw("</th>");
    }
    out.raw("</tr></thead><tbody>");
}

fn table_end(out: &mut Html) {
    out.raw("</tbody></table></div>");
}

/// A cell with a number; sorts by it.
fn number_cell(out: &mut Html, number: u64) {
    out.raw("<td class=\"n\"").attr("data-v", &number.to_string()).raw(">").number(number);
    out.raw("</td>");
}

/// A cell with a time; sorts by itself.
fn time_cell(out: &mut Html, time: Option<&str>) {
    out.raw("<td class=\"time\">").text(&time.map(times::shown).unwrap_or_default()).raw("</td>");
}

/// Says that rows were left out, when they were.
fn row_limit(out: &mut Html, total: usize) {
    if total > ROWS {
        let args = [("shown", Arg::Number(ROWS as u64)), ("total", Arg::Number(total as u64))];
        out.raw("<p class=\"note\">").say_with(key::REPORT_ROW_LIMIT, &args).raw("</p>");
    }
}

/// A badge with the name of a level.
fn badge(out: &mut Html, level: hangtu_catalog::Level) {
    out.raw("<span").attr("class", &format!("badge {}", level.name())).raw(">");
    out.both(&super::texts::level(level)).raw("</span>");
}
