//! The samples of all findings, in the order of their time.

use hangtu_catalog::{Arg, key};

use super::{Column, Page, ROWS, badge, row_limit, section, table, table_end, verdict::anchor};
use crate::{
    model::{Excerpt, Finding},
    report::{markup::Html, times},
};

pub(super) fn timeline(out: &mut Html, page: &Page<'_>) {
    let findings = &page.examination.findings;
    section(out, "timeline", key::REPORT_TIMELINE);
    let each = |(rank, finding)| of_finding(rank, finding);
    let mut moments: Vec<Moment<'_>> = findings.iter().enumerate().flat_map(each).collect();
    if moments.is_empty() {
        out.raw("<p>").say(key::REPORT_NONE).raw("</p></section>");
        return;
    }
    moments.sort_by(|a, b| a.order().cmp(&b.order()));
    out.raw("<p class=\"note\">").say(key::REPORT_TIMELINE_NOTE).raw("</p>");
    table(
        out,
        "h-timeline",
        &[
            (key::REPORT_TIME, Column::Text),
            (key::REPORT_LEVEL, Column::Number),
            (key::REPORT_FINDING, Column::Text),
            (key::REPORT_SUBJECT, Column::Text),
            (key::REPORT_EVIDENCE, Column::Text),
            (key::REPORT_FILE, Column::Text),
        ],
    );
    for moment in moments.iter().take(ROWS) {
        row(out, page, moment);
    }
    table_end(out);
    row_limit(out, moments.len());
    out.raw("</section>");
}

/// One sample of one finding.
struct Moment<'a> {
    /// Place of the finding on the page, from 0.
    rank: usize,
    finding: &'a Finding,
    excerpt: &'a Excerpt,
    millis: i64,
}

impl Moment<'_> {
    /// Milliseconds first, as decimals of times differ in number; then the whole time.
    fn order(&self) -> (i64, &str, &str, u64, usize) {
        let excerpt = self.excerpt;
        (self.millis, &excerpt.time, &excerpt.file, excerpt.number, self.rank)
    }
}

fn of_finding(rank: usize, finding: &Finding) -> impl Iterator<Item = Moment<'_>> {
    finding.evidence.iter().map(move |excerpt| {
        let millis = times::millis(&excerpt.time).unwrap_or_default();
        Moment { rank, finding, excerpt, millis }
    })
}

fn row(out: &mut Html, page: &Page<'_>, moment: &Moment<'_>) {
    let Moment { rank, finding, excerpt, .. } = moment;
    out.raw("<tr class=\"moment\"").attr("data-scenario", finding.scenario.name());
    out.attr("data-level", finding.level.name()).raw("><td class=\"time\">");
    out.text(&times::precise(&excerpt.time)).raw("</td><td class=\"n\"");
    out.attr("data-v", &(finding.level as u8).to_string()).raw(">");
    badge(out, finding.level);
    out.raw("</td><td class=\"wide\">");
    if *rank < ROWS {
        out.raw("<a").attr("href", &format!("#{}", anchor(&finding.fingerprint))).raw(">");
        out.both(&finding.title).raw("</a>");
    } else {
        out.both(&finding.title);
    }
    out.raw("</td><td class=\"address\">");
    page.asset(out, &finding.subject);
    out.raw("</td><td class=\"wide\"><code>").text(&excerpt.text).raw("</code></td>");
    out.raw("<td class=\"file\"><span class=\"mono\">").text(&excerpt.file).raw("</span> ");
    out.say_with(key::REPORT_PACKET, &[("number", Arg::Number(excerpt.number))]);
    out.raw("</td></tr>");
}
