"use strict";
// Reading needs none of this: it filters, sorts, follows links and keeps the language attribute.
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const findings = all(".finding");
  const moments = all(".moment");

  // Language.
  const speak = (tag) => {
    root.lang = tag;
    document.title = tag === "en" ? root.dataset.titleEn : root.dataset.titleZh;
  };
  all("input[name=language]").forEach((input) => {
    if (input.checked) speak(input.value);
    input.addEventListener("change", () => speak(input.value));
  });

  // Filter by scenario, level and text.
  const picked = (name) => {
    const input = document.querySelector("input[name=" + name + "]:checked");
    return input ? input.value : "all";
  };
  const words = new Map();
  const textOf = (finding) => {
    if (!words.has(finding)) words.set(finding, finding.textContent.toLowerCase());
    return words.get(finding);
  };
  const filter = () => {
    const scenario = picked("scenario");
    const level = picked("level");
    const needle = $("needle").value.trim().toLowerCase();
    let shown = 0;
    findings.forEach((finding) => {
      const fits =
        (scenario === "all" || finding.dataset.scenario === scenario) &&
        (level === "all" || finding.dataset.level === level) &&
        (!needle || textOf(finding).includes(needle));
      finding.hidden = !fits;
      if (fits) shown += 1;
    });
    moments.forEach((moment) => {
      moment.hidden = !(
        (scenario === "all" || moment.dataset.scenario === scenario) &&
        (level === "all" || moment.dataset.level === level) &&
        (!needle || textOf(moment).includes(needle))
      );
    });
    $("shown").textContent = shown.toLocaleString("en");
    $("empty").hidden = shown > 0;
  };
  const choose = (scenario, level) => {
    const a = $("scenario-" + scenario);
    const b = $("level-" + level);
    if (a) a.checked = true;
    if (b) b.checked = true;
    $("needle").value = "";
    filter();
  };
  if ($("needle")) {
    all(".script").forEach((element) => { element.hidden = false; });
    all("input[name=scenario], input[name=level]").forEach((input) => input.addEventListener("change", filter));
    $("needle").addEventListener("input", filter);
    $("expand").addEventListener("click", () => findings.forEach((f) => { if (!f.hidden) f.open = true; }));
    $("collapse").addEventListener("click", () => findings.forEach((f) => { f.open = false; }));
    all(".matrix a").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(link.dataset.scenario, link.dataset.level);
      $("findings").scrollIntoView();
    }));
    filter();
  }

  // A link to one finding opens it, whatever the filter.
  const follow = () => {
    const target = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
    if (target && target.classList.contains("finding")) {
      if (target.hidden) choose("all", "all");
      target.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", follow);
  follow();

  // Tables sort on their headings.
  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const spans = all("span[lang]", cell);
    if (!spans.length) return cell.textContent;
    return spans.filter((s) => s.lang === root.lang).map((s) => s.textContent).join(" ") || cell.textContent;
  };
  all("table.sort").forEach((table) => {
    const heads = all("thead th", table);
    const body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const first = head.classList.contains("n") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        const sign = order === "ascending" ? 1 : -1;
        const rows = Array.from(body.rows, (row) => [key(row, column), row]);
        const collator = new Intl.Collator(root.lang, { numeric: true });
        rows.sort(([a], [b]) => sign * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b)));
        body.append(...rows.map(([, row]) => row));
        heads.forEach((h) => h.setAttribute("aria-sort", h === head ? order : "none"));
      });
    });
  });

  // Pointing at an asset leaves only its own lines.
  all("svg").forEach((svg) => {
    const edges = all(".edge", svg);
    const nodes = all(".node", svg);
    const show = (node) => {
      const near = new Set([node.dataset.i]);
      edges.forEach((edge) => {
        const { a, b } = edge.dataset;
        const mine = a === node.dataset.i || b === node.dataset.i;
        edge.classList.toggle("near", mine);
        if (mine) { near.add(a); near.add(b); }
      });
      nodes.forEach((n) => n.classList.toggle("near", near.has(n.dataset.i)));
      svg.classList.add("focus");
    };
    const clear = () => svg.classList.remove("focus");
    nodes.forEach((node) => {
      node.addEventListener("mouseenter", () => show(node));
      node.addEventListener("focus", () => show(node));
      node.addEventListener("mouseleave", clear);
      node.addEventListener("blur", clear);
    });
  });

  // Paper has no closed parts.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = findings.filter((f) => !f.open);
    closed.forEach((f) => { f.open = true; });
  });
  window.addEventListener("afterprint", () => {
    closed.forEach((f) => { f.open = false; });
  });
})();
