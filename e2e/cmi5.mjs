// A course made elsewhere in a real browser: a package is taken in, its unit opened from an origin of its
// own, shut off; what its script tries and may not, and what it must be able to do, it writes into its
// page. At the end the course counts as done.
//
//   node cmi5.mjs <address of the site> <account of an officer> <password> [folder for screenshots]
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { zip } from "./zip.mjs";

const [base, account, password, out] = process.argv.slice(2);
const unit = join(dirname(fileURLToPath(import.meta.url)), "unit");
const file = name => readFileSync(join(unit, name));
const faults = [];
const check = (holds, what) => { console.log(`${holds ? "ok" : "NOT"}  ${what}`); if (!holds) faults.push(what); };

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"], headless: true,
});
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 900 });
const refused = [];
page.on("console", m => { if (m.type() === "error") refused.push(m.text()); });
if (out) mkdirSync(out, { recursive: true });
const shot = name => out ? page.screenshot({ path: join(out, `${name}.png`), fullPage: true }) : null;
const next = act => Promise.all([page.waitForNavigation({ waitUntil: "load", timeout: 60000 }), act()]);

async function both(name, address) {
  for (const language of ["zh-CN", "en"]) {
    await page.setCookie({ name: "hangtu_language", value: language, url: base });
    for (const width of [1280, 360]) {
      await page.setViewport({ width, height: 800 });
      await page.goto(base + address, { waitUntil: "load" });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(over <= 1, `${address} fits ${width} px (${language})`);
      await shot(`${name}-${language}-${width}`);
    }
  }
  await page.setViewport({ width: 1280, height: 900 });
}

await page.goto(`${base}/sign-in`, { waitUntil: "load" });
await page.type("[name=account]", account);
await page.type("[name=password]", password);
await next(() => page.$eval("form[action='/sign-in']", f => f.requestSubmit()));

const files = { "cmi5.xml": file("cmi5.xml") };
for (const name of ["index.html", "unit.css", "unit.js", "words.js", "data.json"]) files[`unit/${name}`] = file(name);
const packed = join(mkdtempSync(join(tmpdir(), "cmi5-")), "kiln.zip");
writeFileSync(packed, zip(files));
await both("import", "/training/cmi5");
const field = await page.$("input[type=file]");
await field.uploadFile(packed);
await next(() => page.$eval("form[action='/training/cmi5']", f => f.requestSubmit()));
const course = new URL(page.url()).pathname;
check(course.startsWith("/training/courses/cmi5-"), `the package became ${course}`);
await both("course", course);

await next(() => page.$eval("form[action$='/launch']", f => f.requestSubmit()));
check(new URL(page.url()).pathname.startsWith("/cmi5/files/"), "the unit is opened");
await page.waitForFunction(() => document.querySelector("#log").textContent.includes("ready"), { timeout: 30000 });
await shot("unit");
const said = await page.$eval("#log", e => e.textContent);
console.log(said.trim().split("\n").map(l => `      ${l}`).join("\n"));
const line = (what, holds) => check(said.split("\n").some(l => l === what), holds);
line("origin: null", "its origin equals no other");
line("cookies: refused (SecurityError)", "no cookie can be read");
line("storage: refused (SecurityError)", "no storage can be read");
line("our pages: refused (TypeError)", "no page of ours can be read");
line("our api: refused (TypeError)", "nor our interface");
line("the store of programs: refused (TypeError)", "nor the door of programs");
line("outside: refused (TypeError)", "nothing outside can be reached");
line("a picture from outside: refused (Error)", "no picture but its own");
line("the window's opener: null", "no window of ours is held");
line("own data: 42", "its own data are read");
line("own module: loaded", "its own modules run");
line("key: fetched", "its key is fetched");
line("key again: 400", "and no second time");
line("mode: Normal, mastery: 0.8", "its launch data are read");
line("initialized: 204", "it says that it is ready");
check(await page.$eval("#right", e => getComputedStyle(e).color) === "rgb(0, 100, 0)", "its own style holds");

await Promise.all([
  page.waitForNavigation({ waitUntil: "load", timeout: 60000 }),
  page.click("#right"),
]);
check(new URL(page.url()).pathname === course, "it leads back to the course");
check(await page.$("p.said") !== null, "which is done");
await both("done", course);
const counted = await page.evaluate(async () => (await fetch("/api/v1/training/count")).json());
check(counted.person_times >= 1, `person-times: ${counted.person_times}`);
for (const [name, address] of [["records", "/training/records"], ["outside", "/training/outside"], ["courses", "/training/courses"]]) {
  await both(name, address);
}
await browser.close();
console.log(faults.length ? `${faults.length} faults` : "no fault");
process.exit(faults.length ? 1 : 0);
