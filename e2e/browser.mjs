// What the stories share: a browser, the pages of a site, and looking at them. Whatever goes wrong on
// the way is collected as a fault.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

export const PASSWORD = "correct horse battery staple";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const out = process.env.HANGTU_SHOTS;
mkdirSync(out, { recursive: true });
const sites = new Set();
let base = "";

// Goes on at another site; each site is part of the story, everything else is foreign.
export function at(url) {
  base = new URL(url).origin;
  sites.add(base);
}

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--force-color-profile=srgb"],
});
export const page = await browser.newPage();
export const faults = [];
page.on("pageerror", e => faults.push(`${page.url()}: ${e}`));
page.on("console", m => { if (m.type() === "error") faults.push(`${page.url()}: ${m.text()}`); });
page.on("request", r => { if (!sites.has(new URL(r.url()).origin) && !r.url().startsWith("data:")) faults.push(`foreign: ${r.url()}`); });
page.on("dialog", d => d.accept());

let step = 0;
export const go = async path => {
  const answer = await page.goto(base + path, { waitUntil: "load" });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`);
};
export const check = (held, what) => { if (!held) throw new Error(what); console.log(`ok ${what}`); };

// Wide and narrow, in both languages; nothing may stick out, and axe finds nothing serious.
export async function show(name) {
  step += 1;
  const number = String(step).padStart(2, "0");
  const url = page.url();
  for (const language of ["zh-CN", "en"]) {
    await page.setCookie({ name: "hangtu_language", value: language, url: base });
    for (const [width, height] of [[1280, 900], [360, 780]]) {
      await page.setViewport({ width, height });
      await page.goto(url, { waitUntil: "load" });
      await page.screenshot({ path: join(out, `${number}-${name}-${language}-${width}.png`), fullPage: true });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 1) faults.push(`${url}: ${over} px too wide at ${width} (${language})`);
    }
    const bytes = (await page.content()).length;
    if (bytes > 100_000) faults.push(`${url}: page of ${bytes} bytes`);
    const left = await page.evaluate(() => document.body.innerText.match(/\b[a-z]+(-[a-z]+){2,}\b/g) || []);
    console.log(`look ${number}-${name} ${language} ${bytes} B${left.length ? ` words ${[...new Set(left)].slice(0, 5)}` : ""}`);
    // The test's own tool comes past the site's policy; nothing else does.
    const client = await page.createCDPSession();
    await client.send("Page.setBypassCSP", { enabled: true });
    await page.reload({ waitUntil: "load" });
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const v of found.violations.filter(v => ["serious", "critical"].includes(v.impact))) {
      faults.push(`${url} (${language}): axe ${v.id}: ${v.nodes[0].html.slice(0, 160)}`);
    }
    await client.send("Page.setBypassCSP", { enabled: false });
    await client.detach();
  }
  await page.setCookie({ name: "hangtu_language", value: "zh-CN", url: base });
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url, { waitUntil: "load" });
}

export async function submit(form, values = {}) {
  for (const [name, value] of Object.entries(values)) {
    const field = await page.$(`${form} [name="${name}"]`);
    if (!field) throw new Error(`${page.url()}: ${form} has no ${name}`);
    const kind = await field.evaluate(e => e.tagName);
    if (kind === "SELECT") await page.select(`${form} [name="${name}"]`, value);
    else await field.evaluate((e, v) => { e.value = v; e.dispatchEvent(new Event("input", { bubbles: true })); }, value);
  }
  await Promise.all([
    page.waitForNavigation({ waitUntil: "load", timeout: 60000 }),
    page.$eval(form, f => f.requestSubmit(f.querySelector("button:not([type=button])"))),
  ]);
}

export async function sign(account, password = PASSWORD) {
  await page.deleteCookie({ name: "hangtu_session", url: base });
  await go("/sign-in");
  await submit("form[action='/sign-in']", { account, password });
}

// Speaks Chinese, as the readers do, until a page is shown in both.
export const chinese = () => page.setCookie({ name: "hangtu_language", value: "zh-CN", url: base });

// The set-up form: four accounts that begin with a word, and what it asks of the organisation.
export async function setUp(link, people, values) {
  await page.goto(link, { waitUntil: "load" });
  await page.$$eval("fieldset", (sets, people, password) => sets.forEach((set, n) => {
    for (const [name, value] of [["account", people[n][0]], ["person", people[n][1]], ["password", password]]) {
      set.querySelector(`[name=${name}]`).value = value;
    }
  }), people, PASSWORD);
  await submit("form[action='/set-up']", values);
  check(page.url().endsWith("/sign-in"), `${values.name} is set up`);
}

// Runs a story and says what went wrong.
export async function tell(story) {
  try {
    await story();
  } catch (e) {
    await page.screenshot({ path: join(out, "failed.png"), fullPage: true }).catch(() => {});
    faults.push(`${page.url()}: ${e.stack || e}`);
  } finally {
    await browser.close();
  }
  for (const fault of new Set(faults)) console.log(`FAULT ${fault}`);
  writeFileSync(join(out, "faults.txt"), [...new Set(faults)].join("\n"));
  console.log(`${step} pages, ${faults.length} faults`);
  process.exit(faults.length ? 1 : 0);
}
