// What goes on at the same time, or goes wrong on the way: choices one after the other, toasts, a line that is down.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { Home } from "./pages/home.mjs";
import { Palette } from "./pages/palette.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { expect, expectAccessibleInBothThemes, signIn, somebody, test } from "./support/test.mjs";

/** Somebody of their own at home, and the palette, which is where every page has the themes. */
async function atHome(page, server, info, name) {
  await signIn(page, await somebody(server, info, name));
  await new Home(page).open();
  const palette = new Palette(page);
  return { frame: new Frame(page), choose: (word) => palette.choose(word, `Tema ${word}`) };
}

test("of themes that are chosen quickly the last one stays, whichever answer takes longest", async ({ page, server }, info) => {
  const { frame, choose } = await atHome(page, server, info, "quick");
  let open;
  const held = new Promise((resolve) => (open = resolve));
  const told = [];
  await page.route("**/ui/theme", async (route) => {
    told.push(route.request().postData());
    if (told.length === 1) await held;
    await route.continue();
  });
  await choose("oscuro");
  await expect.poll(() => told).toEqual(["theme=dark"]);
  await choose("del sistema");
  await choose("claro");
  await expect(frame.root).toHaveAttribute("data-theme", "light");
  expect(told).toHaveLength(1);
  const last = page.waitForResponse((answer) => answer.url().endsWith("/ui/theme") && answer.request().postData() === "theme=light");
  open();
  await last;
  expect(told).toEqual(["theme=dark", "theme=light"]);
  await page.reload();
  await expect(frame.root).toHaveAttribute("data-theme", "light");
});

test("a theme that the server did not take is worn here, and that it is not kept is said", async ({ page, server, complaints }, info) => {
  complaints.expect(503, "/ui/theme");
  const { frame, choose } = await atHome(page, server, info, "unkept");
  await page.route("**/ui/theme", (route) => route.fulfill({ status: 503, body: "" }));
  await choose("oscuro");
  await expect(frame.toast.filter({ hasText: "no se pudo guardar en tu perfil" })).toBeVisible();
  await expect(frame.root).toHaveAttribute("data-theme", "dark");
});

test("a toast that is closed by key does not hold the others", async ({ page, server }, info) => {
  const { frame, choose } = await atHome(page, server, info, "toasts");
  // Each stays seven seconds: on a slow machine the first may be gone before the second is there.
  await expect(async () => {
    await choose("oscuro");
    await choose("claro");
    expect(await frame.toast.count()).toBeGreaterThan(1);
  }).toPass();
  const all = await frame.toast.allInnerTexts();
  await frame.toast.first().getByRole("button", { name: "Cerrar" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => frame.toast.count()).toBeLessThan(all.length);
  // By the browser's own clock: timers of Playwright's have numbers that no program of ours can stop.
  await expect(frame.toast).toHaveCount(0, { timeout: 20_000 });
});

test("a board that cannot be asked says of when it is, and goes on when it can", async ({ page, server, complaints }, info) => {
  complaints.expectLost();
  await server.verb("device", "add", `board-${info.project.name}`, "--kind", "switch");
  const home = new Home(page);
  await page.clock.install();
  await signIn(page);
  await home.open();
  await expect(home.heading).toHaveText("Atención");
  const { old } = home;
  await expect(old).toBeHidden();
  await page.route("**/ui/attention*", (route) => route.abort());
  await expect(async () => {
    await page.clock.runFor(16_000);
    await expect(old).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(old.locator("time")).toContainText("hace");
  await expectAccessibleInBothThemes(page);
  await page.unroute("**/ui/attention*");
  await expect(async () => {
    await page.clock.runFor(16_000);
    await expect(old).toBeHidden({ timeout: 500 });
  }).toPass();
});

test("who signs in is told of reasons in the language of their profile from the first page on", async ({ page, browser, server }, info) => {
  const eva = await somebody(server, info, "tongue");
  const id = `tongue-${info.project.name}`;
  const own = server.device(id, await server.verb("device", "add", id, "--kind", "switch"));
  own.publish("nonsense");
  await own.end();
  const settings = new Settings(page);
  await signIn(page, eva);
  await settings.open();
  await settings.lang.selectOption("en");
  await settings.save.click();
  await expect(settings.done).toHaveText("Your profile is saved.");
  // In a browser that has not met them yet; without a script, so that it is the first answer and not a later one.
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const other = await context.newPage();
  const [door, device] = [new SignIn(other), new Device(other)];
  await door.open();
  await door.enter(eva);
  await expect(new Home(other).heading).toHaveText("Attention");
  await device.open(id, "messages");
  await expect(device.aside.first()).toContainText("an object belongs there");
  await context.close();
});
