// A line that is lost in the midst of something: what was typed stays, it is said, and sending again works when the line is back.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Refusal } from "./pages/refusal.mjs";
import { Settings } from "./pages/settings.mjs";
import { SetUp, SignIn } from "./pages/sign_in.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, expect, expectAccessible, picture, signIn, taken, test as base } from "./support/test.mjs";

const FAILED = "No se llega al servidor. Lo que escribiste sigue aquí: revisa tu conexión y vuelve a intentarlo.";

// A house of its own, which is stopped and started.
const test = base.extend({
  house: async ({}, use) => {
    const house = await Server.start();
    await use(house);
    expect(await house.stop()).toBe(0);
  },
  baseURL: async ({ house }, use) => use(house.url),
  tab: async ({ context, complaints }, use) => {
    // The browser complains of every lost line.
    complaints.expectLost();
    const tab = await context.newPage();
    await use(tab);
    // An open page would go on asking.
    await tab.close();
  },
});

test("at the door", async ({ complaints, context, house, tab }) => {
  // Home asks once more after its session went.
  complaints.expect(401, "/api/v1/live", "/ui/attention");
  const door = new SetUp(tab);
  await tab.goto(house.link);
  await expect(door.code).toHaveValue(/^vgl_/);
  const code = await door.code.inputValue();
  await door.fill(ADMIN);
  await door.name.fill("Ana <b>Ñandú</b>");
  await context.setOffline(true);
  await door.submit.click();
  await expect(door.error).toHaveText(FAILED);
  await expect(door.code).toHaveValue(code);
  await expect(door.email).toHaveValue(ADMIN.email);
  await expect(door.name).toHaveValue("Ana <b>Ñandú</b>");
  await expect(door.password).toHaveValue(ADMIN.password);
  await expectAccessible(tab);
  await context.setOffline(false);
  await door.submit.click();
  await expect(tab.getByRole("heading", { level: 1 })).toHaveText("Aquí vivirán tus equipos");

  await context.clearCookies();
  const again = new SignIn(tab);
  await again.open("/devices");
  await taken(tab);
  await again.fill(ADMIN);
  await house.halt();
  await again.submit.click();
  await expect(again.error).toHaveText(FAILED);
  await expect(again.email).toHaveValue(ADMIN.email);
  await expect(again.password).toHaveValue(ADMIN.password);
  await house.resume();
  await again.submit.click();
  await expect(tab).toHaveURL(`${house.url}/devices`);
  await expect(again.password).toHaveCount(0);
});

test("in the settings, in a payload that is tried, and in a search half typed", async ({ house, tab }, info) => {
  await house.user(ADMIN.email, "admin", ADMIN.password);
  const token = await house.verb("device", "add", "pozo", "--kind", "switch", "--name", "Bomba del pozo");
  const own = house.device("pozo", token);
  own.publish({ power_w: 5 });
  await own.end();
  await signIn(tab);
  const [settings, device, frame, list] = [new Settings(tab), new Device(tab), new Frame(tab), new List(tab)];

  await tab.goto("/settings");
  await taken(tab);
  await settings.name.fill("Eva ñ 🏡");
  await house.halt();
  await settings.save.click();
  await expect(settings.error).toHaveText(FAILED);
  await expect(settings.name).toHaveValue("Eva ñ 🏡");
  await picture(tab, info, "lost-settings");
  await house.resume();
  await settings.save.click();
  await expect(settings.done).toHaveText("Tu perfil quedó guardado.");
  await expect(settings.name).toHaveValue("Eva ñ 🏡");

  await tab.goto("/devices/pozo?tab=messages");
  await expect(frame.live).toBeVisible();
  await device.payload.fill('{"power_w": 7}');
  await house.halt();
  await expect(frame.lost).toBeVisible();
  await device.send.click();
  await expect(device.fault).toHaveText(FAILED);
  await expect(device.payload).toHaveValue('{"power_w": 7}');
  await picture(tab, info, "lost-trial");
  await house.resume();
  await expect(frame.live).toBeVisible({ timeout: 30_000 });
  await expect(device.payload).toHaveValue('{"power_w": 7}');
  await device.send.click();
  await expect(device.answer).toContainText("Se guardaría todo: 1 valor");
  await expect(device.fault).toHaveCount(0);

  // The list is asked for anew when the line is back; what stands in its field is the visitor's.
  await tab.goto("/devices");
  await expect(frame.live).toBeVisible();
  await list.search.fill("bomb");
  await house.halt();
  await expect(frame.lost).toBeVisible();
  const anew = tab.waitForResponse((response) => new URL(response.url()).pathname === "/ui/devices", { timeout: 30_000 });
  await house.resume();
  await anew;
  await expect(frame.live).toBeVisible();
  await expect(list.search).toHaveValue("bomb");
  await expect(list.search).toBeFocused();
  await list.search.press("Enter");
  await expect(list.rows).toHaveCount(1);
});

test("in a list that cannot be asked for again when the line is back", async ({ house, tab }) => {
  await house.user(ADMIN.email, "admin", ADMIN.password);
  await house.verb("device", "add", "pozo", "--kind", "switch", "--name", "Bomba del pozo");
  await signIn(tab);
  const [frame, list] = [new Frame(tab), new List(tab)];
  await list.open();
  await expect(frame.live).toBeVisible();
  await list.search.fill("bomb");
  let refused = 0;
  await tab.route("**/ui/devices?*", (route) => (refused++ ? route.continue() : route.abort()));
  await house.halt();
  await expect(frame.lost).toBeVisible();
  await house.resume();
  await expect(frame.live).toBeVisible();
  // What stood there stays, and is asked for until it comes.
  await expect.poll(() => refused, { timeout: 20_000 }).toBeGreaterThan(1);
  await expect(list.rows).toHaveCount(1);
  await expect(list.search).toHaveValue("bomb");
});

test("in an own period of the chart", async ({ context, house, tab }, info) => {
  await house.user(ADMIN.email, "admin", ADMIN.password);
  const own = house.device("medidor", await house.verb("device", "add", "medidor", "--kind", "energy_meter"));
  const now = Date.now();
  own.publish(Array.from({ length: 120 }, (_, n) => ({ ts: now - n * 60_000, power_w: 300 + n })));
  await own.end();
  await signIn(tab);
  const history = new History(tab);
  await history.open("medidor");
  await history.fillOwn("2026-01-01T00:00", "2026-01-02T00:00");
  await context.setOffline(true);
  await history.show.click();
  await expect(history.summary).toContainText(FAILED);
  await expect(history.own).toBeFocused();
  // The curve of another period would be a lie under this one's name.
  await expect(history.canvas).toBeHidden();
  await picture(tab, info, "lost-period");
  await history.again.click();
  await expect(history.summary).toContainText(FAILED);
  // What was typed is still in its fields, and is sent again from there, too.
  await history.own.click();
  await expect(history.from).toHaveValue("2026-01-01T00:00");
  await expect(history.to).toHaveValue("2026-01-02T00:00");
  await context.setOffline(false);
  await history.show.click();
  await expect(history.summary).toContainText("En este periodo no llegó ninguna lectura");
  await expect(history.canvas).toBeVisible();
  await tab.goBack();
  await expect(history.summary).toContainText("La última hora");
});

test("on the way to another page", async ({ context, house, tab }, info) => {
  await house.user(ADMIN.email, "admin", ADMIN.password);
  await house.verb("device", "add", "pozo", "--kind", "switch", "--name", "Bomba del pozo");
  await signIn(tab);
  await tab.goto("/");
  await taken(tab);
  const frame = new Frame(tab);
  await context.setOffline(true);
  await frame.way("/devices").click();
  await expect(frame.heading).toHaveText("No se llega al servidor");
  await picture(tab, info, "lost-way");
  await context.setOffline(false);
  await new Refusal(tab).again.click();
  await expect(frame.heading).toHaveText("Equipos");
});
