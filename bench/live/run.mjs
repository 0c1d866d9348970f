// `make live`: how long a number takes from a device to the screen while a thousand others speak, and what the page costs the browser meanwhile:
// its script work a frame and its longest task, from the browser's own trace. Lines of JSON; the program is the release one.
import { chromium } from "@playwright/test";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { args, executablePath } from "../../end2end/support/chromium.mjs";
import { Server } from "../../end2end/support/server.mjs";

const DEVICES = Number(process.env.DEVICES ?? 1000);
const SECONDS = Number(process.env.SECONDS ?? 30);
const EVERY_MS = 200;
const binary = path.resolve(import.meta.dirname, "../../target/release/vigia");
const WHO = { email: "bench@example.org", password: "correct horse battery" };
let said = 0;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const server = await Server.start();
await server.user(WHO.email, "admin", WHO.password);
const token = await server.verb("device", "add", "watched", "--kind", "energy_meter");
const crowd = spawn(binary, ["simulate", "--devices", String(DEVICES), "--broker", `mqtt://${server.mqttHost}:${server.mqttPort}`], {
  cwd: server.dir,
  env: server.env,
  stdio: "ignore",
});
const device = server.device("watched", token);
const browser = await chromium.launch({ executablePath, args });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
  await page.goto(`${server.url}/sign-in`);
  await page.fill("input[name=email]", WHO.email);
  await page.fill("input[name=password]", WHO.password);
  await page.click("form:has(input[name=password]) button[type=submit]");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  publish();
  await wait(1000);
  await measure(page, "list", "/devices?q=watched", "tr[data-device=watched] [data-value]");
  await measure(page, "many", "/devices", null);
  await measure(page, "device", "/devices/watched", "[data-metric=power_w] [data-value]");
} finally {
  await browser.close();
  crowd.kill();
  await device.end();
  await server.stop();
}

/** Five series move with each message, and no number comes twice. */
function publish() {
  const n = (said += 1);
  const power_w = 3000 + n;
  device.publish({ power_w, voltage_v: 127 + (n % 10) / 10, current_a: n % 30, frequency_hz: 60 + (n % 3) / 100, power_factor: 0.9 + (n % 9) / 100 });
  return power_w;
}

async function measure(page, name, at, number) {
  await page.goto(server.url + at, { waitUntil: "networkidle" }).catch(() => {});
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  await wait(5000);
  if (number) {
    // The page notes the moment at which each number stands there; both clocks are this machine's.
    await page.locator(number).evaluate((element) => {
      window.seen = {};
      const note = () => (window.seen[element.textContent.replace(/\D/g, "")] ??= Date.now());
      new MutationObserver(note).observe(element, { characterData: true, childList: true, subtree: true });
    });
  }
  const trace = path.join(server.dir, `${name}.json`);
  await browser.startTracing(page, { path: trace, categories: ["toplevel", "devtools.timeline", "v8.execute", "disabled-by-default-devtools.timeline"] });
  const published = {};
  for (let n = 0; n < (SECONDS * 1000) / EVERY_MS; n++) {
    published[publish()] = Date.now();
    await wait(EVERY_MS);
  }
  await wait(1000);
  await browser.stopTracing();
  const line = { bench: "live", page: name, devices: DEVICES, ...costs(JSON.parse(await readFile(trace, "utf8")).traceEvents) };
  if (number) {
    const seen = await page.evaluate(() => window.seen);
    // A number that was never seen took for ever: the next one came before it was drawn, or it was lost.
    const times = Object.entries(published).map(([power, since]) => (seen[power] ?? Infinity) - since);
    Object.assign(line, { p50_ms: quantile(times, 0.5), p95_ms: quantile(times, 0.95), unseen: times.filter((ms) => ms === Infinity).length });
  }
  console.log(JSON.stringify(line));
}

/** Script work between one frame and the next, and the tasks of the page's main thread. */
function costs(events) {
  const main = events.find((event) => event.name === "thread_name" && event.args?.name === "CrRendererMain" && hasFrames(events, event));
  const own = events.filter((event) => event.pid === main.pid && event.tid === main.tid);
  const complete = own.filter((event) => event.ph === "X" && event.dur);
  const tasks = complete.filter((event) => event.name === "RunTask").map((event) => event.dur / 1000);
  const SCRIPT = new Set(["FunctionCall", "EvaluateScript", "FireAnimationFrame", "TimerFire", "RunMicrotasks", "v8.callFunction", "V8.Execute"]);
  const script = complete.filter((event) => SCRIPT.has(event.name)).sort((a, b) => a.ts - b.ts);
  const frames = own.filter((event) => event.name === "Commit").map((event) => event.ts).sort((a, b) => a - b);
  const work = new Map();
  let until = 0;
  for (const { ts, dur } of script) {
    // What runs inside another one counts once.
    const counted = Math.max(0, ts + dur - Math.max(ts, until));
    until = Math.max(until, ts + dur);
    const frame = frames.findLastIndex((at) => at <= ts);
    work.set(frame, (work.get(frame) ?? 0) + counted / 1000);
  }
  return {
    frames: work.size,
    script_p50_ms: quantile([...work.values()], 0.5),
    script_p95_ms: quantile([...work.values()], 0.95),
    longest_task_ms: round(Math.max(0, ...tasks)),
    tasks_over_50_ms: tasks.filter((ms) => ms > 50).length,
  };
}

function hasFrames(events, { pid, tid }) {
  return events.some((event) => event.pid === pid && event.tid === tid && event.name === "Commit");
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? 0);
}

function round(ms) {
  return Math.round(ms * 100) / 100;
}
