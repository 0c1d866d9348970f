// What moves by itself, what stays in its place, and what stands there while something is on its way.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { List } from "./pages/list.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, meter, signIn, somebody, taken, test } from "./support/test.mjs";

test("an age counts up by itself, and says exactly when", DESKTOP, async ({ page, server }, info) => {
  const { id, own } = await meter(server, info, "ages");
  own.publish({ power_w: 5 });
  await own.end();
  const age = new List(page).row(id).locator("time.age");
  await page.clock.install();
  await signIn(page);
  await new List(page).open(`?q=${id}`);
  await taken(page);
  const exact = await age.getAttribute("title");
  expect(exact).toMatch(/\d{2}:\d{2}:\d{2}.*UTC/);
  const spoke = Date.parse(await age.getAttribute("datetime"));
  for (const [later, told] of [[50, /^hace 5[0-9]\ss$/], [3 * 60 + 5, /^hace 3\smin$/], [2 * 3_600 + 5, /^hace 2\sh/]]) {
    await page.clock.fastForward(Math.max(0, spoke + later * 1_000 - (await page.evaluate(() => Date.now()))));
    await expect(age).toHaveText(told);
  }
  await expect(age).toHaveAttribute("title", exact);
});

test("the head of a long list stays in sight, and its orders can be pressed there", DESKTOP, async ({ page, server }, info) => {
  const tag = `head${info.project.name}`;
  const owner = await somebody(server, info, "head", "customer");
  for (let n = 0; n < 24; n++) await server.verb("device", "add", `${tag}-${n}`, "--kind", "switch", "--owner", owner.email);
  const list = new List(page);
  await signIn(page, owner);
  await list.open();
  await taken(page);
  await expect(list.rows).toHaveCount(24);
  await list.rows.last().scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 5_000);
  const head = list.column("Último valor");
  await expect.poll(async () => Math.round((await head.boundingBox()).y)).toBe(0);
  expect((await list.rows.first().boundingBox()).y).toBeLessThan(-100);
  // Not below the rows: the link is what a press there meets.
  await head.getByRole("link").click();
  await expect(head).toHaveAttribute("aria-sort", "descending");
});

test("a page whose data takes its time has its shape in the meantime", async ({ page, server }, info) => {
  const { id, own } = await meter(server, info, "shape");
  own.publish({ power_w: 5 });
  await own.end();
  const [list, device, shape] = [new List(page), new Device(page), page.locator(".skeleton")];
  await signIn(page, await somebody(server, info, "shape"));
  await list.open(`?q=${id}`);
  await taken(page);
  let go;
  const gate = new Promise((open) => (go = open));
  await page.route("**/ui/device?*", async (route) => {
    await gate;
    await route.continue();
  });
  await list.link(id).click();
  await expect(shape).toBeVisible();
  await expect(shape.getByRole("heading", { level: 1 })).toHaveText("Cargando…");
  await expectAccessibleInBothThemes(page);
  go();
  await expect(device.value("power_w")).toHaveText("5.0");
  await expect(shape).toHaveCount(0);
});

test("an open table has rows whatever period is chosen, and the zone has its name on a page that was come to by a link", DESKTOP, async ({ page, server }, info) => {
  const { id, own } = await meter(server, info, "turned");
  const now = Date.now();
  own.publish(Array.from({ length: 60 }, (_, n) => ({ ts: now - n * 60_000, power_w: 300 + n })));
  await own.end();
  const [list, history] = [new List(page), new History(page)];
  await signIn(page, await somebody(server, info, "turned"));
  await list.open(`?q=${id}`);
  await taken(page);
  await list.link(id).click();
  await expect(history.summary).toContainText("La última hora");
  await history.zone.scrollIntoViewIfNeeded();
  await expect(history.zone).toContainText("America/Mexico_City");
  expect((await history.rows()).length).toBeGreaterThan(50);
  await history.range("24 h").click();
  await expect(history.summary).toContainText("Las últimas 24 horas");
  expect((await history.rows()).length).toBeGreaterThan(5);
});
