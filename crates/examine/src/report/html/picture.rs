//! The network picture as inline SVG.

use hangtu_catalog::{Arg, Bilingual, key};

use super::{
    Page, section,
    topology::{CARD, Edge, HEADER, Node, Topology, topology},
};
use crate::report::{markup::Html, texts};

const BAND_NAMES: [key::Key; 5] = [
    key::REPORT_BAND_EXTERNAL,
    key::REPORT_BAND_ENTERPRISE,
    key::REPORT_BAND_OPERATIONS,
    key::REPORT_BAND_SUPERVISION,
    key::REPORT_BAND_CONTROL,
];

pub(super) fn picture(out: &mut Html, page: &Page<'_>) {
    section(out, "topology", key::REPORT_TOPOLOGY);
    let Some(topology) = topology(page.examination) else {
        out.raw("<p>").say(key::REPORT_TOPOLOGY_NONE).raw("</p></section>");
        return;
    };
    let assets = page.examination.assets.len();
    let mut args =
        vec![("assets", Arg::Number(assets as u64)), ("pairs", Arg::Number(topology.pairs as u64))];
    out.raw("<p class=\"note\">").say(key::REPORT_TOPOLOGY_NOTE).raw(" ");
    if topology.nodes.len() == assets && topology.edges.len() == topology.pairs {
        out.say_with(key::REPORT_TOPOLOGY_ALL, &args);
    } else {
        args.push(("nodes", Arg::Number(topology.nodes.len() as u64)));
        args.push(("edges", Arg::Number(topology.edges.len() as u64)));
        out.say_with(key::REPORT_TOPOLOGY_DRAWN, &args);
    }
    out.raw("</p><ul class=\"legend\"><li class=\"industrial\">");
    out.say(key::REPORT_TOPOLOGY_INDUSTRIAL).raw("</li><li class=\"it\">");
    out.say(key::REPORT_TOPOLOGY_IT).raw("</li><li class=\"found\">");
    out.say(key::REPORT_TOPOLOGY_FINDING).raw("</li><li class=\"declared\">");
    out.say(key::REPORT_TOPOLOGY_ZONE_DECLARED).raw("</li><li class=\"inferred\">");
    out.say(key::REPORT_TOPOLOGY_ZONE_INFERRED);
    out.raw("</li></ul><p class=\"aside\" id=\"scrolls\">").say(key::REPORT_TOPOLOGY_SCROLL);
    out.raw("</p><div class=\"scroll picture\" tabindex=\"0\" role=\"region\" aria-labelledby=\"scrolls\">");
    draw(out, &topology);
    out.raw("</div></section>");
}

fn place(out: &mut Html, x: usize, y: usize) {
    out.attr("x", &x.to_string()).attr("y", &y.to_string());
}

fn rectangle(out: &mut Html, class: &str, (x, y): (usize, usize), (w, h): (usize, usize)) {
    out.raw("<rect").attr("class", class);
    place(out, x, y);
    out.attr("width", &w.to_string()).attr("height", &h.to_string()).raw(" rx=\"4\"/>");
}

fn draw(out: &mut Html, topology: &Topology<'_>) {
    let (width, height) = (topology.width, topology.height);
    out.raw("<svg xmlns=\"http://www.w3.org/2000/svg\"").attr("width", &width.to_string());
    out.attr("height", &height.to_string()).attr("viewBox", &format!("0 0 {width} {height}"));
    out.raw(if topology.edges.len() > 60 { " class=\"busy\"" } else { "" });
    out.raw(" role=\"group\" aria-labelledby=\"h-topology\">");
    for (band, name) in topology.bands.iter().zip(BAND_NAMES) {
        let Some((top, height)) = band else { continue };
        rectangle(out, "band", (0, *top), (width, *height));
        out.raw("<text class=\"level\"");
        place(out, 8, top + HEADER + CARD.1 / 2 + 4);
        out.raw(">").both_svg(&texts::say(name)).raw("</text>");
    }
    for zone in &topology.zones {
        let class = if zone.declared { "zone" } else { "zone inferred" };
        rectangle(out, class, (zone.x, zone.y), (zone.width, zone.height));
    }
    for edge in &topology.edges {
        line(out, topology, edge);
    }
    for zone in &topology.zones {
        out.raw("<text class=\"zone-name\"");
        place(out, zone.x + 10, zone.y + 17);
        out.raw(">");
        match zone.name {
            Some(name) => {
                out.text(&short(name, (zone.width - 20) / 7)).raw("<title>").text(name);
                out.raw("</title>");
            }
            None => {
                out.both_svg(&texts::say(key::REPORT_ZONE_OTHER));
            }
        }
        out.raw("</text>");
    }
    for (i, node) in topology.nodes.iter().enumerate() {
        card(out, i, node);
    }
    out.raw("</svg>");
}

fn line(out: &mut Html, topology: &Topology<'_>, edge: &Edge) {
    let (a, b) = (&topology.nodes[edge.a], &topology.nodes[edge.b]);
    let (upper, lower) = if a.y <= b.y { (a, b) } else { (b, a) };
    let (x1, x2) = (upper.x + CARD.0 / 2, lower.x + CARD.0 / 2);
    let path = if upper.y == lower.y {
        // Neighbours of one row: an arc below the cards.
        let y = upper.y + CARD.1;
        let sag = y + (14 + x1.abs_diff(x2) / 12).min(44);
        format!("M{x1} {y}C{x1} {sag} {x2} {sag} {x2} {y}")
    } else {
        let (y1, y2) = (upper.y + CARD.1, lower.y);
        let bend = (y2.saturating_sub(y1) / 2).max(14);
        format!("M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}", y1 + bend, y2.saturating_sub(bend))
    };
    let mut class = String::from(if edge.industrial { "edge industrial" } else { "edge it" });
    if edge.worst.is_some() {
        class += " found";
    }
    out.raw("<path").attr("class", &class).attr("d", &path);
    out.attr("data-a", &edge.a.to_string()).attr("data-b", &edge.b.to_string()).raw("><title>");
    out.text(&upper.asset.id).raw(" ↔ ").text(&lower.asset.id).raw("\n");
    out.text(&edge.protocols.join(", ")).raw("</title></path>");
}

fn card(out: &mut Html, index: usize, node: &Node<'_>) {
    let asset = node.asset;
    if node.row < super::ROWS {
        out.raw("<a class=\"node\"").attr("href", &format!("#asset-{}", node.row));
    } else {
        out.raw("<g class=\"node\"");
    }
    out.attr("data-i", &index.to_string()).raw(">");
    rectangle(out, "card", (node.x, node.y), CARD);
    if let Some(worst) = node.worst {
        let class = format!("mark {}", worst.name());
        rectangle(out, &class, (node.x, node.y), (22, CARD.1));
        out.raw("<text class=\"count\"");
        place(out, node.x + 11, node.y + 21);
        let count = if node.findings > 99 { "99+" } else { &node.findings.to_string() };
        out.raw(">").text(count).raw("</text>");
    }
    let left = node.x + if node.worst.is_some() { 28 } else { 10 };
    out.raw("<text class=\"id\"");
    place(out, left, node.y + 14);
    out.raw(">").text(&short(&asset.id, 15)).raw("</text><text class=\"role\"");
    place(out, left, node.y + 27);
    let role = texts::main_role(asset);
    let role = Bilingual::new(short(&role.zh, 20), short(&role.en, 20));
    out.raw(">").both_svg(&role).raw("</text><title>").text(&asset.id);
    for name in asset.names.iter().take(3) {
        out.raw("\n").text(&name.value);
    }
    out.raw("\n").text(&asset.zone).raw("</title>");
    out.raw(if node.row < super::ROWS { "</a>" } else { "</g>" });
}

/// At most `width` columns, the middle left out: the ends of addresses tell them apart.
fn short(text: &str, width: usize) -> String {
    let columns = |c: char| if c.is_ascii() { 1 } else { 2 };
    if text.chars().map(columns).sum::<usize>() <= width {
        return text.to_owned();
    }
    let half = width.saturating_sub(1) / 2;
    let take = |chars: &mut dyn Iterator<Item = char>| {
        let mut used = 0;
        chars
            .take_while(|c| {
                used += columns(*c);
                used <= half
            })
            .collect::<Vec<char>>()
    };
    let head = take(&mut text.chars());
    let mut tail = take(&mut text.chars().rev());
    tail.reverse();
    head.into_iter().chain(['…']).chain(tail).collect()
}
