//! The head of the page: worst level, counts, scenario × level, comparison.

use hangtu_catalog::{Arg, Level, Scenario, key};

use super::{Column, Page, badge, section, table, table_end};
use crate::{
    model::Earlier,
    report::{markup::Html, texts, times},
};

pub(super) fn verdict(out: &mut Html, page: &Page<'_>) {
    let examination = page.examination;
    let coverage = &examination.coverage;
    section(out, "verdict", key::REPORT_VERDICT);
    out.raw("<div class=\"summary\"><div class=\"verdict\"><div");
    if let Some(worst) = page.summary.worst() {
        out.attr("class", &format!("stamp {}", worst.name())).raw("><span>");
        out.say(key::REPORT_VERDICT_WORST).raw("</span><strong>");
        out.both(&texts::level(worst)).raw("</strong></div><div>");
    } else {
        out.raw(" class=\"stamp clean\"><strong>").say(key::REPORT_VERDICT_CLEAN);
        out.raw("</strong></div><div>");
    }
    let found = [
        ("findings", Arg::Number(examination.findings.len() as u64)),
        ("assets", Arg::Number(examination.assets.len() as u64)),
        ("inputs", Arg::Number(examination.run.inputs.len() as u64)),
    ];
    out.raw("<p class=\"lead\">");
    out.say_with(key::REPORT_VERDICT_FOUND, &found).raw("</p><p>");
    if let (Some(first), Some(last)) = (&coverage.first, &coverage.last) {
        let (first, last) = (times::shown(first), times::shown(last));
        let span = [("first", Arg::Text(&first)), ("last", Arg::Text(&last))];
        out.say_with(key::REPORT_VERDICT_TIMES, &span);
    } else {
        out.say(key::REPORT_VERDICT_NO_TIME);
    }
    out.raw("</p><ul class=\"counts\">");
    for level in Level::ALL.into_iter().rev() {
        out.raw("<li>");
        badge(out, level);
        out.raw(" <b>").number(page.summary.level(level) as u64).raw("</b></li>");
    }
    out.raw("</ul><p>");
    let [measured, missing, errors] = page.summary.checks.map(|n| Arg::Number(n as u64));
    let total = Arg::Number(coverage.checks.len() as u64);
    out.say_with(key::REPORT_MEASURED_OF, &[("measured", measured), ("total", total)]);
    out.raw(" · ");
    out.say_with(key::REPORT_MEASURED_REST, &[("missing", missing), ("errors", errors)]);
    out.raw("</p>");
    if examination.findings.is_empty() {
        out.raw("<p class=\"warn\">").say(key::REPORT_VERDICT_CLEAN_NOTE).raw("</p>");
    }
    if !coverage.complete {
        out.raw("<p class=\"warn\">").say(key::REPORT_VERDICT_INCOMPLETE).raw("</p>");
    }
    out.raw("</div></div><div>");
    matrix(out, page);
    out.raw("</div></div></section>");
}

/// The anchor of a finding.
pub(super) fn anchor(fingerprint: &str) -> String {
    format!("finding-{fingerprint}")
}

fn matrix(out: &mut Html, page: &Page<'_>) {
    out.raw("<h3 id=\"h-matrix\">").say(key::REPORT_MATRIX).raw("</h3>");
    out.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-matrix\">");
    out.raw("<table class=\"matrix\"><thead><tr><th scope=\"col\">").say(key::REPORT_SCENARIO);
    out.raw("</th>");
    for level in Level::ALL.into_iter().rev() {
        out.raw("<th scope=\"col\" class=\"n\">").both(&texts::level(level)).raw("</th>");
    }
    out.raw("<th scope=\"col\" class=\"n\">").say(key::REPORT_TOTAL);
    out.raw("</th></tr></thead><tbody>");
    for scenario in Scenario::ALL {
        out.raw("<tr><th scope=\"row\">").both(&texts::scenario(scenario)).raw("</th>");
        for level in Level::ALL.into_iter().rev() {
            let count = page.summary.cell(scenario, level);
            matrix_cell(out, page, count, Some(scenario), Some(level));
        }
        matrix_cell(out, page, page.summary.scenario(scenario), Some(scenario), None);
        out.raw("</tr>");
    }
    out.raw("</tbody><tfoot><tr><th scope=\"row\">").say(key::REPORT_TOTAL).raw("</th>");
    for level in Level::ALL.into_iter().rev() {
        matrix_cell(out, page, page.summary.level(level), None, Some(level));
    }
    matrix_cell(out, page, page.examination.findings.len(), None, None);
    out.raw("</tr></tfoot></table></div><p class=\"note screen\">");
    out.say(key::REPORT_MATRIX_NOTE).raw("</p>");
}

/// A count that leads to its findings: filtered by script, else to the first of them.
fn matrix_cell(
    out: &mut Html,
    page: &Page<'_>,
    count: usize,
    scenario: Option<Scenario>,
    level: Option<Level>,
) {
    let first = page.examination.findings.iter().find(|finding| {
        scenario.is_none_or(|s| s == finding.scenario) && level.is_none_or(|l| l == finding.level)
    });
    let Some(first) = first else {
        out.raw("<td class=\"n zero\">0</td>");
        return;
    };
    out.raw("<td").attr("class", &format!("n {}", level.map_or("", Level::name)));
    out.raw("><a").attr("href", &format!("#{}", anchor(&first.fingerprint)));
    out.attr("data-scenario", scenario.map_or("all", Scenario::name));
    out.attr("data-level", level.map_or("all", Level::name));
    out.raw(">").number(count as u64).raw("</a></td>");
}

pub(super) fn comparison(out: &mut Html, page: &Page<'_>) {
    let Some(comparison) = &page.examination.comparison else { return };
    section(out, "comparison", key::REPORT_COMPARISON);
    let time = times::shown(&comparison.baseline_examined_at);
    let args = [("file", Arg::Text(&comparison.baseline)), ("time", Arg::Text(&time))];
    out.raw("<p>").say_with(key::REPORT_COMPARISON_WITH, &args);
    out.raw("</p><dl class=\"figures\">");
    for (name, number) in [
        (key::REPORT_COMPARISON_NEW, comparison.new),
        (key::REPORT_COMPARISON_STILL, comparison.still),
        (key::REPORT_COMPARISON_GONE, comparison.gone.len()),
        (key::REPORT_COMPARISON_NOT_RETESTED, comparison.not_retested.len()),
    ] {
        out.raw("<div><dt>").say(name).raw("</dt><dd>").number(number as u64).raw("</dd></div>");
    }
    out.raw("</dl>");
    if !comparison.gone.is_empty() {
        out.raw("<h3 id=\"h-gone\">").say(key::REPORT_COMPARISON_GONE).raw("</h3>");
        earlier(out, page, "h-gone", &comparison.gone);
    }
    if !comparison.not_retested.is_empty() {
        out.raw("<h3 id=\"h-not-retested\">").say(key::REPORT_COMPARISON_NOT_RETESTED);
        out.raw("</h3><p class=\"note\">").say(key::REPORT_COMPARISON_NOT_RETESTED_NOTE);
        out.raw("</p>");
        earlier(out, page, "h-not-retested", &comparison.not_retested);
    }
    out.raw("</section>");
}

fn earlier(out: &mut Html, page: &Page<'_>, label: &'static str, list: &[Earlier]) {
    table(
        out,
        label,
        &[
            (key::REPORT_LEVEL, Column::Text),
            (key::REPORT_FINDING, Column::Text),
            (key::REPORT_SUBJECT, Column::Text),
            (key::REPORT_COMPARISON_REASON, Column::Text),
            (key::REPORT_FINGERPRINT, Column::Text),
        ],
    );
    for one in list.iter().take(super::ROWS) {
        out.raw("<tr><td").attr("data-v", &(one.level as u8).to_string()).raw(">");
        badge(out, one.level);
        out.raw("</td><td class=\"wide\">").both(&one.title).raw("</td><td>");
        page.asset(out, &one.subject);
        out.raw("</td><td class=\"wide\">").both(&one.reason).raw("</td><td class=\"mono\">");
        out.text(&one.fingerprint).raw("</td></tr>");
    }
    table_end(out);
    super::row_limit(out, list.len());
}
