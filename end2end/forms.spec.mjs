// What was typed is not lost: not by a refusal before the browser half is there, and not by a session that ends in the midst of it.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Palette } from "./pages/palette.mjs";
import { Settings } from "./pages/settings.mjs";
import { SetUp, SignIn } from "./pages/sign_in.mjs";
import { TEXTS } from "./support/hostile.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, expect, picture, signIn, taken, test } from "./support/test.mjs";

const PASSWORD = "correct horse battery";
const UNSENT = "Tu sesión terminó; esto no se envió. Lo que escribiste sigue aquí.";

test.beforeEach(({}, info) => test.skip(info.project.name !== "desktop", "forms are the same at any width"));

/** Somebody of this test's own: what they choose stays with their profile. */
async function somebody(server, name) {
  const who = { email: `${name}@example.org`, password: PASSWORD };
  await server.user(who.email, "admin", PASSWORD);
  return who;
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("an account that is refused comes back with all but its password, none of it in the address", async ({ page, context }, info) => {
    const house = await Server.start();
    try {
      const [address, code] = house.link.split("#");
      const setup = new SetUp(page);
      await page.goto(address);
      await setup.code.fill(code);
      await setup.fill({ email: "ana+pozo@example.org", password: "short" });
      await setup.name.fill(TEXTS.script);
      await setup.submit.click();
      await expect(setup.password).toHaveAttribute("aria-invalid", "true");
      await expect(setup.code).toHaveValue(code);
      await expect(setup.email).toHaveValue("ana+pozo@example.org");
      await expect(setup.name).toHaveValue(TEXTS.script);
      await expect(setup.password).toHaveValue("");
      expect(decodeURIComponent(page.url())).not.toMatch(/ana|pozo|script|short|vgl_/);
      expect(page.url()).toContain("/setup");
      await expect(page.locator("img")).toHaveCount(0);
      await picture(page, info, "refused-plain");
      // Refused again, the address does not grow.
      await setup.password.fill("short");
      await setup.submit.click();
      await expect(setup.email).toHaveValue("ana+pozo@example.org");
      expect(page.url().match(/__err/g)).toHaveLength(1);
      const [cookie] = (await context.cookies()).filter(({ name }) => name.startsWith("typed-"));
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
      expect(cookie.value).not.toContain("short");
      await setup.password.fill(PASSWORD);
      await setup.submit.click();
      await expect(page).toHaveURL(`${house.url}/`);
      expect((await context.cookies()).map(({ name }) => name)).not.toContain("typed-setup");
    } finally {
      await page.goto("about:blank");
      expect(await house.stop()).toBe(0);
    }
  });

  test("a sign-in that is refused keeps the address that was typed", async ({ page }) => {
    const door = new SignIn(page);
    await door.open("/devices?sort=name");
    await door.fill({ ...ADMIN, password: "not the password" });
    await door.submit.click();
    await expect(door.password).toHaveAttribute("aria-invalid", "true");
    await expect(door.email).toHaveValue(ADMIN.email);
    await expect(door.password).toHaveValue("");
    expect(decodeURIComponent(page.url())).not.toContain(ADMIN.email);
    await door.password.fill(ADMIN.password);
    await door.submit.click();
    await expect(page).toHaveURL(/\/devices\?sort=name$/);
  });

  test("a profile that is refused keeps its choices, and one whose session ended is there again after the sign-in", async ({ page, context, server }, info) => {
    const eva = await somebody(server, `form-refused-${info.project.name}`);
    await signIn(page, eva);
    const settings = new Settings(page);
    await settings.open();
    await settings.name.fill("   ");
    await settings.lang.selectOption("en");
    await settings.theme.selectOption("dark");
    await settings.save.click();
    await expect(settings.name).toHaveAttribute("aria-invalid", "true");
    await expect(settings.lang).toHaveValue("en");
    await expect(settings.theme).toHaveValue("dark");
    await expect(page.locator("html")).toHaveAttribute("lang", "es");

    // To its own sender, and to nobody else who signs in there.
    const leo = await somebody(server, `form-other-${info.project.name}`);
    await settings.open();
    await settings.name.fill("Eva de la otra vez");
    await context.clearCookies();
    await settings.save.click();
    await new SignIn(page).fill(leo);
    await new SignIn(page).submit.click();
    await expect(page).toHaveURL(/\/settings$/);
    await expect(settings.error).toHaveCount(0);
    await expect(settings.name).toHaveValue(leo.email.split("@")[0]);

    await context.clearCookies();
    await signIn(page, eva);
    await settings.open();
    await settings.name.fill("Eva <b>Ñandú</b> 🏡");
    await settings.theme.selectOption("light");
    await context.clearCookies();
    await settings.save.click();
    // The page asks who one is; a wrong password in between takes nothing away.
    const door = new SignIn(page);
    await door.fill({ ...eva, password: "not the password" });
    await door.submit.click();
    await expect(door.email).toHaveValue(eva.email);
    await door.password.fill(eva.password);
    await door.submit.click();
    await expect(page).toHaveURL(/\/settings$/);
    await expect(settings.error).toHaveText(UNSENT);
    await expect(settings.name).toHaveValue("Eva <b>Ñandú</b> 🏡");
    await expect(settings.theme).toHaveValue("light");
    await settings.save.click();
    await expect(settings.done).toBeVisible();
    await settings.open();
    await expect(settings.error).toHaveCount(0);
    await expect(settings.name).toHaveValue("Eva <b>Ñandú</b> 🏡");
  });
});

test("an own period that was typed before the browser half was there is the one that is shown", async ({ page, server }, info) => {
  const id = `early-own-${info.project.name}`;
  const own = server.device(id, await server.verb("device", "add", id, "--kind", "energy_meter"));
  own.publish({ power_w: 700 });
  await own.end();
  await signIn(page);
  let come;
  const is_there = new Promise((resolve) => (come = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await is_there;
    await route.continue();
  });
  const history = new History(page);
  await page.goto(`/devices/${id}`, { waitUntil: "commit" });
  await history.fillOwn("2026-01-01T00:00", "2026-01-02T00:00");
  come();
  await taken(page);
  await expect(history.from).toHaveValue("2026-01-01T00:00");
  await expect(history.to).toHaveValue("2026-01-02T00:00");
  await history.show.click();
  // The browser's zone is that of Mexico City.
  await expect.poll(() => Number(history.address.get("from")) || history.address.get("from")).toMatch(/^(2026-01-01T06|1767247200)/);
});

test("what came back before the browser half was there stays when it comes", async ({ page }) => {
  let come;
  const is_there = new Promise((resolve) => (come = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await is_there;
    await route.continue();
  });
  const door = new SignIn(page);
  await page.goto("/sign-in", { waitUntil: "commit" });
  await door.fill({ ...ADMIN, password: "not the password" });
  await door.submit.click({ noWaitAfter: true });
  await expect(door.password).toHaveAttribute("aria-invalid", "true");
  await expect(door.email).toHaveValue(ADMIN.email);
  come();
  // Only the browser half can press these.
  await expect(async () => {
    await page.getByRole("button", { name: "Oscuro" }).click();
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark", { timeout: 500 });
  }).toPass();
  await expect(door.email).toHaveValue(ADMIN.email);
  await expect(door.password).toHaveAttribute("aria-invalid", "true");
});

test("a session that ends takes no half-typed search, no choice and no selection along", async ({ complaints, context, server }, info) => {
  complaints.expect(401, "/api/v1/live", "/ui/messages", "/ui/attention");
  // Pages of their own: the browser complains of the refusals that each of them meets.
  const who = await somebody(server, `medias-${info.project.name}`);
  const id = `medias-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", `Bomba ${id}`);
  const [searching, choosing, ticking, reading] = [await context.newPage(), await context.newPage(), await context.newPage(), await context.newPage()];
  await signIn(searching, who);
  const [list, device, boxes] = [new List(searching), new Device(choosing), new List(ticking)];
  await list.open(`?q=${id}`);
  await device.open(id, "messages");
  await boxes.open(`?q=${id}`);
  await new List(reading).open(`?q=${id}`);
  const pages = [searching, choosing, ticking, reading].map((page) => new Frame(page));
  for (const frame of pages) await expect(frame.live).toBeVisible();
  await list.search.fill("bomb");
  await choosing.locator("#try-decoder").selectOption("shelly");
  await boxes.box(id).check();
  const out = await context.newPage();
  await out.goto("/devices");
  await out.evaluate(() => fetch("/ui/sign-out", { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } }));
  for (const frame of pages.slice(0, 3)) await expect(frame.ended).toBeVisible({ timeout: 30_000 });
  await expect(list.search).toHaveValue("bomb");
  await expect(choosing.locator("#try-decoder")).toHaveValue("shelly");
  await expect(boxes.box(id)).toBeChecked();
  // Where nothing was, the sign-in takes the page's place.
  await expect(new SignIn(reading).password).toBeVisible({ timeout: 30_000 });
  for (const frame of pages) await frame.page.close();
  await out.close();
});

test("the browser's own frame has the colour of the theme that was chosen", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  const frame = () =>
    page.evaluate(() => [...document.querySelectorAll("meta[name=theme-color]")].find(({ media }) => matchMedia(media).matches).content);
  await page.goto("/sign-in");
  await taken(page);
  const dark = await frame();
  await page.getByRole("button", { name: "Claro" }).click();
  await expect.poll(frame).not.toBe(dark);
  const light = await frame();
  await page.reload();
  expect(await frame(), "as the page came").toBe(light);
  await taken(page);
  await page.getByRole("button", { name: "Según el sistema" }).click();
  await expect.poll(frame).toBe(dark);
  await page.emulateMedia({ colorScheme: "light" });
  expect(await frame()).toBe(light);
  await page.getByRole("button", { name: "Oscuro" }).click();
  await expect.poll(frame).toBe(dark);
});

test("Enter that ends a word of an input method leads nowhere", async ({ page }) => {
  await signIn(page);
  await page.goto("/");
  const palette = new Palette(page);
  await palette.open();
  await palette.field.fill("ajustes");
  await expect(palette.options.first()).toContainText("Ajustes");
  for (const how of [{ isComposing: true }, { keyCode: 229 }]) {
    const isTaken = await palette.field.evaluate(
      (field, how) => !field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...how })),
      how,
    );
    expect(isTaken).toBe(false);
    await expect(palette.window).toBeVisible();
  }
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/settings");
});
