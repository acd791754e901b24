// What the browser adds: forms that keep what was typed when something is wrong, fields that save
// themselves, pages that follow a running job. Everything works without it, too.
"use strict";

// A form that is sent by script: a problem appears in place, success goes on to the next page.
async function send(form, submitter) {
  const problem = form.querySelector(".problem");
  const say = (text, field) => {
    if (!problem) return alert(text);
    problem.textContent = text;
    problem.hidden = false;
    for (const input of form.elements) input.removeAttribute("aria-invalid");
    const input = field && form.elements.namedItem(field);
    if (input && input.focus) { input.setAttribute("aria-invalid", "true"); input.focus(); }
  };
  const buttons = form.querySelectorAll("button");
  buttons.forEach(b => { b.disabled = true; });
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.getAttribute("action") || location.href, {
      method: "POST", body, headers: { "X-Hangtu-Form": "1" },
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok && told.location) return location.assign(told.location);
    if (answer.ok) return location.reload();
    say(told.detail || answer.statusText, told.field);
  } catch (e) {
    say(String(e.message || e));
  }
  buttons.forEach(b => { b.disabled = false; });
}

document.addEventListener("submit", event => {
  const form = event.target;
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return event.preventDefault();
  // Such a button shows something and keeps nothing: the browser goes there by itself.
  if (event.submitter && "plain" in event.submitter.dataset) return;
  if ("answer" in form.dataset) { event.preventDefault(); clearTimeout(form.waiting); save(form); return; }
  if (!("form" in form.dataset)) return;
  event.preventDefault();
  // What was answered last must be kept before the paper is handed in.
  if ("handIn" in form.dataset) settled().then(() => send(form, event.submitter));
  else send(form, event.submitter);
});

// A passkey answers the server's challenge: <form data-passkey="get|create" data-begin="/url"
// data-origin="…"> with a hidden field "credential"; then the form is sent like any other.
const bytes = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function answer(kind, options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials]) {
    for (const known of list || []) known.id = bytes(known.id);
  }
  const made = await navigator.credentials[kind]({ publicKey: options });
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  // What is new says this within its attestation object.
  if (kind === "create") delete response.authenticatorData;
  return JSON.stringify({
    id: made.id, rawId: made.id, type: made.type, response,
    authenticatorAttachment: made.authenticatorAttachment, clientExtensionResults: {},
  });
}

document.addEventListener("submit", async event => {
  const form = event.target, kind = form.dataset.passkey;
  if (!kind) return;
  event.preventDefault();
  const problem = form.querySelector(".problem");
  try {
    const asked = await fetch(form.dataset.begin, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Hangtu-Form": "1" },
    });
    const told = await asked.json().catch(() => ({}));
    if (!asked.ok) throw new Error(told.detail || asked.statusText);
    form.elements.namedItem("credential").value = await answer(kind, told);
  } catch (e) {
    const { cancelled, already } = form.dataset;
    problem.textContent = { NotAllowedError: cancelled, InvalidStateError: already }[e.name] || String(e.message || e);
    problem.hidden = false;
    return;
  }
  await send(form, event.submitter);
});
for (const form of document.querySelectorAll("[data-passkey]")) {
  const elsewhere = location.origin !== form.dataset.origin;
  if (!elsewhere && window.PublicKeyCredential) continue;
  form.querySelector(elsewhere ? "[data-elsewhere]" : "[data-none]").hidden = false;
  form.querySelector("button").disabled = true;
}

// A form that saves itself: <form data-autosave data-saving="…" data-saved="…"> with an
// <output class="saved">. "Saved" appears only after the server has said so.
document.addEventListener("input", event => {
  const form = event.target.form;
  if (!form || !("autosave" in form.dataset)) return;
  clearTimeout(form.waiting);
  mark(form, "saving", form.dataset.saving);
  form.waiting = setTimeout(() => save(form), 600);
});

function mark(form, state, text) {
  const out = form.querySelector("output");
  if (out) { out.className = state; out.textContent = text || ""; }
}

async function save(form) {
  if (form.busy) { form.again = true; return; }
  form.busy = true;
  form.again = false;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true,
      headers: { "X-Hangtu-Form": "1" },
    });
    const told = await answer.json().catch(() => ({}));
    const version = form.elements.namedItem("version"), keep = form.querySelector("[data-keep]");
    if (!answer.ok) {
      // Somebody else was faster: what they wrote is told, what is here stays, a person decides.
      if (keep && answer.status === 409 && told.version) {
        keep.hidden = false;
        keep.onclick = () => { version.value = told.version; save(form); };
      }
      throw Object.assign(new Error(told.detail || answer.statusText), { final: answer.status < 500 });
    }
    if (version && told.version) version.value = told.version;
    if (keep) keep.hidden = true;
    if (!form.again) mark(form, "saved", told.state === "late" ? form.dataset.late : form.dataset.saved);
  } catch (e) {
    // Of a line that is lost an exam says so in words; what was answered is sent again.
    mark(form, "problem", !e.final && exam ? exam.dataset.lost : String(e.message || e));
    if (!e.final) form.waiting = setTimeout(() => save(form), 5000);
  }
  form.busy = false;
  if (form.again) save(form);
}
addEventListener("beforeunload", event => {
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    if (form.busy || form.querySelector("output.saving")) event.preventDefault();
  }
});

// An exam: each change of an answer has a higher number than all before, so that what arrives late or
// twice changes nothing. What the page notices is told to the server, where a person may look at it.
const exam = document.querySelector("[data-exam]");
let sequence = exam ? Number(exam.dataset.sequence) : 0;
if (exam) document.addEventListener("input", event => {
  const number = event.target.form && event.target.form.elements.namedItem("sequence");
  if (number) number.value = ++sequence;
}, true);
async function settled() {
  for (const form of document.querySelectorAll("form[data-answer]")) {
    if (form.querySelector("output.saving, output.problem")) { clearTimeout(form.waiting); await save(form); }
    while (form.busy) await pause(100);
  }
}
function notice(kind, seconds) {
  fetch(exam.dataset.exam, {
    method: "POST", keepalive: true, headers: { "X-Hangtu-Form": "1" },
    body: new URLSearchParams({ kind, seconds: Math.round(seconds || 0) }),
  }).catch(() => {});
}
if (exam) {
  let hidden = 0, lost = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hidden = Date.now();
    else if (hidden) { notice("hidden", (Date.now() - hidden) / 1000); hidden = 0; }
  });
  document.addEventListener("copy", () => notice("copied"));
  document.addEventListener("paste", () => notice("pasted"));
  addEventListener("offline", () => { lost = Date.now(); });
  addEventListener("online", () => {
    if (lost) notice("line-lost", (Date.now() - lost) / 1000);
    lost = 0;
    document.querySelectorAll("form[data-answer]").forEach(form => {
      if (form.querySelector("output.problem")) { clearTimeout(form.waiting); save(form); }
    });
  });
  const clock = document.querySelector("[data-countdown]"), ends = Date.now() + Number(clock.dataset.countdown);
  const tick = () => {
    const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
    const two = n => String(n).padStart(2, "0");
    clock.textContent = `${Math.floor(left / 60)}:${two(left % 60)}`;
    // Handed in at its end, the page shows the result.
    if (left === 0) { settled().finally(() => setTimeout(() => location.reload(), 45000)); clearInterval(going); }
  };
  const going = setInterval(tick, 1000);
  tick();
}

// Fragments that follow something running: <div data-poll="/url" data-every="1000">. The server
// answers with the new content; with status 204 it is over and the page is read again.
for (const part of document.querySelectorAll("[data-poll]")) {
  const every = Number(part.dataset.every || 1000);
  const look = async () => {
    try {
      const answer = await fetch(part.dataset.poll);
      if (answer.status === 204) return location.reload();
      if (answer.ok) part.innerHTML = await answer.text();
    } catch { /* the server is away for a moment; look again */ }
    setTimeout(look, every);
  };
  setTimeout(look, every);
}

// Every box of a table at once: <input type="checkbox" data-all="name">.
document.addEventListener("change", event => {
  const name = event.target.dataset.all;
  if (name) for (const box of document.getElementsByName(name)) box.checked = event.target.checked;
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A file is sent in pieces that each are saved: after a lost connection it goes on where it was.
document.addEventListener("submit", async event => {
  const form = event.target;
  if (!("upload" in form.dataset)) return;
  event.preventDefault();
  const files = [...form.querySelector("input[type=file]").files];
  const bar = form.querySelector("progress"), out = form.querySelector("output");
  const total = files.reduce((sum, f) => sum + f.size, 0) || 1;
  let before = 0;
  bar.hidden = false;
  try {
    for (const file of files) {
      out.textContent = file.name;
      await upload(file, form.dataset.upload, sent => { bar.value = (before + sent) / total; });
      before += file.size;
    }
    location.assign(form.dataset.next || location.href);
  } catch (e) {
    out.className = "problem";
    out.textContent = String(e.message || e);
  }
});

// A small file beside something, sent whole: <input type="file" data-attach="/url?…">.
document.addEventListener("change", async event => {
  const input = event.target, out = input.dataset.attach && input.closest("form").querySelector("output");
  if (!out) return;
  try {
    for (const file of input.files) {
      mark(input.form, "saving", file.name);
      const answer = await fetch(`${input.dataset.attach}&name=${encodeURIComponent(file.name)}`, {
        method: "POST", body: file, headers: { "Content-Type": "application/octet-stream", "X-Hangtu-Form": "1" },
      });
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(told.detail || answer.statusText);
    }
    location.reload();
  } catch (e) {
    mark(input.form, "problem", String(e.message || e));
  }
});

const PIECE = 8 << 20;
const pause = ms => new Promise(done => setTimeout(done, ms));

async function upload(file, url, tell) {
  const json = async answer => {
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(told.detail || answer.statusText), { status: answer.status });
    return told;
  };
  const key = `upload ${file.name} ${file.size} ${file.lastModified}`;
  let id = sessionStorage.getItem(key), at = 0;
  if (id) {
    try { at = (await json(await fetch(`${url}/${id}`))).received; } catch { id = null; at = 0; }
  }
  if (!id) {
    const made = await json(await fetch(url, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: file.webkitRelativePath || file.name, bytes: file.size }),
    }));
    id = made.id;
    sessionStorage.setItem(key, id);
  }
  for (let tries = 0; at < file.size || file.size === 0;) {
    try {
      const piece = file.slice(at, at + PIECE);
      const told = await json(await fetch(`${url}/${id}?offset=${at}`, { method: "PATCH", body: piece }));
      at = told.received;
      tries = 0;
      tell(at);
      if (file.size === 0) break;
    } catch (e) {
      if ((e.status && e.status < 500 && e.status !== 409) || ++tries > 20) throw e;
      await pause(Math.min(1000 * tries, 10000));
      at = (await json(await fetch(`${url}/${id}`))).received;
    }
  }
  await json(await fetch(`${url}/${id}/finish`, { method: "POST" }));
  sessionStorage.removeItem(key);
}

// A small file is sent whole: <form data-attach="/url"> with one file field.
document.addEventListener("submit", async event => {
  const form = event.target;
  if (!("attach" in form.dataset)) return;
  event.preventDefault();
  const file = form.querySelector("input[type=file]").files[0];
  const problem = form.querySelector(".problem");
  try {
    const more = form.dataset.query ? `&${form.dataset.query}` : "";
    const answer = await fetch(`${form.dataset.attach}?name=${encodeURIComponent(file.name)}${more}`, {
      method: "POST", body: file, headers: { "X-Hangtu-Form": "1", "Content-Type": "application/octet-stream" },
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.detail || answer.statusText);
    location.assign(told.location || location.href);
  } catch (e) {
    problem.textContent = String(e.message || e);
    problem.hidden = false;
  }
});

// A small text file fills a field: <input type="file" data-into="name">.
document.addEventListener("change", async event => {
  const { into } = event.target.dataset, file = event.target.files && event.target.files[0];
  if (into && file) event.target.form.elements.namedItem(into).value = await file.text();
});

// Parts that follow something alive: <div id="…" data-fresh="/url of events">. When it goes on the page
// is read again and its parts are exchanged, except where somebody is writing.
const alive = document.querySelector("[data-fresh]");
if (alive && window.EventSource) {
  const news = new EventSource(alive.dataset.fresh);
  let reading = false, again = false;
  const writing = part => [...part.querySelectorAll("textarea, input:not([type=hidden]), select")]
    .some(field => field === document.activeElement || (field.tagName === "TEXTAREA" && field.value !== field.defaultValue));
  const read = async () => {
    if (reading) { again = true; return; }
    reading = true;
    do {
      again = false;
      const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
      if (!answer || !answer.ok) break;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-fresh]")) {
        const fresh = page.getElementById(part.id);
        if (fresh && fresh.innerHTML !== part.innerHTML && !writing(part)) part.innerHTML = fresh.innerHTML;
      }
    } while (again);
    reading = false;
  };
  news.addEventListener("changed", read);
  addEventListener("pagehide", () => news.close());
}

// A clock that goes on between readings: <strong data-clock="ms" data-speed="n" data-running>.
const begun = Date.now();
setInterval(() => document.querySelectorAll("[data-clock][data-running]").forEach(clock => {
  if (clock.began !== clock.dataset.clock) { clock.began = clock.dataset.clock; clock.since = Date.now(); }
  const shown = Number(clock.dataset.clock) + (Date.now() - (clock.since || begun)) * Number(clock.dataset.speed);
  const two = n => String(Math.floor(n)).padStart(2, "0");
  clock.textContent = `${two(shown / 60000)}:${two(shown / 1000 % 60)}`;
}), 1000);

// A table that scrolls sideways can be reached from the keyboard.
const reach = () => document.querySelectorAll("div.table, .reading table").forEach(box => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
});
addEventListener("resize", reach);
reach();
