// Every page at the edge of what screens and eyes need: 320 px, 200 % zoom, letters twice as large, both themes, and no script.
// Here is every page; its states in use (menus open, rows chosen, windows) are each in its own file.
import { chromium } from "@playwright/test";

import { Frame } from "./pages/frame.mjs";
import { Refusal } from "./pages/refusal.mjs";
import { Settings } from "./pages/settings.mjs";
import { SetUp } from "./pages/sign_in.mjs";
import { args, executablePath } from "./support/chromium.mjs";
import { Server } from "./support/server.mjs";
import { TEXTS } from "./support/hostile.mjs";
import { expectToFit } from "./support/layout.mjs";
import { ADMIN, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, taken, test } from "./support/test.mjs";

const EVA = { email: "eva@example.org", password: ADMIN.password };

/** A page of somebody's, with its status and what its first heading says. */
const PAGES = {
  stranger: [
    ["/sign-in", 200, "Iniciar sesión"],
    ["/setup", 200, "Crear la cuenta"],
    ["/enter", 200, "enlace"],
    ["/forgot", 200, "Elegir otra contraseña"],
    ["/reset", 200, "Elegir otra contraseña"],
    ["/register", 200, "Crear una cuenta"],
    ["/join", 200, "Entrar por primera vez"],
    ["/sign-in/code", 200, "Segundo paso"],
    ["/devices", 401, "Iniciar sesión"],
    ["/no/such/place", 404, "Aquí no hay nada"],
  ],
  admin: [
    ["/", 200, "Atención"],
    ["/devices", 200, "Equipos"],
    ["/devices?q=nothing-is-called-so", 200, "Equipos"],
    ["/devices/full", 200, ""],
    ["/devices/full?tab=messages", 200, ""],
    ["/devices/full?tab=about", 200, ""],
    ["/devices/full?range=24h&other=voltage_v&compare=1", 200, ""],
    ["/devices/fresh", 200, "fresh"],
    ["/devices/no-such-device", 404, "Aquí no hay nada"],
    ["/settings", 200, "Ajustes"],
    ["/settings/second-step", 200, "Segundo paso"],
    ["/people", 200, "Personas"],
    ["/people/1", 200, "ana@example.org"],
    ["/keys", 200, "Llaves"],
    ["/audit", 200, "Registro de cambios"],
    ["/no/such/place", 404, "Aquí no hay nada"],
  ],
  customer: [
    ["/", 200, "Mis equipos"],
    ["/devices", 200, "Equipos"],
    ["/devices/hers", 200, "hers"],
    ["/devices/full", 404, "Aquí no hay nada"],
    ["/keys", 200, "Llaves"],
    ["/audit", 403, "No tienes permiso"],
    ["/settings", 200, "Ajustes"],
  ],
  key: [["/settings", 403, "No tienes permiso"]],
};

/** A house with a device that says much, one that never spoke, and a customer with one of her own. */
async function furnish(house) {
  await house.user(ADMIN.email, "admin", ADMIN.password);
  await house.user(EVA.email, "customer", EVA.password);
  const full = house.device("full", await house.verb("device", "add", "full", "--kind", "energy_meter", "--name", TEXTS.words));
  const now = Date.now();
  full.publish(Array.from({ length: 120 }, (_, n) => ({ ts: now - (n < 30 ? n : n + 20) * 60_000, power_w: 300 + n, voltage_v: 127, energy_wh: 1e9 - n, ssid: TEXTS.script })));
  full.publish({ [TEXTS.script]: 1 });
  full.publish({ ts: 5, power_w: 1 });
  await full.end();
  await house.verb("device", "add", "fresh", "--kind", "switch");
  const hers = house.device("hers", await house.verb("device", "add", "hers", "--kind", "other", "--owner", EVA.email));
  hers.publish({ power_w: 1e8 });
  await hers.end();
}

/** Fits and is accessible at the edge. */
async function expectAtTheEdge(page, what) {
  await page.setViewportSize({ width: 320, height: 720 });
  await expectToFit(page, [320], what);
  await expectAccessibleInBothThemes(page);
  // 1280 px at 200 % zoom.
  await expectToFit(page, [640], what);
}

let house;
let empty;
test.beforeAll(async () => {
  [house, empty] = [await Server.start(), await Server.start()];
  await furnish(house);
  await empty.user(ADMIN.email, "admin", ADMIN.password);
  await empty.user(EVA.email, "customer", EVA.password);
});
test.afterAll(async () => {
  for (const server of [house, empty]) if (server) expect(await server.stop()).toBe(0);
});

/** A page of one of them, signed in where that is needed. */
async function pageOf(browser, who, options = {}) {
  const headers = who === "key" ? { authorization: `Bearer ${await house.verb("api-key", "add", `edge-${Date.now()}`, "--scope", "telemetry:read")}` } : {};
  const context = await browser.newContext({ baseURL: house.url, extraHTTPHeaders: headers, viewport: { width: 320, height: 720 }, ...options });
  const page = await context.newPage();
  if (who === "admin") await signIn(page);
  if (who === "customer") await signIn(page, EVA);
  return page;
}

for (const [who, pages] of Object.entries(PAGES)) {
  test(`every page of the ${who} fits and is accessible`, async ({ browser }, info) => {
    test.slow();
    const page = await pageOf(browser, who);
    for (const [path, status, heading] of pages) {
      const answer = await page.goto(path);
      expect(answer.status(), path).toBe(status);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
      await taken(page);
      await expectAtTheEdge(page, `${path} of the ${who}`);
      await picture(page, info, `edge-${who}-${path.replace(/\W+/g, "_")}`);
    }
    await page.context().close();
  });

  test(`every page of the ${who} is read and left without a script`, async ({ browser }) => {
    test.slow();
    const page = await pageOf(browser, who, { javaScriptEnabled: false, hasTouch: true });
    for (const [path, , heading] of pages) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
      await expectToFit(page, [320, 640, 1280], `${path} of the ${who}, without a script,`);
      await page.setViewportSize({ width: 320, height: 720 });
      // There is a way on, and nothing is offered that only a script could do.
      expect(await page.locator("a[href]:visible").count(), path).toBeGreaterThan(0);
      await expect(page.locator(".theme-switch:visible, .copy:visible, .scripted:visible")).toHaveCount(0);
      await expectTouchable(page);
    }
    await page.context().close();
  });
}

test("with letters twice as large, as a browser can be set, every page fits", async ({ complaints }, info) => {
  test.slow();
  const browser = await chromium.launch({ executablePath, args: [...args, "--blink-settings=defaultFontSize=32"] });
  complaints.listenTo(browser);
  for (const [who, pages] of Object.entries(PAGES)) {
    const page = await pageOf(browser, who, { viewport: { width: 1280, height: 800 } });
    for (const [path, , heading] of pages) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe("32px");
      await expectToFit(page, [1280, 640], `${path} of the ${who}, with large letters,`);
      await picture(page, info, `large-${who}-${path.replace(/\W+/g, "_")}`);
    }
  }
  await browser.close();
});

test("an empty house fits and is accessible", async ({ browser }, info) => {
  for (const [who, name] of [[ADMIN, "admin"], [EVA, "customer"]]) {
    const context = await browser.newContext({ baseURL: empty.url });
    const page = await context.newPage();
    await signIn(page, who);
    for (const path of ["/", "/devices"]) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Aquí vivirán tus equipos");
      await expectAtTheEdge(page, `${path} of an empty house`);
      await picture(page, info, `edge-empty-${name}`);
    }
    await context.close();
  }
});

test("what fails under way fits and is accessible", async ({ browser, complaints }, info) => {
  test.slow();
  const page = await pageOf(browser, "admin");
  const [frame, refusal, settings] = [new Frame(page), new Refusal(page), new Settings(page)];
  // They are one page with other words: once is enough for what depends on its parts.
  for (const [status, heading] of [[403, "No tienes permiso"], [404, "Aquí no hay nada"], [500, "Algo falló"], [503, "Algo falló"]]) {
    complaints.expect(status, "/ui/devices");
    await settings.open();
    await taken(page);
    await page.route("**/ui/devices*", (route) => route.fulfill({ status, json: { status } }));
    await frame.way("/devices").click();
    await expect(refusal.heading).toContainText(heading);
    await page.unroute("**/ui/devices*");
    if (status === 503) await expectAtTheEdge(page, `${status} under way`);
    else await expectToFit(page, [320, 640], `${status} under way`);
  }
  // Forms that were not taken: 422, with a script and without one.
  complaints.expect(422, "/ui/profile", "/ui/password");
  complaints.expect(401, "/ui/password");
  await settings.open();
  await taken(page);
  await settings.name.fill("   ");
  await settings.save.click();
  await expect(settings.name).toHaveAttribute("aria-invalid", "true");
  await settings.changePassword("not the password", "short");
  await expect(settings.password).toHaveAttribute("aria-invalid", "true");
  await expectAtTheEdge(page, "settings that were not taken");
  await picture(page, info, "edge-refused");
  await page.context().close();
  const plain = await pageOf(browser, "stranger", { javaScriptEnabled: false });
  const setup = new SetUp(plain);
  await setup.open("/setup");
  await setup.code.fill(TEXTS.quotes);
  await setup.fill({ email: "eva@example.org", password: "correct horse battery" });
  await setup.name.fill(TEXTS.script);
  await setup.redeem.click();
  await expect(plain.locator("[aria-invalid=true]")).toHaveCount(1);
  await expectToFit(plain, [320, 640, 1280], "a set-up that was not taken");
  await plain.context().close();
});
