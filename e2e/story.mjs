// The main story in a real browser, once in each language: set up, bring evidence, examine, answer,
// assign, mend, examine again, closed by proof, report. Screenshots go to $HANGTU_SHOTS.
//
//   node story.mjs <set-up link> <repository root>
import { join } from "node:path";
import { at, check, chinese, faults, go, page, setUp, show, sign, submit, tell } from "./browser.mjs";
import { mended } from "./capture.mjs";

const [link, root] = process.argv.slice(2);
const out = process.env.HANGTU_SHOTS;

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
  await page.setCookie({ name: "hangtu_language", value: language, url: new URL(link).origin });
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

await tell(async () => {
  at(link);
  await chinese();
  await page.goto(link, { waitUntil: "load" });
  await show("set-up");
  await setUp(link, [["sys", "林系统"], ["sec", "周安全"], ["aud", "吴审计"], ["officer", "陈负责"]], {
    name: "武汉长江精密机械有限公司", credit_code: "91420100MA4KX1234B", region: "420000", industry: "34", revenue_band: "400m-1bn",
  });
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
});
