// The regulator's story in a real browser: a nation sets up a province below itself; the province invites
// an enterprise, whose file is returned with an item, mended, handed in again and accepted; the
// national number moves by one. Screenshots go to $HANGTU_SHOTS.
//
//   node nation.mjs <set-up link of the nation's site> <set-up link of the enterprise's site>
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PASSWORD, at, check, chinese, go, page, setUp, show, sign, submit, tell } from "./browser.mjs";

const [capital, plant] = process.argv.slice(2);
const CODE = "91420100MA4KX1234B";
const NAME = "武汉长江精密机械有限公司";
const four = word => [["sys", "林系统"], ["sec", "周安全"], ["aud", "吴审计"], ["officer", "陈负责"]].map(([a, n]) => [`${word}${a}`, n]);
const folder = mkdtempSync(join(tmpdir(), "hangtu-nation-"));
let files = 0;

// Downloads what a link gives, as a person would to carry it on a stick.
async function carry(selector) {
  const bytes = await page.$eval(selector, async a => {
    const answer = await fetch(a.href);
    return Array.from(new Uint8Array(await answer.arrayBuffer()));
  });
  const file = join(folder, `${++files}.json`);
  writeFileSync(file, Buffer.from(bytes));
  return file;
}

async function bring(form, file) {
  const input = await page.$(`${form} input[type=file]`);
  await input.uploadFile(file);
  await submit(form);
}

const once = () => page.$eval("main pre", e => e.textContent.trim().split("\n").at(-1));

// How many enterprises carry out classified and graded protection, as the national page says.
async function number() {
  at(capital);
  await sign("n-officer");
  await go("/supervise");
  const told = await page.$("td a[href*='graded=yes']");
  return told ? Number((await told.evaluate(a => a.textContent)).replace(/\D/g, "")) : 0;
}

// Draws up and signs; gives the file of the package.
async function drawUp(form) {
  at(plant);
  await sign("officer");
  await go("/submissions");
  await submit(form);
  const draft = page.url();
  await show("submission-draft");
  await sign("boss");
  await page.goto(draft, { waitUntil: "load" });
  await submit("form[action$='/sign']");
  await sign("officer");
  await page.goto(draft, { waitUntil: "load" });
  await submit("form[action$='/hand-over']");
  return carry("a[href$='/package']");
}

// Hands a file in at the province; leaves its page open.
async function handIn(file) {
  at(capital);
  await sign("p-officer");
  await go("/intake");
  await bring("form[action='/intake/files']", file);
  await page.goto(await page.$eval("tbody th a[href^='/intake/']", a => a.href), { waitUntil: "load" });
}

async function answer(file) {
  at(plant);
  await sign("officer");
  await go("/submissions");
  await bring("form[action='/submissions/receipts']", file);
}

await tell(async () => {
  at(capital);
  await chinese();
  await page.goto(`${capital}&kind=nation`, { waitUntil: "load" });
  await show("set-up-nation");
  await setUp(`${capital}&kind=nation`, four("n-"), { name: "工业和信息化主管部门" });
  await sign("n-sys");
  await go("/organisations");
  await show("organisations-empty");
  await submit("form[action='/organisations']", { kind: "province", label: "湖北省经济和信息化厅" });
  const below = await once();
  await page.goto(below, { waitUntil: "load" });
  await show("set-up-province");
  await setUp(below, four("p-"), { name: "湖北省经济和信息化厅", region: "420000" });
  await sign("n-sys");
  await go("/organisations");
  await show("organisations");

  await sign("p-officer");
  await go("/supervise/enterprises");
  await submit("form[action='/supervise/enterprises'][method=post]", {
    credit_code: CODE, name: NAME, region: "420000", industry: "34", above_scale: "yes",
  });
  await show("enterprise");
  await go("/intake");
  await submit("form[action='/intake/invite']", { code: CODE });
  const invitation = await once();
  await go("/intake");
  await show("intake");

  at(plant);
  await chinese();
  await setUp(plant, four(""), { name: NAME, credit_code: CODE, region: "420000", industry: "34", revenue_band: "400m-1bn" });
  await sign("sys");
  await go("/submissions/supervisor");
  await submit("form[action='/submissions/supervisor']", { invitation });
  await show("supervisor");
  await go("/people");
  await submit("form[action='/people'][method=post]", { account: "boss", name: "赵厂长" });
  const password = await once();
  await sign("sec");
  await go("/people");
  await page.goto(await page.$$eval("tbody a", all => all.find(a => a.textContent.includes("赵厂长")).href), { waitUntil: "load" });
  await page.click("input[value=approver]");
  await submit("form[action$='/roles']");
  await sign("boss", password);
  await submit("form[action='/me/password']", { old: password, password: PASSWORD, again: PASSWORD });

  await sign("officer");
  await go("/data/new");
  await submit("form[action='/data']", {
    name: "二号线工艺参数", category: "production", level: "important", reason: "第十条第二项",
    owner: "王工", carrier: "二号线历史数据库", measures: "访问控制，每日备份",
  });
  await go("/data");
  await show("data");

  await handIn(await drawUp("form[action='/submissions']"));
  await show("intake-package");
  await submit("form[action$='/trust']");
  await submit("form[action$='/return']", { part: "data", text: "重要数据目录尚未备案" });
  check(await number() === 0, "nothing counts before it is accepted");
  await sign("p-officer");
  await go("/intake");
  await page.goto(await page.$eval("tbody th a[href^='/intake/']", a => a.href), { waitUntil: "load" });
  await answer(await carry("a[href$='/receipt']"));
  check((await page.content()).includes("重要数据目录尚未备案"), "the enterprise reads what was returned");
  await show("submission-returned");

  await go("/data");
  await submit("form[action='/data/filing']", { number: "鄂工数备〔2026〕17号", date: "2026-03-02", authority: "湖北省经信厅" });
  await handIn(await drawUp("form:has(input[name=answers]:not([value='']))"));
  await submit("form[action$='/accept']");
  await show("intake-accepted");
  const accepted = await carry("a[href$='/receipt']");
  check(await number() === 1, "the national number moved by one");
  await show("nation");
  await go(`/supervise/enterprises/${CODE}`);
  await show("nation-enterprise");
  await answer(accepted);
  check(await page.$(".tag.good"), "the enterprise holds the countersigned receipt");
  await show("submission-accepted");

  // A warning and an order travel as signed files, and so do their answers.
  at(capital);
  await sign("p-officer");
  await go("/supervise/notices?kind=warning");
  await page.click("input[name=colour]");
  await show("warning-form");
  await page.click("input[name=colour]");
  await submit("form:has(input[name=colour])", {
    codes: CODE, title_zh: "勒索病毒风险预警", title_en: "Ransomware warning",
    reason_zh: "某组态软件漏洞被利用。", reason_en: "A flaw of a configuration tool is exploited.",
    text_zh: "可能加密工程文件。", text_en: "Engineering files may be encrypted.",
    todo_zh: "停用远程组态，核查备份。", todo_en: "Stop remote configuration, check backups.",
  });
  check(page.url().includes("/supervise/notices/"), "a warning is issued");
  const warning = page.url();
  await show("warning");
  await page.goto(`${warning}/members/${CODE}`, { waitUntil: "load" });
  await show("warning-member");
  const letter = await carry("a[href$='/file']");
  await go("/supervise/notices?kind=order");
  await show("order-form");
  at(plant);
  await sign("officer");
  await go("/campaigns");
  await bring("form[action='/notices/files']", letter);
  await go("/campaigns");
  await show("asked-of-us");
  await page.goto(await page.$eval("tbody a[href^='/notices/']", a => a.href), { waitUntil: "load" });
  await submit("form[action$='/acknowledge']", { note: "已转自动化部" });
  await show("warning-acknowledged");
  await go("/campaigns");
  const answers = await carry("a[href$='/notices/answers']");
  at(capital);
  await sign("p-officer");
  await go("/supervise/notices");
  await bring("form[action='/supervise/notices/answers']", answers);
  await page.goto(`${warning}/members/${CODE}`, { waitUntil: "load" });
  check((await page.content()).includes("已转自动化部"), "the acknowledgement came back");
  await page.goto(warning, { waitUntil: "load" });
  await show("warning-answered");
});
