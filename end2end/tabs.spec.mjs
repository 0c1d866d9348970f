// Back and forward, and two tabs: each state is what it was, and no tab works against another.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { expect, expectAccessible, picture, signIn, somebody, taken, test } from "./support/test.mjs";

const MINUTE = 60_000;

test("back and forward lead through filters, device and parts to what was there, and to the link that was followed", async ({ page, server }, info) => {
  // A device is a run of the program, and there are thirty.
  test.slow();
  const tag = `vuelta${info.project.name}`;
  for (let n = 10; n < 40; n++) await server.verb("device", "add", `${tag}-${n}`, "--kind", n % 2 ? "switch" : "other", "--name", `${tag} ${n}`);
  await signIn(page);
  const [list, device, frame] = [new List(page), new Device(page), new Frame(page)];
  await list.open();
  await expect(frame.live).toBeVisible();
  await list.find(tag);
  await expect(list.rows).toHaveCount(30);
  await list.menu("Tipo:").click();
  await page.locator(".menu[open]").getByRole("link", { name: "Interruptor" }).click();
  await expect(list.rows).toHaveCount(15);
  // Those that never spoke.
  await list.states.nth(3).click();
  await expect(list.states.nth(3)).toHaveAttribute("aria-current", "true");
  await expect(list.rows).toHaveCount(15);
  // The last one, far below.
  const last = (await list.ids()).at(-1);
  await list.link(last).scrollIntoViewIfNeeded();
  await list.link(last).click();
  await expect(device.heading).toHaveText(`${tag} ${last.slice(-2)}`);
  // The page begins at its beginning, for the eye and for the keyboard.
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await expect(frame.main).toBeFocused();
  await device.part(1).click();
  await expect(page.getByRole("heading", { name: "Últimos mensajes" })).toBeVisible();
  await device.payload.fill("half a thought");
  await page.goBack();
  await expect(device.part(0)).toHaveAttribute("aria-current", "page");
  await page.goBack();
  await expect(list.rows).toHaveCount(15);
  await expect(list.link(last)).toBeFocused();
  await expect(list.link(last)).toBeInViewport();
  await expect(list.search).toHaveValue(tag);
  await page.goBack();
  await expect(list.states.nth(0)).toHaveAttribute("aria-current", "true");
  await expect(list.rows).toHaveCount(15);
  await page.goBack();
  await expect(list.rows).toHaveCount(30);
  await page.goForward();
  await expect(list.rows).toHaveCount(15);
  await page.goForward();
  await page.goForward();
  await expect(device.heading).toHaveText(`${tag} ${last.slice(-2)}`);
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Últimos mensajes" })).toBeVisible();
});

test("back and forward lead through the chart's periods", async ({ page, server }, info) => {
  const id = `periodos-${info.project.name}`;
  const own = server.device(id, await server.verb("device", "add", id, "--kind", "energy_meter"));
  const now = Date.now();
  own.publish(Array.from({ length: 120 }, (_, n) => ({ ts: now - n * MINUTE, power_w: 300 + n, voltage_v: 127 })));
  await own.end();
  await signIn(page);
  const [history, device] = [new History(page), new Device(page)];
  await history.open(id);
  await history.range("24 h").click();
  await expect(history.summary).toContainText("Las últimas 24 horas");
  await device.figure("voltage_v").click();
  await expect(history.title).toContainText("Voltaje");
  await history.fillOwn("2026-01-01T00:00", "2026-01-02T00:00");
  await history.show.click();
  await expect(history.summary).toContainText("En este periodo no llegó");
  for (const [title, told] of [["Voltaje", "Las últimas 24 horas"], ["Potencia", "Las últimas 24 horas"], ["Potencia", "La última hora"]]) {
    await page.goBack();
    await expect(history.title).toContainText(title);
    await expect(history.summary).toContainText(told);
    await expect(history.canvas).toBeVisible();
  }
  for (const told of ["Las últimas 24 horas", "Las últimas 24 horas", "En este periodo no llegó"]) {
    await page.goForward();
    await expect(history.summary).toContainText(told);
  }
  await expect(history.title).toContainText("Voltaje");
});

test("who signs out in one tab is out in the other, which keeps what was typed", async ({ context, server, complaints }, info) => {
  complaints.expect(401, "/api/v1/live", "/ui/device", "/ui/messages", "/ui/try", "/ui/profile", "/ui/devices", "/ui/settings");
  const [page, out, form] = [await context.newPage(), await context.newPage(), await context.newPage()];
  const who = await somebody(server, info, "fuera");
  const id = `fuera-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", "Bomba");
  await signIn(page, who);
  const [device, settings, frame] = [new Device(page), new Settings(page), new Frame(page)];
  await device.open(id, "messages");
  await expect(frame.live).toBeVisible();
  const payload = '{"power_w": 12.5}';
  await device.payload.fill(payload);
  const other = new Settings(form);
  await form.goto("/settings");
  await taken(form);
  await other.name.fill("Nombre a medias");

  const leave = new Frame(out);
  await out.goto("/devices");
  await leave.leave();
  await expect(new SignIn(out).password).toBeVisible();

  // Where something stands half typed it stays, and the page says what happened and where to go.
  await expect(frame.ended).toBeVisible({ timeout: 30_000 });
  await expect(device.payload).toHaveValue(payload);
  await expectAccessible(page);
  await picture(page, info, "session-ended");
  await device.send.click();
  await expect(device.fault).toContainText("Tu sesión terminó");
  await expect(device.payload).toHaveValue(payload);
  await other.save.click();
  await expect(other.error).toContainText("Tu sesión terminó");
  await expect(other.name).toHaveValue("Nombre a medias");
  await expect(new Frame(form).ended).toBeVisible();

  // In again, in the tab that the link opens: the others go on where they were.
  const [door] = await Promise.all([context.waitForEvent("page"), frame.ended.getByRole("link").click()]);
  await new SignIn(door).enter(who);
  await door.close();
  await expect(frame.live).toBeVisible({ timeout: 30_000 });
  await expect(frame.ended).toBeHidden();
  await device.send.click();
  await expect(device.answer).toContainText("Se guardaría todo: 1 valor");
  await other.save.click();
  await expect(other.done).toBeVisible();
  await expect(other.name).toHaveValue("Nombre a medias");
  await form.close();
  await out.close();
  await settings.open();
  await expect(settings.name).toHaveValue("Nombre a medias");
  await page.close();
});

test("what another tab has chosen is not taken back by a form that did not touch it", async ({ page, context, server }, info) => {
  const who = await somebody(server, info, "dos");
  await signIn(page, who);
  const [first, second] = [new Settings(page), new Settings(await context.newPage())];
  await first.open();
  await first.lang.selectOption("es");
  await first.theme.selectOption("light");
  await first.save.click();
  await expect(first.done).toBeVisible();
  await second.page.goto("/settings");
  await taken(second.page);
  // Language and colours in the second; the first still stands there in Spanish.
  await second.lang.selectOption("en");
  await second.theme.selectOption("dark");
  await second.save.click();
  await expect(second.done).toHaveText("Your profile is saved.");
  await first.name.fill("Ana de la otra pestaña");
  await first.save.click();
  await expect(first.done).toHaveText("Your profile is saved.");
  await expect(first.name).toHaveValue("Ana de la otra pestaña");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  // What both have changed is as the last one said.
  await second.name.fill("Ana la segunda");
  // That it is done stands there from before.
  const saved = second.page.waitForResponse("**/ui/profile");
  await second.save.click();
  await saved;
  await page.reload();
  await expect(first.name).toHaveValue("Ana la segunda");
  await second.page.close();
});

test("a language that one tab chose is the other's with its next page, and nothing breaks until then", async ({ page, context, server }, info) => {
  const who = await somebody(server, info, "lengua");
  const id = `lengua-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", "Bomba");
  await signIn(page, who);
  await page.goto("/");
  const other = new Frame(await context.newPage());
  await other.page.goto("/settings");
  await other.switchLanguage();
  await expect(other.page.locator("html")).toHaveAttribute("lang", "en");
  const frame = new Frame(page);
  await frame.way("/devices").click();
  await expect(frame.heading).toHaveText("Equipos");
  await page.reload();
  await expect(frame.heading).toHaveText("Devices");
  await other.page.close();
});
