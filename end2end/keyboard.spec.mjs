// The whole way through the house by keyboard alone: no step with a pointer, and at each one it is seen where the keyboard is.
import { readFile } from "node:fs/promises";

import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Palette } from "./pages/palette.mjs";
import { Settings } from "./pages/settings.mjs";
import { SetUp, SignIn } from "./pages/sign_in.mjs";
import { expectNaturalOrder, expectSeen, tabTo } from "./support/keyboard.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, expect, taken, test } from "./support/test.mjs";

const MINUTE = 60_000;

test("from the link that makes the first account to signing out", async ({ page, complaints }) => {
  test.slow();
  complaints.expect(422, "/ui/setup");
  complaints.expect(401, "/ui/sign-in");
  const house = await Server.start();
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const [frame, list, device, history] = [new Frame(page), new List(page), new Device(page), new History(page)];
  const [settings, palette, door, setup] = [new Settings(page), new Palette(page), new SignIn(page), new SetUp(page)];
  try {
    for (const [id, kind] of [["a1", "switch"], ["b2", "energy_meter"], ["c3", "switch"]]) {
      const token = await house.verb("device", "add", id, "--kind", kind, "--name", `Equipo ${id}`);
      const own = house.device(id, token);
      const now = Date.now();
      own.publish(Array.from({ length: 50 }, (_, n) => ({ ts: now - n * MINUTE, power_w: 100 + n, voltage_v: 127 })));
      await own.end();
    }

    // Set-up: a mistake leads to the field that has it.
    await page.goto(house.link);
    await expect(setup.code).toHaveValue(/^vgl_/);
    await taken(page);
    await expectNaturalOrder(page);
    await tabTo(page, setup.email);
    await page.keyboard.type(ADMIN.email);
    await tabTo(page, setup.name);
    await page.keyboard.type(ADMIN.name);
    await tabTo(page, setup.password);
    await page.keyboard.type("short");
    await press("Enter");
    await expect(setup.password).toHaveAttribute("aria-invalid", "true");
    await expect(setup.password).toBeFocused();
    await press("Control+a");
    await page.keyboard.type(ADMIN.password);
    await press("Enter");
    await expect(frame.heading).toHaveText("Atención");

    // Home: past the navigation by the first link, and back to it.
    await taken(page);
    await expectNaturalOrder(page);
    await press("Tab");
    await expect(page.locator(".skip")).toBeFocused();
    await expect(page.locator(".skip")).toBeInViewport();
    await press("Enter");
    await expect(frame.main).toBeFocused();
    await tabTo(page, frame.way("/devices"), { key: "Shift+Tab" });
    await press("Enter");
    await expect(frame.heading).toHaveText("Equipos");
    await expect(frame.main).toBeFocused();
    await expect(frame.live).toBeVisible();

    // List: words, order, a kind, columns, boxes, the file.
    await expectNaturalOrder(page);
    await tabTo(page, list.search);
    await page.keyboard.type("Equipo");
    await press("Enter");
    await expect(page).toHaveURL(/q=Equipo/);
    await expect(list.rows).toHaveCount(3);
    await tabTo(page, list.menu("Tipo:"));
    await press("Enter");
    await tabTo(page, page.locator(".menu[open]").getByRole("link", { name: "Interruptor" }));
    await press("Enter");
    await expect(list.rows).toHaveCount(2);
    await tabTo(page, list.columns);
    await press("Enter");
    const box = page.getByLabel("Contacto", { exact: true });
    await tabTo(page, box);
    await press("Space");
    await expect(page.locator("tbody .devices__seen").first()).toBeHidden();
    await press("Space", "Escape");
    await expect(list.columns).toBeFocused();
    await tabTo(page, list.head("name").getByRole("link"));
    await press("Enter");
    await expect(list.head("name")).toHaveAttribute("aria-sort", "ascending");
    await expect.poll(() => list.ids()).toEqual(["a1", "c3"]);
    await tabTo(page, list.link("a1"));
    await press("x", "ArrowDown", "x");
    await expect(list.link("c3")).toBeFocused();
    await expect(list.bar).toContainText("2 elegidos");
    await tabTo(page, list.bar.getByRole("button", { name: "Exportar CSV" }));
    const [file] = await Promise.all([page.waitForEvent("download"), press("Enter")]);
    expect((await readFile(await file.path(), "utf8")).trim().split("\r\n")).toHaveLength(3);
    await tabTo(page, list.bar.getByRole("button", { name: "Quitar la selección" }));
    await press("Enter");
    await expect(list.bar).toBeHidden();
    await tabTo(page, list.link("c3"), { key: "Shift+Tab" });
    await press("k");
    await expect(list.link("a1")).toBeFocused();
    await press("Enter");

    // Device: another figure, periods, the cursor, the table.
    await expect(device.heading).toHaveText("Equipo a1");
    await expect(frame.main).toBeFocused();
    await history.drawn();
    await expectNaturalOrder(page);
    await tabTo(page, device.figure("voltage_v"));
    await press("Enter");
    await expect(history.title).toContainText("Voltaje");
    await tabTo(page, history.range("24 h"));
    await press("Enter");
    await expect(history.summary).toContainText("Las últimas 24 horas");
    await tabTo(page, history.own);
    await press("Enter");
    await tabTo(page, history.from);
    await tabTo(page, history.show);
    await tabTo(page, history.own, { key: "Shift+Tab" });
    await press("Enter");
    await expect(history.from).toBeHidden();
    await tabTo(page, history.canvas);
    await press("End");
    await expect(history.said).toContainText("127");
    await press("Shift+ArrowLeft");
    await expect.poll(() => history.address.get("from")).toBeTruthy();
    await expect(history.canvas).toBeFocused();
    await tabTo(page, history.range("1 h"), { key: "Shift+Tab" });
    await press("Enter");
    await expect(history.summary).toContainText("La última hora");
    await tabTo(page, history.twin.locator("summary"));
    await press("Enter");
    await expect(history.twin.locator("tbody tr").first()).toBeVisible();
    await tabTo(page, page.locator(".twin__scroll"));

    // Its messages, and a payload that is tried.
    await tabTo(page, device.part(0), { key: "Shift+Tab" });
    await press("ArrowRight", "Enter");
    await expect(page.getByRole("heading", { name: "Últimos mensajes" })).toBeVisible();
    await tabTo(page, device.payload);
    await page.keyboard.type('{"power_w": 3}');
    await tabTo(page, device.send);
    await press("Enter");
    await expect(device.answer).toContainText("Se guardaría todo: 1 valor");

    // Back to the row that one came from.
    await page.goBack();
    await page.goBack();
    for (let step = 0; step < 5 && !new URL(page.url()).pathname.endsWith("/devices"); step++) await page.goBack();
    await expect(list.link("a1")).toBeFocused();

    // Anywhere by the palette, and back to where one was.
    await palette.open();
    await press("Escape");
    await expect(list.link("a1")).toBeFocused();
    await expectSeen(page, () => palette.open());
    await page.keyboard.type("ajustes");
    await expect(palette.options.first()).toContainText("Ajustes");
    await press("Enter");
    await expect(settings.heading).toHaveText("Ajustes");
    await expect(frame.main).toBeFocused();

    // Settings, language, theme.
    await expectNaturalOrder(page);
    await tabTo(page, settings.name);
    await press("Control+a");
    await page.keyboard.type("Ana Teclas");
    await tabTo(page, settings.lang);
    await press("ArrowDown");
    await tabTo(page, settings.save);
    await press("Enter");
    await expect(settings.done).toHaveText("Your profile is saved.");
    await expect(frame.accountName).toContainText("Ana Teclas");
    await taken(page);
    await tabTo(page, frame.account);
    await press("Enter");
    await expect(frame.sheet).toBeVisible();
    await tabTo(page, frame.theme("dark"));
    await press("Enter");
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    await press("Escape");
    await expect(frame.sheet).toBeHidden();
    await expect(frame.account).toBeFocused();
    await press("Enter");
    await tabTo(page, frame.language);
    await press("Enter");
    await expect(page.locator("html")).toHaveAttribute("lang", "es");

    // Out, and in again.
    await taken(page);
    await tabTo(page, frame.account);
    await press("Enter");
    await tabTo(page, frame.signOut);
    await press("Enter");
    await expect(door.email).toBeFocused();
    await page.keyboard.type(ADMIN.email);
    await tabTo(page, door.password);
    await page.keyboard.type("not the password");
    await press("Enter");
    await expect(door.password).toHaveAttribute("aria-invalid", "true");
    await expect(door.password).toBeFocused();
    await press("Control+a");
    await page.keyboard.type(ADMIN.password);
    await press("Enter");
    await expect(frame.heading).toHaveText("Atención");
  } finally {
    await page.goto("about:blank");
    expect(await house.stop()).toBe(0);
  }
});
