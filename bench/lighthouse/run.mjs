// `make lighthouse`: the pages that people meet first, as Lighthouse sees them on a phone: the median of five runs of each, a line of JSON a page.
// Each run begins with an empty cache, as Lighthouse does by itself; the session's cookie stays.
// The program is the release one with its demo homes; the browser is the system's Chromium.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import puppeteer from "puppeteer-core";

import { args, executablePath } from "../../end2end/support/chromium.mjs";
import { Server } from "../../end2end/support/server.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const reports = path.resolve(import.meta.dirname, "../../target/lighthouse");

await mkdir(reports, { recursive: true });
const server = await Server.start(["serve", "--demo"]);
const chrome = await launch({
  chromePath: executablePath,
  chromeFlags: ["--headless=new", ...args],
});
const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}` });
try {
  // The sign-in page before anybody has signed in; the others as the administrator of the demo.
  await measure("sign-in", "/sign-in");
  const device = await enter();
  await measure("home", "/");
  await measure("devices", "/devices");
  await measure("device", device);
} finally {
  await browser.disconnect();
  await chrome.kill();
  await server.stop();
}

/** Signs in with the link that the demo prints; the address of its first device. */
async function enter() {
  const page = await browser.newPage();
  // The link's page signs in by itself; the list stands behind it.
  await page.goto(server.link.match(/http\S+/)[0], { waitUntil: "networkidle0" });
  await page.goto(`${server.url}/devices`);
  const href = await page.$eval("tr[data-device] a[href^='/devices/']", (link) => link.getAttribute("href"));
  await page.close();
  return href;
}

async function measure(name, at) {
  const scores = [];
  // One that Lighthouse itself could not follow says nothing of the page, and is made again.
  let repeated = 0;
  for (let run = 0; run < RUNS; ) {
    const { lhr, report } = await lighthouse(server.url + at, {
      port: chrome.port,
      output: "json",
      logLevel: "error",
      onlyCategories: CATEGORIES,
    });
    if (lhr.runtimeError) {
      console.error(`${name}: ${lhr.runtimeError.code}`);
      repeated += 1;
      if (repeated > RUNS) throw new Error(`${name}: ${lhr.runtimeError.message}`);
      continue;
    }
    const of = (category) => Math.round(lhr.categories[category].score * 100);
    const ms = (audit) => Math.round(lhr.audits[audit].numericValue);
    const wrong = Object.values(lhr.audits).filter((audit) => audit.score === 0 && audit.scoreDisplayMode === "binary");
    scores.push({
      performance: of("performance"),
      accessibility: of("accessibility"),
      best_practices: of("best-practices"),
      first_paint_ms: ms("first-contentful-paint"),
      largest_paint_ms: ms("largest-contentful-paint"),
      blocked_ms: ms("total-blocking-time"),
      layout_shift: lhr.audits["cumulative-layout-shift"].numericValue,
      wrong: wrong.map((audit) => audit.id),
    });
    await writeFile(path.join(reports, `${name}-${run}.json`), report);
    run += 1;
  }
  const median = (key) => scores.map((score) => score[key]).sort((a, b) => a - b)[Math.floor(RUNS / 2)];
  const figures = Object.fromEntries(Object.keys(scores[0]).filter((key) => key !== "wrong").map((key) => [key, median(key)]));
  console.log(JSON.stringify({ bench: "lighthouse", page: name, runs: RUNS, repeated, ...figures, wrong: [...new Set(scores.flatMap((score) => score.wrong))] }));
}
