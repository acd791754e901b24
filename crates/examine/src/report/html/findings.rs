//! The findings, worst first, each with its evidence; filtered by scenario, level and text.

use hangtu_catalog::{Arg, Bilingual, Level, Scenario, key};
use serde_json::Value;

use super::{Page, badge, section, verdict::anchor};
use crate::{
    model::{Excerpt, Finding},
    report::{markup::Html, texts, times},
};

pub(super) fn findings(out: &mut Html, page: &Page<'_>) {
    let all = &page.examination.findings;
    section(out, "findings", key::REPORT_FINDINGS);
    if all.is_empty() {
        out.raw("<p>").say(key::REPORT_FINDINGS_NONE).raw("</p></section>");
        return;
    }
    if all.len() > super::ROWS {
        let args =
            [("shown", Arg::Number(super::ROWS as u64)), ("total", Arg::Number(all.len() as u64))];
        out.raw("<p class=\"warn\">").say_with(key::REPORT_FINDINGS_LIMIT, &args).raw("</p>");
    }
    filter(out, page);
    out.raw("<div id=\"list\">");
    for (i, finding) in all.iter().take(super::ROWS).enumerate() {
        one(out, page, finding, i == 0);
    }
    out.raw("</div><p id=\"empty\" class=\"note\" hidden>").say(key::REPORT_FILTER_EMPTY);
    out.raw("</p></section>");
}

fn filter(out: &mut Html, page: &Page<'_>) {
    out.raw("<div class=\"filter screen\">");
    let scenarios = Scenario::ALL.into_iter().filter(|s| page.summary.scenario(*s) > 0);
    let scenarios = scenarios.map(|s| (s.name(), texts::scenario(s), page.summary.scenario(s)));
    choice(out, "scenario", key::REPORT_SCENARIO, scenarios);
    let levels = Level::ALL.into_iter().rev().filter(|l| page.summary.level(*l) > 0);
    let levels = levels.map(|l| (l.name(), texts::level(l), page.summary.level(l)));
    choice(out, "level", key::REPORT_LEVEL, levels);
    let shown = page.examination.findings.len().min(super::ROWS) as u64;
    out.raw("<p class=\"script\" hidden><label for=\"needle\">").say(key::REPORT_FILTER_TEXT);
    out.raw("</label> <input type=\"search\" id=\"needle\" autocomplete=\"off\"> <span role=\"status\">");
    out.say(key::REPORT_FILTER_SHOWN).raw(" <b id=\"shown\">").number(shown).raw("</b> / ");
    out.number(shown).raw("</span> <button type=\"button\" id=\"expand\">");
    out.say(key::REPORT_EXPAND).raw("</button> <button type=\"button\" id=\"collapse\">");
    out.say(key::REPORT_COLLAPSE).raw("</button></p></div>");
}

fn choice(
    out: &mut Html,
    name: &'static str,
    label: key::Key,
    values: impl Iterator<Item = (&'static str, Bilingual, usize)>,
) {
    out.raw("<fieldset class=\"pick\"><legend>").say(label).raw("</legend>");
    out.raw("<input type=\"radio\" value=\"all\" checked").attr("name", name);
    out.attr("id", &format!("{name}-all")).raw("><label").attr("for", &format!("{name}-all"));
    out.raw(">").say(key::REPORT_FILTER_ALL).raw("</label>");
    for (value, text, count) in values {
        let id = format!("{name}-{value}");
        out.raw("<input type=\"radio\"").attr("name", name).attr("value", value).attr("id", &id);
        out.raw("><label").attr("for", &id).raw(">").both(&text).raw(" <b>");
        out.number(count as u64).raw("</b></label>");
    }
    out.raw("</fieldset>");
}

fn one(out: &mut Html, page: &Page<'_>, finding: &Finding, open: bool) {
    out.raw("<details").attr("class", &format!("finding {}", finding.level.name()));
    out.attr("id", &anchor(&finding.fingerprint));
    out.attr("data-scenario", finding.scenario.name()).attr("data-level", finding.level.name());
    out.raw(if open { " open><summary>" } else { "><summary>" });
    badge(out, finding.level);
    out.raw("<span class=\"what\"><span class=\"title\">").both(&finding.title);
    out.raw("</span><span class=\"where\"><span class=\"mono\">").text(&finding.subject);
    if let Some(peer) = &finding.peer {
        out.raw(" ↔ ").text(peer);
    }
    out.raw("</span><span>").both(&texts::scenario(finding.scenario)).raw("</span><span>× ");
    out.number(finding.count).raw("</span><span class=\"time\">");
    out.text(&times::span(&finding.first, &finding.last)).raw("</span>");
    if let Some(status) = finding.status {
        out.raw("<span class=\"against\">").both(&texts::status(status)).raw("</span>");
    }
    out.raw("</span></span></summary><div class=\"body\"><div class=\"story\">");
    paragraph(out, key::REPORT_WHY, &finding.description);
    if let Some(unapproved) = &finding.unapproved {
        out.raw("<h4>").say(key::REPORT_UNAPPROVED).raw("</h4><p>").both(&unapproved.text);
        out.raw("</p><p class=\"codes\">");
        for reason in &unapproved.reasons {
            out.raw("<span class=\"code\">").both(&texts::named("reason-", reason)).raw("</span>");
        }
        out.raw("<span class=\"near\">");
        match &unapproved.nearest {
            Some(nearest) => {
                out.say(key::REPORT_UNAPPROVED_NEAREST).raw(" <span class=\"mono\">");
                out.text(nearest).raw("</span>");
            }
            None => {
                out.say(key::REPORT_UNAPPROVED_NONE);
            }
        }
        out.raw("</span></p>");
    }
    paragraph(out, key::REPORT_ADVICE, &finding.advice);
    evidence(out, finding);
    paragraph(out, key::REPORT_FALSE_POSITIVES, &finding.false_positives);
    out.raw("</div>");
    facts(out, page, finding);
    out.raw("</div></details>");
}

fn paragraph(out: &mut Html, title: key::Key, text: &Bilingual) {
    if !text.zh.is_empty() || !text.en.is_empty() {
        out.raw("<h4>").say(title).raw("</h4><p>").both(text).raw("</p>");
    }
}

fn evidence(out: &mut Html, finding: &Finding) {
    if finding.evidence.is_empty() {
        return;
    }
    let args = [
        ("shown", Arg::Number(finding.evidence.len() as u64)),
        ("total", Arg::Number(finding.count)),
    ];
    out.raw("<h4>").say(key::REPORT_EVIDENCE).raw(" <small>");
    out.say_with(key::REPORT_EVIDENCE_LIMIT, &args).raw("</small></h4><ol class=\"evidence\">");
    for excerpt in &finding.evidence {
        sample(out, excerpt);
    }
    out.raw("</ol>");
}

fn sample(out: &mut Html, excerpt: &Excerpt) {
    out.raw("<li><code>")
        .text(&excerpt.text)
        .raw("</code><p class=\"source\"><span class=\"time\">");
    out.text(&times::precise(&excerpt.time)).raw("</span><span class=\"mono\">");
    out.text(&excerpt.file).raw("</span><span>");
    out.say_with(key::REPORT_PACKET, &[("number", Arg::Number(excerpt.number))]);
    out.raw("</span><span>");
    out.say_with(key::REPORT_BYTE, &[("offset", Arg::Number(excerpt.offset))]);
    out.raw("</span></p>");
    let fields = excerpt.map();
    if !fields.is_empty() {
        out.raw("<details class=\"fields\"><summary>").say(key::REPORT_FIELDS);
        out.raw("</summary><dl>");
        for (name, value) in &fields {
            out.raw("<dt>").text(name).raw("</dt><dd>");
            match value {
                Value::String(text) => out.text(text),
                other => out.text(&other.to_string()),
            };
            out.raw("</dd>");
        }
        out.raw("</dl></details>");
    }
    out.raw("</li>");
}

fn facts(out: &mut Html, page: &Page<'_>, finding: &Finding) {
    out.raw("<dl class=\"facts\"><dt>").say(key::REPORT_SUBJECT).raw("</dt><dd>");
    page.asset(out, &finding.subject);
    out.raw("</dd>");
    if let Some(peer) = &finding.peer {
        out.raw("<dt>").say(key::REPORT_PEER).raw("</dt><dd>");
        page.asset(out, peer);
        out.raw("</dd>");
    }
    if let Some(class) = &finding.class {
        out.raw("<dt>").say(key::REPORT_CLASS).raw("</dt><dd class=\"mono\">").text(class);
        out.raw("</dd>");
    }
    out.raw("<dt>").say(key::REPORT_FIRST).raw("</dt><dd>").text(&times::shown(&finding.first));
    out.raw("</dd><dt>").say(key::REPORT_LAST).raw("</dt><dd>").text(&times::shown(&finding.last));
    out.raw("</dd><dt>").say(key::REPORT_RISK).raw("</dt><dd>").both(&texts::risk(finding));
    out.raw("</dd>");
    for (name, values) in
        [(key::REPORT_CONTROLS, &finding.controls), (key::REPORT_TECHNIQUES, &finding.techniques)]
    {
        if !values.is_empty() {
            out.raw("<dt>").say(name).raw("</dt><dd class=\"mono\">").text(&values.join(", "));
            out.raw("</dd>");
        }
    }
    out.raw("<dt>").say(key::REPORT_RULE).raw("</dt><dd class=\"mono\">").text(&finding.rule);
    out.raw("</dd><dt>").say(key::REPORT_FINGERPRINT).raw("</dt><dd class=\"mono\">");
    out.text(&finding.fingerprint).raw("</dd></dl>");
}
