// The main story in a real browser, once in each language: set up, bring evidence, examine, answer,
// assign, mend, examine again, closed by proof, report. Screenshots go to the folder given.
//
//   node story.mjs <set-up link> <folder for screenshots> <repository root>
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { mended } from "./capture.mjs";

const [link, out, root] = process.argv.slice(2);
const base = new URL(link).origin;
const PASSWORD = "correct horse battery staple";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(out, { recursive: true });

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--force-color-profile=srgb"],
});
const page = await browser.newPage();
const faults = [];
page.on("pageerror", e => faults.push(`${page.url()}: ${e}`));
page.on("console", m => { if (m.type() === "error") faults.push(`${page.url()}: ${m.text()}`); });
page.on("request", r => { if (!r.url().startsWith(base) && !r.url().startsWith("data:")) faults.push(`foreign: ${r.url()}`); });
page.on("dialog", d => d.accept());

let step = 0;
const go = async path => {
  const answer = await page.goto(base + path, { waitUntil: "load" });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`);
};
const check = (held, what) => { if (!held) throw new Error(what); console.log(`ok ${what}`); };

// Wide and narrow, in both languages; nothing may stick out, and axe finds nothing serious.
async function show(name) {
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

async function submit(form, values = {}) {
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

async function sign(account) {
  await page.deleteCookie({ name: "hangtu_session", url: base });
  await go("/sign-in");
  await submit("form[action='/sign-in']", { account, password: PASSWORD });
}

// Brings a file and examines it; gives the page of the run when it is done.
async function examine(file) {
  await go("/evidence");
  const input = await page.$("form[data-upload] input[type=file]");
  await input.uploadFile(file);
  await Promise.all([
    page.waitForNavigation({ waitUntil: "load", timeout: 60000 }),
    page.$eval("form[data-upload]", f => f.requestSubmit()),
  ]);
  await page.$eval("tbody input[name=evidence]", box => box.click());
  await submit("#choose");
  await page.waitForSelector("a[href^='/findings?run='], .problem[role=alert]:not([hidden])", { timeout: 120000 });
  check(!await page.$(".problem[role=alert]:not([hidden])"), "the run did not fail");
  return page.url();
}

// Takes a course and sits its exam on a telephone; an answer counts once the page says it is saved.
async function take(course, language) {
  const fits = async () => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 1) faults.push(`${page.url()}: ${over} px too wide on a telephone (${language})`);
  };
  const next = act => Promise.all([page.waitForNavigation({ waitUntil: "load", timeout: 60000 }), act()]);
  await page.setCookie({ name: "hangtu_language", value: language, url: base });
  await page.setViewport({ width: 360, height: 780, isMobile: true, hasTouch: true });
  await go(`/training/courses/${course}/read/s1`);
  while (page.url().includes("/read/")) {
    await fits();
    for (const id of await page.$$eval("article section.card[id]", all => all.map(s => s.id))) {
      await next(() => page.$eval(`[id="${id}"] form`, f => {
        f.querySelector("[name=choice]")?.click();
        f.requestSubmit();
      }));
    }
    await submit("main > form.row");
  }
  await submit("#exam form");
  await fits();
  const forms = await page.$$("form[data-answer]");
  for (const form of forms) {
    await form.evaluate(f => {
      const places = [...f.querySelectorAll("select")];
      places.forEach((s, n) => { s.value = String(n + 1); });
      if (places[0]) places[0].dispatchEvent(new Event("input", { bubbles: true }));
      f.querySelector("[name=choice]")?.click();
    });
    await page.waitForFunction(f => f.querySelector("output").className === "saved"
      && f.querySelector("output").textContent, { timeout: 20000 }, form);
  }
  check(forms.length > 10, `every answer of ${course} is saved (${language})`);
  await show(`paper-${course}`);
  check((await page.$$("form[data-answer] :checked")).length > 10, "they are there when the page is read again");
  await submit("form[data-hand-in]");
  check(/\d+ %/.test(await page.content()), `the exam of ${course} is marked (${language})`);
  await show(`result-${course}`);
}

try {
  await page.setCookie({ name: "hangtu_language", value: "zh-CN", url: base });
  await page.goto(link, { waitUntil: "load" });
  await show("set-up");
  await page.goto(link, { waitUntil: "load" });
  const people = [["sys", "林系统"], ["sec", "周安全"], ["aud", "吴审计"], ["officer", "陈负责"]];
  await page.$$eval("fieldset", (sets, people, password) => sets.forEach((set, n) => {
    for (const [name, value] of [["account", people[n][0]], ["person", people[n][1]], ["password", password]]) {
      set.querySelector(`[name=${name}]`).value = value;
    }
  }), people, PASSWORD);
  await submit("form[action='/set-up']", {
    name: "武汉长江精密机械有限公司", credit_code: "91420100MA4KX1234B", region: "420000", industry: "34", revenue_band: "400m-1bn",
  });
  check(page.url().endsWith("/sign-in"), "set up");
  await show("sign-in");
  await sign("officer");
  await show("home-empty");

  const first = await examine(join(root, "examples/plant/office.pcap.gz"));
  check(await page.$("a[href^='/findings?run=']"), "the first run found something");
  await show("run");
  await go("/runs");
  await show("runs");
  await go("/findings");
  await show("findings");
  await go("/findings?q=10.30.1.77&state=work");
  const finding = await page.$eval("tbody a[href^='/findings/']", a => a.getAttribute("href"));
  await go(finding);
  await show("finding");
  const officer = await page.$eval("select[name=owner] option:nth-of-type(2)", o => o.value);
  await submit("form:has(input[value=assign])", { owner: officer });
  await submit("form:has(input[value=start])");
  await submit("form:has(input[value=ready])", { text: "隔离了该主机，从备份恢复了文件，关闭了其文件共享。" });

  // The same evidence again proves nothing.
  await examine(join(root, "examples/plant/office.pcap.gz"));
  await go(finding);
  check(!(await page.content()).includes('class="tag good"'), "the same evidence again does not close");

  await go("/answers");
  await submit("form[action='/answers/open']");
  await go("/answers/questions?group=RAN");
  await page.$eval("form[data-autosave] input[type=radio]", r => r.click());
  await page.waitForSelector("output.saved", { timeout: 10000 });
  check(true, "an answer is saved as it is given");
  await show("questions");
  await go("/answers");
  await show("answers");

  const later = join(out, "office-mended.pcap");
  const days = Math.ceil((Date.now() / 1000 - Date.parse("2026-03-02T00:00:00Z") / 1000) / 86400) + 1;
  mended(join(root, "examples/plant/office.pcap.gz"), later, "10.30.1.77", days);
  await examine(later);
  await go(finding);
  check((await page.content()).includes('class="tag good"'), "a newer examination closes it with proof");
  await show("finding-closed");
  await go("/");
  await show("home");

  await go("/reports");
  await submit("form[action='/reports']");
  check(/\/reports\/[0-9a-f-]+$/.test(page.url()), "the report is frozen");
  await show("report");

  // A drill without people, from its draft to its report; then one for people, drawn up.
  await go("/drills/exercises");
  await show("exercises");
  await go("/drills/exercises/hmi-ransomware");
  await show("exercise");
  await go("/drills");
  await submit("form:has(select[name=style])", { exercise: "hmi-ransomware", style: "weak" });
  check(/\/drills\/[0-9a-f-]+\/report$/.test(page.url()), "a rehearsal runs to its report");
  check((await page.$$("svg.axis circle")).length > 20, "its timeline is drawn");
  await show("after-action");
  const rehearsal = page.url().replace("/report", "");
  await page.goto(`${rehearsal}/console`, { waitUntil: "load" });
  await show("console");
  await page.goto(`${rehearsal}/evaluation`, { waitUntil: "load" });
  await show("evaluation");
  await go("/drills");
  await submit("form:has(select[name=automatic])", { exercise: "night-session" });
  await show("drill");
  await go("/drills");
  await show("drills");
  // A real simulation: its decoys are attacked, somebody notices and stops it.
  await go("/drills/simulations");
  await page.click("input[name=informed]");
  await submit("form[action='/drills/simulations']", { files: "400", rate: "median", contact: "王工 8001" });
  await page.waitForFunction(() => { const bar = document.querySelector("progress"); return bar && bar.value > 2; }, { timeout: 30000 });
  await show("simulation-running");
  await submit("form[action$='/detected']", { note: "文件名变了" });
  await submit("form[action$='/stop']");
  await page.waitForSelector("tbody .tag.good", { timeout: 60000 });
  check((await page.content()).includes("文件名变了"), "a simulation was noticed, stopped and put back");
  await show("simulation");
  await go("/drills/simulations");
  await show("simulations");
  await go("/training/needs");
  await submit("form:has(input[value=suggested])");
  await show("needs");
  await go("/training/sessions");
  await submit("form[action='/training/sessions']", { title: "班组培训", starts: "2026-12-01T09:00", ends: "2026-12-01T11:00" });
  await submit("form:has(input[value=announce])");
  await show("session");
  await take("ransomware", "zh-CN");
  await take("remote-om", "en");
  for (const place of ["", "/courses", "/courses/ransomware", "/courses/ransomware/read/s1", "/tracks/professional",
    "/people", "/certificates", "/count", "/own", "/courses/ransomware/items"]) {
    await go(`/training${place}`);
    await show(`training${place.replaceAll("/", "-")}`);
  }
  await go("/check");
  await show("check");
  await go("/authorisations").catch(() => {});
  await show("authorisations");
  await go("/me").catch(() => {});
  await show("me");

  await sign("aud");
  await go("/audit");
  await show("audit");
  await sign("sys");
  await go("/people");
  await show("people");
  await sign("sec");
  await go("/policy");
  await show("policy");
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
