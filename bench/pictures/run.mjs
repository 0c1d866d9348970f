// `make pictures`: every screen at three widths, in both themes and both languages, for people to look at: target/pictures.
// MINUTES: how long the demo's homes speak before; WIDTHS, THEMES, LANGUAGES and ONLY (part of a screen's name) make it shorter.
import { chromium } from "@playwright/test";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { args, executablePath } from "../../end2end/support/chromium.mjs";
import { Server } from "../../end2end/support/server.mjs";

const list = (name, otherwise) => (process.env[name] ?? otherwise).split(",");
const WIDTHS = list("WIDTHS", "390,768,1440").map(Number);
const THEMES = list("THEMES", "light,dark");
const LANGUAGES = list("LANGUAGES", "es,en");
const ONLY = process.env.ONLY ?? "";
const MINUTES = Number(process.env.MINUTES ?? 5);
const HEIGHTS = { 390: 844, 768: 1024, 1440: 900 };
const PASSWORD = "correct horse battery";
const folder = path.resolve(import.meta.dirname, "../../target/pictures");

/** Screens by who sees them; `make` brings the page into the state that is shown. */
const SCREENS = [
  { name: "sign-in", who: "nobody", at: "/sign-in" },
  { name: "sign-in-wrong", who: "nobody", at: "/sign-in", make: wrongPassword },
  { name: "setup", who: "first", at: "/setup" },
  { name: "forgot", who: "nobody", at: "/forgot" },
  { name: "reset", who: "nobody", at: "/reset" },
  { name: "home", who: "operator", at: "/" },
  { name: "home-calm", who: "calm", at: "/" },
  { name: "mine", who: "customer", at: "/" },
  { name: "devices", who: "operator", at: "/devices" },
  { name: "devices-chosen", who: "operator", at: "/devices", make: choose },
  { name: "devices-none", who: "operator", at: "/devices?q=nobody-has-this" },
  { name: "devices-empty", who: "calm", at: "/devices" },
  { name: "device", who: "operator", at: "/devices/casa-real", make: chart },
  { name: "device-day", who: "operator", at: "/devices/casa-real?range=24h&compare=1", make: chart },
  { name: "device-table", who: "operator", at: "/devices/casa-real", make: table },
  { name: "device-messages", who: "operator", at: "/devices/casa-real?tab=messages" },
  { name: "device-about", who: "operator", at: "/devices/casa-real?tab=about" },
  { name: "device-new", who: "operator", at: "/devices/new-one" },
  { name: "people", who: "operator", at: "/people" },
  { name: "person", who: "operator", at: "/people/2" },
  { name: "keys", who: "operator", at: "/keys" },
  { name: "audit", who: "operator", at: "/audit" },
  { name: "register", who: "nobody", at: "/register" },
  { name: "join", who: "nobody", at: "/join" },
  { name: "second-step", who: "operator", at: "/settings/second-step" },
  { name: "code", who: "nobody", at: "/sign-in/code" },
  { name: "settings", who: "operator", at: "/settings" },
  { name: "palette", who: "operator", at: "/", make: palette },
  { name: "not-found", who: "operator", at: "/no-such-page" },
  { name: "no-device", who: "operator", at: "/devices/no-such-device" },
  { name: "forbidden", who: "customer", at: "/devices/casa-real" },
];

await mkdir(folder, { recursive: true });
const demo = await Server.start(["serve", "--demo"]);
const empty = await Server.start();
const browser = await chromium.launch({ executablePath, args });
try {
  await people();
  await new Promise((done) => setTimeout(done, MINUTES * 60_000));
  for (const lang of LANGUAGES) {
    for (const theme of THEMES) await round(lang, theme);
  }
} finally {
  await browser.close();
  await demo.stop();
  await empty.stop();
}

async function people() {
  const add = async (server, email, role) => {
    for (const lang of LANGUAGES) await server.user(`${lang}-${email}`, role, PASSWORD, ...(server === demo ? ["--demo"] : []));
  };
  await add(demo, "operator@example.org", "admin");
  await add(demo, "customer@example.org", "customer");
  await demo.verb("device", "add", "new-one", "--kind", "energy_meter", "--name", "Bodega", "--demo");
  for (const [n, kind] of ["energy_meter", "switch", "biodigester"].entries()) {
    const id = `own-${n}`;
    const token = await demo.verb("device", "add", id, "--kind", kind, "--name", ["Casa", "Bomba del pozo", "Biodigestor"][n], "--owner", `${LANGUAGES[0]}-customer@example.org`, "--demo");
    const device = demo.device(id, token);
    device.publish([{ power_w: 412.5, voltage_v: 127.2 }, { relay: 1, power_w: 740 }, { methane_percent: 61.2, pressure_kpa: 3.4 }][n]);
    await device.end();
  }
}

async function round(lang, theme) {
  const locale = lang === "es" ? "es-MX" : "en-GB";
  const contexts = {};
  // The door of the first one is open once.
  const fresh = await Server.start();
  const servers = { calm: empty, first: fresh };
  const context = async (who) => {
    if (contexts[who]) return contexts[who];
    const made = await browser.newContext({ locale, colorScheme: theme, baseURL: (servers[who] ?? demo).url });
    if (["operator", "customer"].includes(who)) await signIn(made, `${lang}-${who}@example.org`);
    if (who === "calm") {
      await empty.user(`${lang}-${theme}@example.org`, "admin", PASSWORD);
      await signIn(made, `${lang}-${theme}@example.org`);
    }
    return (contexts[who] = made);
  };
  for (const { name, who, at, make } of SCREENS.filter((screen) => screen.name.includes(ONLY))) {
    for (const width of WIDTHS) {
      const page = await (await context(who)).newPage();
      await page.setViewportSize({ width, height: HEIGHTS[width] ?? 900 });
      await page.goto(who === "first" ? fresh.link.match(/http\S+/)[0] : at, { waitUntil: "networkidle" });
      await make?.(page);
      await page.waitForTimeout(400);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) console.log(`${name} at ${width}: ${wide} px too wide`);
      // What is fixed would stand where the window is, in the middle of the picture.
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: path.join(folder, `${name}-${width}-${theme}-${lang}.png`), fullPage: true });
      await page.close();
    }
  }
  for (const made of Object.values(contexts)) await made.close();
  await fresh.stop();
}

async function signIn(context, email) {
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.fill("input[name=email]", email);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("form:has(input[name=password]) button[type=submit]");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await page.close();
}

async function wrongPassword(page) {
  await page.fill("input[name=email]", "ana@example.org");
  await page.fill("input[name=password]", "not this one");
  await page.click("form:has(input[name=password]) button[type=submit]");
  await page.locator("[role=alert]").filter({ visible: true }).first().waitFor();
}

async function choose(page) {
  // A phone shows no boxes; what is chosen on a wider screen stays chosen there.
  for (const n of [0, 1]) await page.locator("tbody input[type=checkbox]").nth(n).evaluate((box) => box.click());
}

async function chart(page) {
  await page.locator("#history-canvas").scrollIntoViewIfNeeded();
  await page.locator("canvas").first().waitFor();
  await page.waitForTimeout(1_000);
}

async function table(page) {
  await chart(page);
  await page.locator("#twin > summary").click();
}

async function palette(page) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("c");
  await page.waitForTimeout(500);
}
