//! Coverage: what the run could have seen, and what it could not.

use hangtu_catalog::{Arg, key};

use super::{Column, Page, ROWS, number_cell, row_limit, section, table, table_end, time_cell};
use crate::{
    model::{CheckCoverage, CheckStatus},
    report::{markup::Html, texts, times},
};

pub(super) fn coverage(out: &mut Html, page: &Page<'_>) {
    let coverage = &page.examination.coverage;
    section(out, "coverage", key::REPORT_COVERAGE);
    out.raw("<p class=\"note\">")
        .say(key::REPORT_COVERAGE_NOTE)
        .raw("</p><dl class=\"facts\"><dt>");
    out.say(key::REPORT_SPAN).raw("</dt><dd>");
    match (&coverage.first, &coverage.last) {
        (Some(first), Some(last)) => {
            let (first, last) = (times::shown(first), times::shown(last));
            let args = [("first", Arg::Text(&first)), ("last", Arg::Text(&last))];
            out.say_with(key::REPORT_SPAN_OF, &args);
        }
        _ => {
            out.say(key::REPORT_UNKNOWN);
        }
    }
    out.raw("</dd><dt>").say(key::REPORT_COMPLETE).raw("</dt><dd>");
    if coverage.complete {
        out.say(key::REPORT_COMPLETE_YES);
    } else {
        out.raw("<strong class=\"bad\">").say(key::REPORT_COMPLETE_NO).raw("</strong>");
    }
    out.raw("</dd><dt>").say(key::REPORT_PACKETS).raw("</dt><dd>").number(coverage.packets);
    out.raw("</dd>");
    for (kind, count) in &coverage.records {
        out.raw("<dt>").both(&texts::named("report-kind-", kind)).raw("</dt><dd>");
        out.number(*count).raw("</dd>");
    }
    out.raw("</dl>");
    checks(out, page);
    logs(out, page);
    out.raw("<div class=\"columns\"><div>");
    protocols(out, page);
    out.raw("</div><div>");
    limits(out, page);
    damage(out, page);
    out.raw("</div></div></section>");
}

/// Which log of which host reaches from when to when.
fn logs(out: &mut Html, page: &Page<'_>) {
    let all = &page.examination.coverage.logs;
    if all.is_empty() {
        return;
    }
    out.raw("<h3 id=\"h-logs\">").say(key::REPORT_LOGS).raw("</h3>");
    table(
        out,
        "h-logs",
        &[
            (key::REPORT_LOG_HOST, Column::Text),
            (key::REPORT_LOG_SOURCE, Column::Text),
            (key::REPORT_LOG_ENTRIES, Column::Number),
            (key::REPORT_FIRST, Column::Text),
            (key::REPORT_LAST, Column::Text),
            (key::REPORT_LOG_GAP, Column::Number),
            (key::REPORT_LOG_CLOCK, Column::Number),
        ],
    );
    for log in all.iter().take(ROWS) {
        out.raw("<tr><td class=\"wide\">");
        if log.host.is_empty() {
            out.say(key::REPORT_UNKNOWN);
        } else {
            page.asset(out, &log.host);
        }
        out.raw("</td><td class=\"wide\">").text(&log.source).raw("</td>");
        number_cell(out, log.events);
        time_cell(out, Some(&log.first));
        time_cell(out, Some(&log.last));
        number_cell(out, log.gap_hours);
        match log.clock_ahead_seconds {
            None => out.raw("<td class=\"number\">—</td></tr>"),
            Some(ahead) => {
                out.raw("<td class=\"number\">").text(&ahead.to_string()).raw("</td></tr>")
            }
        };
    }
    table_end(out);
    row_limit(out, all.len());
}

fn checks(out: &mut Html, page: &Page<'_>) {
    let all = &page.examination.coverage.checks;
    out.raw("<h3 id=\"h-checks\">").say(key::REPORT_CHECKS).raw("</h3>");
    if all.is_empty() {
        out.raw("<p>").say(key::REPORT_CHECKS_NONE).raw("</p>");
        return;
    }
    out.raw("<p>");
    let [measured, missing, errors] = page.summary.checks.map(|n| Arg::Number(n as u64));
    let total = Arg::Number(all.len() as u64);
    out.say_with(key::REPORT_MEASURED_OF, &[("measured", measured), ("total", total)]);
    out.raw(" · ");
    out.say_with(key::REPORT_MEASURED_REST, &[("missing", missing), ("errors", errors)]);
    out.raw("</p>");
    let pick = |statuses: &[CheckStatus]| -> Vec<&CheckCoverage> {
        all.iter().filter(|check| statuses.contains(&check.status)).collect()
    };
    // What was measured is read first; what was not, and why, is one click away.
    rows(out, "h-checks", &pick(&[CheckStatus::Error]));
    rows(out, "h-checks", &pick(&[CheckStatus::Measured]));
    let missing = pick(&[CheckStatus::NotMeasured]);
    if !missing.is_empty() {
        out.raw("<details class=\"more\"><summary id=\"h-missing\">");
        out.say_with(
            key::REPORT_NOT_MEASURED_LIST,
            &[("count", Arg::Number(missing.len() as u64))],
        );
        out.raw("</summary>");
        rows(out, "h-missing", &missing);
        out.raw("</details>");
    }
}

fn rows(out: &mut Html, label: &'static str, checks: &[&CheckCoverage]) {
    if checks.is_empty() {
        return;
    }
    table(
        out,
        label,
        &[
            (key::REPORT_CHECK, Column::Text),
            (key::REPORT_CHECK_TITLE, Column::Text),
            (key::REPORT_STATUS, Column::Text),
            (key::REPORT_REASON, Column::Text),
            (key::REPORT_SCENARIO, Column::Text),
            (key::REPORT_RULES, Column::Number),
            (key::REPORT_FINDINGS, Column::Number),
        ],
    );
    for check in checks {
        row(out, check);
    }
    table_end(out);
}

fn row(out: &mut Html, check: &CheckCoverage) {
    out.raw("<tr><td class=\"mono time\">").text(&check.id).raw("</td><td class=\"wide\">");
    out.both(&check.title).raw("</td><td>");
    out.raw(match check.status {
        CheckStatus::Measured => "<span class=\"state measured\">",
        CheckStatus::NotMeasured => "<span class=\"state missing\">",
        CheckStatus::Error => "<span class=\"state error\">",
    });
    out.both(&texts::check(check.status)).raw("</span></td><td class=\"wide\">");
    match &check.reason {
        Some(reason) => out.both(reason),
        None if check.status == CheckStatus::Measured => out.say(key::REPORT_REASON_MEASURED),
        None => out,
    };
    out.raw("</td><td class=\"wide\">");
    if check.scenarios.len() == 4 {
        out.say(key::REPORT_SCENARIO_ALL);
    } else {
        out.both(&texts::joined(check.scenarios.iter().copied().map(texts::scenario)));
    }
    out.raw("</td>");
    number_cell(out, check.rules as u64);
    number_cell(out, check.findings as u64);
    out.raw("</tr>");
}

fn protocols(out: &mut Html, page: &Page<'_>) {
    out.raw("<h3 id=\"h-protocols\">").say(key::REPORT_PROTOCOLS).raw("</h3>");
    if page.examination.coverage.protocols.is_empty() {
        out.raw("<p>").say(key::REPORT_NONE).raw("</p>");
        return;
    }
    table(
        out,
        "h-protocols",
        &[
            (key::REPORT_PROTOCOL, Column::Text),
            (key::REPORT_SESSIONS, Column::Number),
            (key::REPORT_OPERATIONS, Column::Number),
            (key::REPORT_UNREADABLE, Column::Number),
        ],
    );
    for protocol in &page.examination.coverage.protocols {
        out.raw("<tr><td class=\"mono\">").text(&protocol.name).raw("</td>");
        number_cell(out, protocol.sessions);
        number_cell(out, protocol.operations);
        number_cell(out, protocol.unreadable);
        out.raw("</tr>");
    }
    table_end(out);
}

fn limits(out: &mut Html, page: &Page<'_>) {
    let limits = &page.examination.coverage.limits;
    out.raw("<h3 id=\"h-limits\">").say(key::REPORT_LIMITS).raw("</h3>");
    if limits.is_empty() {
        out.raw("<p>").say(key::REPORT_LIMITS_NONE).raw("</p>");
        return;
    }
    table(
        out,
        "h-limits",
        &[(key::REPORT_LIMIT, Column::Text), (key::REPORT_DROPPED, Column::Number)],
    );
    for (name, dropped) in limits {
        out.raw("<tr><td>").both(&texts::named("limit-", name)).raw("</td>");
        number_cell(out, *dropped);
        out.raw("</tr>");
    }
    table_end(out);
}

fn damage(out: &mut Html, page: &Page<'_>) {
    let inputs = &page.examination.run.inputs;
    out.raw("<h3 id=\"h-damage\">").say(key::REPORT_DAMAGE).raw("</h3>");
    let total: usize = inputs.iter().map(|input| input.problems.len()).sum();
    if total == 0 {
        out.raw("<p>").say(key::REPORT_DAMAGE_NONE).raw("</p>");
        return;
    }
    table(
        out,
        "h-damage",
        &[
            (key::REPORT_FILE, Column::Text),
            (key::REPORT_OFFSET, Column::Number),
            (key::REPORT_DAMAGE_WHAT, Column::Text),
        ],
    );
    let all = inputs.iter().flat_map(|input| input.problems.iter().map(move |p| (input, p)));
    for (input, problem) in all.take(super::ROWS) {
        out.raw("<tr><td class=\"mono file\">").text(&input.path).raw("</td>");
        number_cell(out, problem.offset);
        out.raw("<td class=\"wide\">").both(&problem.what).raw("</td></tr>");
    }
    table_end(out);
    super::row_limit(out, total);
}
