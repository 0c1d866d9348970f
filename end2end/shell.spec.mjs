// What stands around every page: navigation, the command palette, toasts.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { Home } from "./pages/home.mjs";
import { List } from "./pages/list.mjs";
import { Palette } from "./pages/palette.mjs";
import { Settings } from "./pages/settings.mjs";
import { expectToFit } from "./support/layout.mjs";
import { DESKTOP, expect, expectAccessible, expectAccessibleInBothThemes, picture, signIn, somebody, taken, test } from "./support/test.mjs";

test("navigation is there at every width and says where one is", async ({ page }) => {
  const { nav } = new Frame(page);
  await signIn(page);
  await new Home(page).open();
  for (const width of [320, 390, 768, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    for (const [name, path] of [["Ajustes", "/settings"], ["Atención", "/"]]) {
      await nav.getByRole("link", { name: new RegExp(`^${name}`) }).click();
      await expect(page).toHaveURL(new RegExp(`${path}$`));
      await expect(nav.locator("[aria-current=page]")).toContainText(name);
      await expectToFit(page, [width], path);
    }
  }
});

test("the palette goes anywhere by keyboard alone, and gives the focus back", DESKTOP, async ({ page, server }, info) => {
  const id = `pal-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", `Bomba Ñandú ${info.project.name}`);
  await signIn(page);
  const [settings, palette] = [new Settings(page), new Palette(page)];
  await settings.open();
  await taken(page);
  await settings.name.focus();
  await palette.open();
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "palette");
  await palette.close();
  await expect(settings.name).toBeFocused();

  await page.keyboard.press("Control+k");
  await page.keyboard.type(`nandu ${info.project.name}`);
  await expect(palette.options.first()).toContainText("Bomba Ñandú");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await expect(palette.options.first()).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/devices/${id}$`));
  await expect(new Device(page).heading).toContainText("Bomba Ñandú");

  // Where one was is offered first.
  await page.keyboard.press("Control+k");
  await expect(palette.options.first()).toContainText("Bomba Ñandú");
  await page.keyboard.press("Escape");
});

test("who selects letters beyond the edge of the palette keeps it", DESKTOP, async ({ page }) => {
  await signIn(page);
  await new Home(page).open();
  const palette = new Palette(page);
  await palette.open();
  await page.keyboard.type("bomba");
  const { x, y, width, height } = await palette.field.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(5, y + height / 2);
  await page.mouse.up();
  await expect(palette.field).toHaveValue("bomba");
  await expect(palette.window).toBeVisible();
  await page.mouse.click(5, y + height / 2);
  await expect(palette.window).toBeHidden();
});

test("an id is copied, and that it is is said", DESKTOP, async ({ page, context, server }, info) => {
  const id = `copied-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page);
  const device = new Device(page);
  await device.open(id);
  await taken(page);
  await device.copy.click();
  await expect(device.copied).toHaveText("copiado");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
});

test("who types on while the palette is on its way has typed into it", DESKTOP, async ({ page, server }, info) => {
  await server.verb("device", "add", `early-${info.project.name}`, "--kind", "switch", "--name", `Molino Temprano ${info.project.name}`);
  await signIn(page);
  // Its code comes late, as on a slow line.
  let come = () => {};
  const late = new Promise((resolve) => {
    come = resolve;
  });
  await page.route(/palette.*\.wasm/, async (route) => {
    await late;
    await route.continue();
  });
  const list = new List(page);
  await list.open();
  await expect(new Frame(page).live).toBeVisible();
  const other = list.search;
  await other.focus();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("tempranx");
  await page.keyboard.press("Backspace");
  await page.keyboard.type(`o ${info.project.name}`);
  come();
  const { field, options } = new Palette(page);
  await expect(field).toBeFocused();
  await expect(field).toHaveValue(`temprano ${info.project.name}`);
  await expect(options.first()).toContainText("Molino Temprano");
  await expect(other).toHaveValue("");
  // Opened again, it is empty, and typing at once is in time.
  await page.keyboard.press("Escape");
  await expect(field).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("ajus");
  await expect(field).toHaveValue("ajus");
});

test("a theme is chosen by palette, said, and taken back; the toast goes along to another page", DESKTOP, async ({ page, server }, info) => {
  // Somebody of their own, who has chosen none yet: the choice stays with the profile.
  await signIn(page, await somebody(server, info, "theme"));
  const { root, toast, nav } = new Frame(page);
  await new Settings(page).open();
  await new Palette(page).choose("oscuro", "Tema oscuro");
  await expect(root).toHaveAttribute("data-theme", "dark");
  await expect(toast).toContainText("Tema: Oscuro");
  await toast.hover();
  await expectAccessible(page);
  await nav.getByRole("link", { name: /^Atención/ }).click();
  // Held while the pointer is on it: on a slow machine it would be gone before it is read.
  await toast.hover();
  await toast.getByRole("button", { name: "Deshacer" }).click();
  await expect(root).toHaveAttribute("data-theme", "system");
  await expect(toast).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("every page is reached by links, and the field looks in the list", DESKTOP, async ({ page, server }, info) => {
    await server.verb("device", "add", `nojs-${info.project.name}`, "--kind", "switch", "--name", `Tamiz ${info.project.name}`);
    const frame = new Frame(page);
    await signIn(page);
    await new Home(page).open();
    await frame.nav.getByRole("link", { name: /^Ajustes/ }).click();
    await expect(frame.heading).toHaveText("Ajustes");
    await frame.find.fill(`Tamiz ${info.project.name}`);
    await frame.find.press("Enter");
    await expect(new List(page).rows).toHaveCount(1);
    await picture(page, info, "shell-plain");
  });
});
