// Texts that nobody should have, in every place that a person, a device or an address can put one: they are text, and they fit.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { Mine } from "./pages/home.mjs";
import { List } from "./pages/list.mjs";
import { Palette } from "./pages/palette.mjs";
import { Settings } from "./pages/settings.mjs";
import { TEXTS, watch } from "./support/hostile.mjs";
import { expectToFit } from "./support/layout.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, picture, signIn, somebody, test } from "./support/test.mjs";

const WIDTHS = [320, 390, 1440];

/** Texts in their order, without what stands at their ends: a heading's own. */
const plain = (text) => text.replace(/\s+/g, " ").trim();

test("what a device is called and says of itself is text, fits, and can be read whole", async ({ page, server }, info) => {
  test.slow();
  const unharmed = await watch(page);
  const [device, list] = [new Device(page), new List(page)];
  const tag = `hostil${info.project.name}`;
  await signIn(page);
  for (const [kind, name] of Object.entries(TEXTS)) {
    const id = `${kind}-${tag}`;
    const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", name);
    const own = server.device(id, token);
    own.publish({ power_w: 1234567.8, model: name, ssid: name });
    own.publish({ [name]: 5 });
    own.publish(name);
    await own.end();
    await device.open(id, "about");
    await expect(device.heading).toHaveText(plain(name));
    await expect(page).toHaveTitle(plain(`${name} · Vigía`));
    await expect(page.locator(".facts dd").filter({ hasText: plain(name).slice(0, 30) })).toHaveCount(2);
    await expectToFit(page, WIDTHS, `${kind}, what it says of itself,`);
    await device.open(id, "messages");
    await expect(device.aside).toHaveCount(2);
    // What would turn or hide the rest is written out there.
    await expect(device.aside.first()).toContainText(JSON.stringify(name).slice(0, 5));
    await expectToFit(page, WIDTHS, `${kind}, what was set aside,`);
  }
  await picture(page, info, "hostile-messages");
  await list.open(`?q=${tag}`);
  await expect(list.rows).toHaveCount(Object.keys(TEXTS).length);
  for (const [kind, name] of Object.entries(TEXTS)) {
    await expect(list.link(`${kind}-${tag}`)).toHaveText(plain(name));
    await expect(list.link(`${kind}-${tag}`)).toHaveAttribute("title", name);
  }
  await expectToFit(page, WIDTHS, "the list");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-list");
  await page.goto("/");
  await expect(page.locator(".concern")).not.toHaveCount(0);
  await expectToFit(page, WIDTHS, "home");
  await picture(page, info, "hostile-home");
  const palette = new Palette(page);
  await palette.open();
  await palette.field.fill(tag);
  await expect(palette.options.filter({ hasText: TEXTS.script })).toHaveCount(1);
  await expectToFit(page, WIDTHS, "the palette");
  await picture(page, info, "hostile-palette");
  await unharmed();
});

test("what a person is called is text and fits", DESKTOP, async ({ page, server }, info) => {
  const unharmed = await watch(page);
  const [settings, frame] = [new Settings(page), new Frame(page)];
  const eva = { email: `${"e".repeat(60)}.hostil-${info.project.name}@${"muy-largo.".repeat(12)}example.org`, password: "correct horse battery" };
  await server.user(eva.email, "staff", eva.password);
  await signIn(page, eva);
  for (const [kind, name] of Object.entries(TEXTS)) {
    await settings.open();
    await settings.name.fill(name);
    await settings.save.click();
    await expect(settings.done).toBeVisible();
    await expect(settings.name).toHaveValue(name);
    await expect(frame.accountName.locator("span")).toHaveText(plain(name));
    await expectToFit(page, WIDTHS, `${kind}, settings,`);
  }
  await settings.name.fill(TEXTS.long);
  await settings.save.click();
  await expect(settings.name).toHaveValue(TEXTS.long);
  await frame.account.click();
  await expect(frame.sheet).toBeVisible();
  // However long, the way out is seen.
  await expect(frame.signOut).toBeInViewport();
  await expectToFit(page, WIDTHS, "the account");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-account");
  await unharmed();
});

test("what a customer's devices are called is text and fits their home", DESKTOP, async ({ page, server }, info) => {
  const unharmed = await watch(page);
  const eva = await somebody(server, info, "hostil-casa", "customer");
  for (const [kind, name] of Object.entries(TEXTS)) {
    const id = `${kind}-casa-${info.project.name}`;
    const own = server.device(id, await server.verb("device", "add", id, "--kind", "other", "--name", name, "--owner", eva.email));
    own.publish({ count: 1e12, small: -0.001 });
    await own.end();
  }
  const mine = new Mine(page);
  await signIn(page, eva);
  await mine.open();
  await expect(mine.cards).toHaveCount(Object.keys(TEXTS).length);
  for (const [kind, name] of Object.entries(TEXTS)) {
    const link = mine.link(`${kind}-casa-${info.project.name}`);
    await expect(link).toHaveText(plain(name));
    await expect(link).toHaveAttribute("title", name);
    await expect(link).toHaveAttribute("dir", "auto");
  }
  await expectToFit(page, WIDTHS, "a customer's home");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-mine");
  await mine.link(`script-casa-${info.project.name}`).click();
  await expect(new Device(page).heading).toHaveText(plain(TEXTS.script));
  await unharmed();
});

test("what an address says is text, and what it says wrong is as if it said nothing", DESKTOP, async ({ page, server }, info) => {
  const unharmed = await watch(page);
  const id = `address-${info.project.name}`;
  const own = server.device(id, await server.verb("device", "add", id, "--kind", "switch", "--name", "Con dirección"));
  own.publish({ power_w: 5 });
  await own.end();
  await signIn(page);
  const [list, device] = [new List(page), new Device(page)];
  for (const text of [TEXTS.script, TEXTS.rtl, TEXTS.quotes, "100% & más + «#»", "x".repeat(3_000)]) {
    await list.open(`?q=${encodeURIComponent(text)}&owner=${encodeURIComponent(text)}&kind=${encodeURIComponent(text)}`);
    await expect(list.search).toHaveValue(text);
    await expect(page.getByText("Ningún equipo coincide.")).toBeVisible();
    await expectToFit(page, [320, 1440], `«${text.slice(0, 20)}» in the list`);
  }
  for (const query of ["?q=%FF%E0%A4", "?q=50%", "?show=<b>&sort=-&from=%00&kind=", "?from=zzzz", "?columns=<script>", "?q=%00", `?${"a=1&".repeat(500)}`]) {
    await list.open(query);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Equipos");
  }
  for (const query of [
    `?metric=${encodeURIComponent(TEXTS.script)}&other=${encodeURIComponent(TEXTS.quotes)}&range=zz&tab=<b>&rows=-1`,
    "?from=x&to=y&zoom=..&rows=99999999999999999999999&compare=<b>",
    "?from=9999-12-31T23:59:59Z&to=0000-01-01T00:00:00Z",
    "?zoom=2026-01-01T00:00:00Z..2025-01-01T00:00:00Z&metric=%FF",
  ]) {
    await page.goto(`/devices/${id}${query}`);
    await expect(device.heading).toHaveText("Con dirección");
    await expect(page.locator("#history-title")).toContainText("Potencia");
    // It is taken over: its parts are changed without a new page.
    await expect(new Frame(page).live).toBeVisible();
    await expectToFit(page, [320, 1440], query);
  }
  for (const path of [`/devices/${encodeURIComponent(TEXTS.script)}`, "/devices/%FF", "/devices/..%2f..%2fsettings", `/${"ñ".repeat(500)}`]) {
    const answer = await page.goto(path);
    expect([400, 404]).toContain(answer.status());
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  await unharmed();
});

test("what is typed is text: in the list, in the palette, and as a payload that is tried", DESKTOP, async ({ page, server }, info) => {
  const unharmed = await watch(page);
  const id = `typed-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", `Escrito ${info.project.name}`);
  await signIn(page);
  const [list, palette, device] = [new List(page), new Palette(page), new Device(page)];
  await list.open();
  for (const text of [TEXTS.script, TEXTS.turned, TEXTS.emoji, TEXTS.braces, "100% & más + «#»"]) {
    await list.find(text);
    await expect(page.getByText(/^\d+ de \d+ equipos? tienen? «/)).toContainText(plain(text));
    await expect(list.search).toHaveValue(text);
    await palette.open();
    await palette.field.fill(text);
    await expect(palette.options.last()).toContainText(plain(text));
    await expectToFit(page, [320, 1440], `«${text}» in the palette`);
    await palette.close();
  }
  await device.open(id, "messages");
  await expect(page.getByText("Desde entonces no ha llegado nada.")).toBeVisible();
  for (const text of Object.values(TEXTS)) {
    await device.tryOut(JSON.stringify({ [text]: 1, model: text, power_w: {} }), `vigia/${id}/telemetry`);
    await expect(device.answer).toContainText(plain(text).slice(0, 40));
    await device.tryOut(text, text);
    await expect(device.answer).toContainText("No se guardaría nada");
    await expectToFit(page, [320, 1440], `«${text.slice(0, 20)}» tried`);
  }
  await unharmed();
});

test("no cell that a person or device filled is a formula", DESKTOP, async ({ page, server }, info) => {
  const list = new List(page);
  const tag = `celda${info.project.name}`;
  for (const [place, name] of ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\"=1\";x", "a,b"].entries()) {
    await server.verb("device", "add", `${place}-${tag}`, "--kind", "switch", `--name=${name}`);
  }
  await signIn(page);
  await list.open(`?q=${tag}`);
  await expect(list.rows).toHaveCount(6);
  const text = await page.evaluate(async (href) => (await fetch(href)).text(), await list.export.getAttribute("href"));
  for (const line of text.trim().split("\r\n").slice(1)) expect(line.split(",")[1]).not.toMatch(/^"?[=+\-@]/);
});
