// A small assignable unit as another maker would write it: cmi5 by the book, and before that a try at
// everything it must not be able to do. What it found stands in #log, one line each.
import { words } from "./words.js";

const log = line => { document.querySelector("#log").textContent += line + "\n"; };
const asked = new URLSearchParams(location.search);
const [endpoint, registration, activityId] = ["endpoint", "registration", "activityId"].map(n => asked.get(n));
const actor = JSON.parse(asked.get("actor"));
const here = new URL(location.href).origin;

async function tried(what, act) {
  try { log(`${what}: ${await act()}`); } catch (e) { log(`${what}: refused (${e.name})`); }
}

// What a stranger's script must not reach.
await tried("origin", () => self.origin);
await tried("cookies", () => document.cookie);
await tried("storage", () => localStorage.length);
await tried("our pages", async () => (await fetch(`${here}/training`, { credentials: "include" })).status);
await tried("our api", async () => (await fetch(`${here}/api/v1/training`, { credentials: "include" })).status);
await tried("the store of programs", async () => (await fetch(`${here}/xapi/about`)).status);
await tried("outside", async () => (await fetch("https://maker.example/collect")).status);
await tried("a picture from outside", () => new Promise((done, fail) => {
  const image = new Image();
  image.onload = () => done("loaded");
  image.onerror = () => fail(new Error("blocked"));
  image.src = `${here}/assets/logo.svg`;
}));
await tried("the window's opener", () => String(window.opener));

// What it needs: its own files, its key, its record.
await tried("own data", async () => (await (await fetch("data.json")).json()).answer);
log(`own module: ${words}`);
const fetched = await fetch(asked.get("fetch"), { method: "POST" });
const key = (await fetched.json())["auth-token"];
log(`key: ${key ? "fetched" : "none"}`);
await tried("key again", async () => (await fetch(asked.get("fetch"), { method: "POST" })).status);
const headers = { Authorization: `Basic ${key}`, "X-Experience-API-Version": "1.0.3" };
const state = new URLSearchParams({ activityId, registration, agent: JSON.stringify(actor), stateId: "LMS.LaunchData" });
const launch = await (await fetch(`${endpoint}activities/state?${state}`, { headers })).json();
log(`mode: ${launch.launchMode}, mastery: ${launch.masteryScore}`);

const began = Date.now();
const category = id => ({ id: `https://w3id.org/xapi/cmi5/context/categories/${id}` });
async function say(verb, result, moveOn) {
  const context = structuredClone(launch.contextTemplate);
  context.registration = registration;
  context.contextActivities.category = [category("cmi5"), ...(moveOn ? [category("moveon")] : [])];
  const statement = {
    id: crypto.randomUUID ? crypto.randomUUID() : uuid(), actor, context,
    verb: { id: `http://adlnet.gov/expapi/verbs/${verb}`, display: { en: verb } },
    object: { objectType: "Activity", id: activityId }, timestamp: new Date().toISOString(),
  };
  if (result) statement.result = { duration: `PT${Math.ceil((Date.now() - began) / 1000)}S`, ...result };
  const answer = await fetch(`${endpoint}statements?statementId=${statement.id}`, {
    method: "PUT", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(statement),
  });
  log(`${verb}: ${answer.status}`);
}

function uuid() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

await say("initialized");
log("ready");
document.querySelector("#right").addEventListener("click", async () => {
  await say("completed", { completion: true }, true);
  await say("passed", { success: true, score: { scaled: 0.9 } }, true);
  await say("terminated", {});
  log("ended");
  if (launch.returnURL) location.href = launch.returnURL;
});
