//! Assets, conversations, and the evidence with its hashes.

use hangtu_catalog::{Arg, Bilingual, key};

use super::{Column, Page, ROWS, number_cell, row_limit, section, table, table_end, time_cell};
use crate::{
    model::Asset,
    report::{markup::Html, texts, times},
};

pub(super) fn assets(out: &mut Html, page: &Page<'_>) {
    let all = &page.examination.assets;
    section(out, "assets", key::REPORT_ASSETS);
    if all.is_empty() {
        out.raw("<p>").say(key::REPORT_TOPOLOGY_NONE).raw("</p></section>");
        return;
    }
    table(
        out,
        "h-assets",
        &[
            (key::REPORT_ADDRESS, Column::Text),
            (key::REPORT_ROLES, Column::Text),
            (key::REPORT_ZONE, Column::Text),
            (key::REPORT_IDENTITY, Column::Text),
            (key::REPORT_SERVES, Column::Text),
            (key::REPORT_USES, Column::Text),
            (key::REPORT_BYTES_SENT, Column::Number),
            (key::REPORT_BYTES_RECEIVED, Column::Number),
            (key::REPORT_FIRST, Column::Text),
            (key::REPORT_LAST, Column::Text),
        ],
    );
    for (i, asset) in all.iter().take(ROWS).enumerate() {
        out.raw("<tr")
            .attr("id", &format!("asset-{i}"))
            .raw("><td class=\"address\"><span class=\"mono strong\">");
        out.text(&asset.id).raw("</span>");
        for address in asset.ips.iter().chain(&asset.macs).filter(|a| **a != asset.id) {
            out.raw("<br><span class=\"mono dim\">").text(address).raw("</span>");
        }
        for name in asset.names.iter().filter(|n| n.value != asset.id).take(3) {
            out.raw("<br><span>").text(&name.value).raw("</span>");
        }
        out.raw("</td><td class=\"wide\">");
        role_reasons(out, asset);
        accounts(out, asset);
        out.raw("</td><td>").text(&asset.zone).raw("<br><span class=\"dim\">");
        out.say(zone_source(asset)).raw("</span></td><td class=\"wide\">");
        identity(out, asset);
        out.raw("</td><td class=\"mono protocols\">").text(&asset.serves.join(", "));
        out.raw("</td><td class=\"mono protocols\">").text(&asset.uses.join(", ")).raw("</td>");
        number_cell(out, asset.bytes_sent);
        number_cell(out, asset.bytes_received);
        time_cell(out, Some(&asset.first));
        time_cell(out, Some(&asset.last));
        out.raw("</tr>");
    }
    table_end(out);
    row_limit(out, all.len());
    out.raw("</section>");
}

/// Accounts that the host's logs name, the first dozen.
fn accounts(out: &mut Html, asset: &Asset) {
    if asset.accounts.is_empty() {
        return;
    }
    let shown: Vec<&str> = asset.accounts.iter().take(12).map(String::as_str).collect();
    let more = if asset.accounts.len() > shown.len() { ", …" } else { "" };
    out.raw("<div class=\"dim\">").say(key::REPORT_ACCOUNTS).raw(" ");
    out.text(&format!("{}{more}", shown.join(", "))).raw("</div>");
}

fn zone_source(asset: &Asset) -> key::Key {
    if asset.zone_declared { key::REPORT_ZONE_DECLARED } else { key::REPORT_ZONE_INFERRED }
}

fn role_reasons(out: &mut Html, asset: &Asset) {
    if asset.roles.is_empty() {
        out.both(&texts::main_role(asset));
    }
    for (i, role) in asset.roles.iter().enumerate() {
        out.raw(if i == 0 { "<div>" } else { "<div class=\"next\">" });
        out.both(&texts::named("role-", &role.name)).raw(" <span class=\"dim\">");
        out.both(&role.reason).raw("</span></div>");
    }
}

fn identity(out: &mut Html, asset: &Asset) {
    for fact in &asset.names {
        out.raw("<div>").text(&fact.value).raw(" <span class=\"dim mono\">").text(&fact.via);
        out.raw("</span></div>");
    }
    for (name, value) in texts::identity(asset) {
        out.raw("<div><span class=\"dim\">").both(&name).raw("</span> ").text(value).raw("</div>");
    }
    for fact in &asset.os {
        out.raw("<div><span class=\"dim\">").say(key::REPORT_OS).raw("</span> ");
        out.text(&fact.value).raw("</div>");
    }
    if let Some(vendor) = &asset.interface_vendor {
        out.raw("<div><span class=\"dim\">").say(key::REPORT_INTERFACE).raw("</span> ");
        out.text(vendor).raw("</div>");
    }
}

pub(super) fn conversations(out: &mut Html, page: &Page<'_>) {
    let all = &page.examination.conversations;
    section(out, "conversations", key::REPORT_CONVERSATIONS);
    if all.is_empty() {
        out.raw("<p>").say(key::REPORT_NONE).raw("</p></section>");
        return;
    }
    table(
        out,
        "h-conversations",
        &[
            (key::REPORT_SOURCE, Column::Text),
            (key::REPORT_DESTINATION, Column::Text),
            (key::REPORT_PROTOCOL, Column::Text),
            (key::REPORT_VERBS, Column::Text),
            (key::REPORT_SESSIONS, Column::Number),
            (key::REPORT_BYTES, Column::Number),
            (key::REPORT_FIRST, Column::Text),
            (key::REPORT_LAST, Column::Text),
        ],
    );
    for conversation in all.iter().take(ROWS) {
        out.raw("<tr><td>");
        page.asset(out, &conversation.source);
        out.raw("</td><td>");
        page.asset(out, &conversation.destination);
        out.raw("</td><td class=\"mono\">").text(&conversation.protocol);
        out.raw("</td><td class=\"wide\">").both(&texts::verbs(conversation)).raw("</td>");
        number_cell(out, conversation.sessions);
        number_cell(out, conversation.bytes);
        time_cell(out, Some(&conversation.first));
        time_cell(out, Some(&conversation.last));
        out.raw("</tr>");
    }
    table_end(out);
    row_limit(out, all.len());
    out.raw("</section>");
}

pub(super) fn inputs(out: &mut Html, page: &Page<'_>) {
    let run = &page.examination.run;
    section(out, "inputs", key::REPORT_INPUTS);
    out.raw("<p class=\"note\">").say(key::REPORT_INPUTS_NOTE).raw("</p>");
    table(
        out,
        "h-inputs",
        &[
            (key::REPORT_FILE, Column::Text),
            (key::REPORT_FORMAT, Column::Text),
            (key::REPORT_BYTES, Column::Number),
            (key::REPORT_PACKETS, Column::Number),
            (key::REPORT_FIRST, Column::Text),
            (key::REPORT_LAST, Column::Text),
        ],
    );
    for input in run.inputs.iter().take(ROWS) {
        out.raw("<tr><td><span class=\"mono strong\">").text(&input.path);
        out.raw("</span><br><span class=\"mono dim hash\">SHA-256 ").text(&input.sha256);
        out.raw("</span></td><td class=\"mono\">").text(&input.format).raw("</td>");
        number_cell(out, input.bytes);
        number_cell(out, input.entries);
        time_cell(out, input.first.as_deref());
        time_cell(out, input.last.as_deref());
        out.raw("</tr>");
    }
    table_end(out);
    row_limit(out, run.inputs.len());
    out.raw("<h3>").say(key::REPORT_TOOL).raw("</h3><dl class=\"facts\">");
    let examined = times::shown(&run.examined_at);
    let rules = hangtu_catalog::grouped(run.rules as u64);
    for (name, value) in [
        (key::REPORT_EXAMINED, examined.as_str()),
        (key::REPORT_TOOL_VERSION, &run.version),
        (key::REPORT_RULES_RAN, &rules),
        (key::REPORT_RULES_SHA256, &run.rules_sha256),
        (key::REPORT_MATRIX_NAME, &run.matrix),
        (key::REPORT_MATRIX_SHA256, &run.matrix_sha256),
        (key::REPORT_SCHEMA, &page.examination.schema),
    ] {
        out.raw("<dt>").say(name).raw("</dt><dd class=\"mono\">").text(value).raw("</dd>");
    }
    out.raw("<dt>").say(key::REPORT_AUTHORISATIONS).raw("</dt><dd>");
    out.both(&authorisations(page)).raw("</dd>");
    if let Some(used) = &run.authorisations {
        out.raw("<dt>").say(key::REPORT_AUTHORISATIONS_SHA256).raw("</dt><dd class=\"mono\">");
        out.text(&used.sha256).raw("</dd>");
    }
    out.raw("</dl></section>");
}

fn authorisations(page: &Page<'_>) -> Bilingual {
    match &page.examination.run.authorisations {
        Some(used) => Bilingual::message(
            key::REPORT_AUTHORISATIONS_OF,
            &[("path", Arg::Text(&used.path)), ("entries", Arg::Number(used.entries as u64))],
        ),
        None => texts::say(key::REPORT_AUTHORISATIONS_NONE),
    }
}
