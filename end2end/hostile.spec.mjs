// Texts that nobody should have, in every place that a person, a device or an address can put one: they are text, and they fit.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { Mine } from "./pages/home.mjs";
import { List } from "./pages/list.mjs";
import { Palette } from "./pages/palette.mjs";
import { People } from "./pages/people.mjs";
import { Audit, Keys } from "./pages/records.mjs";
import { Settings } from "./pages/settings.mjs";
import { NAMES, PROGRAMS, TEXTS, watch } from "./support/hostile.mjs";
import { expectToFit } from "./support/layout.mjs";
import { authenticator, named } from "./support/passkey.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, picture, signIn, somebody, test, visit } from "./support/test.mjs";

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
  const eva = { email: `${"e".repeat(45)}.hostil-${info.project.name}@${"muy-largo.".repeat(12)}example.org`, password: "correct horse battery" };
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

test("what a person is called is text and fits where others are told of them", DESKTOP, async ({ page, server }, info) => {
  test.slow();
  const unharmed = await watch(page);
  const eva = await somebody(server, info, "hostil-gente");
  const [settings, people, audit] = [new Settings(page), new People(page), new Audit(page)];
  await signIn(page, eva);
  for (const [kind, name] of Object.entries(TEXTS)) {
    await settings.open();
    await settings.name.fill(name);
    await settings.save.click();
    await expect(settings.done).toBeVisible();
    await audit.open(`?kind=user.profile&q=${encodeURIComponent(eva.email)}`);
    await expect(audit.who.first()).toContainText(plain(name));
    // What it was before and is now: what would turn the rest is written out there.
    await expect(audit.changes.first()).toContainText(plain(name).slice(0, 4));
    await expectToFit(page, WIDTHS, `${kind}, the log,`);
    await visit(page, `/people?q=${encodeURIComponent(eva.email)}`);
    await expect(people.row(eva.email)).toContainText(plain(name));
    await expectToFit(page, WIDTHS, `${kind}, people,`);
  }
  await audit.open(`?q=${encodeURIComponent(TEXTS.script)}`);
  await expect(audit.text).toHaveValue(TEXTS.script);
  await audit.open(`?q=${encodeURIComponent(eva.email)}`);
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-audit");
  await unharmed();
});

test("what a key is called is text and fits, where it is made, ended and noted", DESKTOP, async ({ page, server }, info) => {
  test.slow();
  const unharmed = await watch(page);
  const eva = await somebody(server, info, "hostil-llaves");
  const [keys, audit] = [new Keys(page), new Audit(page)];
  await signIn(page, eva);
  for (const [kind, name] of Object.entries(NAMES)) {
    await keys.open();
    await keys.name.fill(name);
    await keys.make.click();
    await expect(keys.made).toHaveText(/^vgk_/);
    await expect(keys.madeName).toHaveText(plain(name));
    const own = keys.names.first();
    await expect(own).toHaveText(plain(name));
    await expect(own).toHaveAttribute("title", name);
    await expect(own).toHaveAttribute("dir", "auto");
    await expectToFit(page, WIDTHS, `${kind}, a key that was made,`);
  }
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-keys");
  // An administrator sees everybody's; these are told by their owner.
  await audit.open(`?kind=api-key.&q=${encodeURIComponent(eva.email)}`);
  await expect(audit.rows).toHaveCount(Object.keys(NAMES).length);
  for (const [place, name] of Object.values(NAMES).reverse().entries()) {
    await expect(audit.what.nth(place)).toContainText(plain(`llave ${name}`));
    await expect(audit.changes.nth(place)).toContainText(plain(name).slice(0, 4));
  }
  await expectToFit(page, WIDTHS, "keys in the log");
  await picture(page, info, "hostile-audit-keys");
  await keys.open();
  await keys.revoke(NAMES.script);
  await expect(keys.done).toContainText("no abre nada");
  await unharmed();
});

test("what a program calls itself is text and fits the list of sessions", DESKTOP, async ({ page, browser, baseURL, server }, info) => {
  const unharmed = await watch(page);
  const eva = await somebody(server, info, "hostil-programas", "customer");
  for (const { agent } of Object.values(PROGRAMS)) {
    const context = await browser.newContext({ baseURL, userAgent: agent });
    await signIn(await context.newPage(), eva);
    await context.close();
  }
  const settings = new Settings(page);
  await signIn(page, eva);
  await settings.open();
  await expect(settings.sessions).toHaveCount(Object.keys(PROGRAMS).length + 1);
  for (const { shown } of Object.values(PROGRAMS)) {
    const one = settings.sessions.getByTitle(shown, { exact: true });
    await expect(one).toHaveText(plain(shown));
    await expect(one).toHaveAttribute("dir", "auto");
  }
  await expectToFit(page, WIDTHS, "sessions");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-sessions");
  // The way out of one is named after it, and ends that one.
  const { shown } = PROGRAMS.script;
  await page.getByRole("button", { name: `Cerrar la sesión: ${shown}` }).click();
  await expect(settings.done).toContainText("se cerró");
  await expect(settings.sessions).toHaveCount(Object.keys(PROGRAMS).length);
  await expect(settings.programs.filter({ hasText: shown })).toHaveCount(0);
  await unharmed();
});

named("what a passkey is called is text and fits, in the settings and in the log", DESKTOP, async ({ page, server }, info) => {
  test.slow();
  const unharmed = await watch(page);
  await authenticator(page);
  const eva = await somebody(server, info, "hostil-acceso");
  const [settings, audit] = [new Settings(page), new Audit(page)];
  await signIn(page, eva);
  await settings.open();
  await settings.addPasskey.click();
  await expect(settings.passkeys).toHaveCount(1);
  for (const [kind, name] of Object.entries(NAMES)) {
    await settings.open();
    await settings.renamePasskey(name);
    await expect(settings.done).toHaveText("La llave de acceso tiene otro nombre.");
    await expect(settings.passkeyName).toHaveText(plain(name));
    await expectToFit(page, WIDTHS, `${kind}, a passkey,`);
  }
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "hostile-passkey");
  await audit.open(`?kind=user.passkey.rename&q=${encodeURIComponent(eva.email)}`);
  await expect(audit.rows).toHaveCount(Object.keys(NAMES).length);
  for (const [place, name] of Object.values(NAMES).reverse().entries()) await expect(audit.changes.nth(place)).toContainText(plain(name).slice(0, 4));
  await expectToFit(page, WIDTHS, "passkeys in the log");
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
