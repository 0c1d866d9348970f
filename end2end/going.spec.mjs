// What the chart says is true: at the moment at which one looks, in one unit for each axis, and in the image that one takes along.
import { History } from "./pages/chart.mjs";
import { expect, expectAccessibleInBothThemes, picture, pixelsOf, placesOf, signIn, test } from "./support/test.mjs";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** A meter that has spoken every ten seconds until now, or until its own now; `said`: what it says, by how long ago that is. */
async function meter(server, info, name, said, { hours = 1, ahead = 0 } = {}) {
  const id = `${name}-${info.project.name}`;
  const device = server.device(id, await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor Bodega"));
  const now = Date.now() + ahead;
  for (let hour = hours; hour > 0; hour--) {
    device.publish(Array.from({ length: 360 }, (_, n) => now - hour * HOUR + (n + 1) * 10_000).map((ts) => ({ ts, ...said(now - ts) })));
  }
  return { id, device, now };
}

test("lines on one axis are drawn in one unit, which the heading, the legend and the image have, too", async ({ page, server }, info) => {
  const { id, device } = await meter(server, info, "scale", (ago) => ({ power_w: ago > 12 * HOUR ? 110_000 : 90_000 }), { hours: 26 });
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?compare=1");
  await expect(history.unit).toHaveText("kW · promedio de 10 s");
  await expect(history.legend).toContainText("Potencia (kW)");
  const canvas = page.locator("canvas").first();
  const line = (token) => placesOf(canvas, token, { from: 0.2, to: 0.9 });
  await expect.poll(async () => (await line("--chart-before")).count).toBeGreaterThan(50);
  const [today, yesterday] = [await line("--c1"), await line("--chart-before")];
  // 90 of 120 kW, and 110 of them above.
  expect(today.top).toBeGreaterThan(yesterday.bottom);
  expect(yesterday.bottom).toBeLessThan(0.3);
  expect(today.bottom).toBeLessThan(0.5);
  expect((await history.download(() => history.png.click())).name).toMatch(/^Potencia--kW-/);
  await picture(page, info, "chart-one-unit");
  await device.end();
});

test("what comes live moves the unit, the axis and the sentence together", async ({ page, server }, info) => {
  const { id, device } = await meter(server, info, "steps", () => ({ power_w: 90_000 }));
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  await expect(history.unit).toHaveText("W · promedio de 10 s");
  await expect(history.summary).toContainText("máximo 90,000 W");
  device.publish({ power_w: 300_000 });
  await expect(history.unit).toHaveText("kW · promedio de 10 s");
  await expect(history.summary).toContainText("máximo 300.0 kW");
  await expect.poll(async () => (await history.rows())[0].join(" ")).toMatch(/300\.0\skW/);
  expect((await history.download(() => history.png.click())).name).toMatch(/^Potencia--kW-/);
  await device.end();
});

test("a device that falls silent has a gap, and whoever knows why is asked", async ({ page, server }, info) => {
  const { id, device } = await meter(server, info, "silent", () => ({ power_w: 1000 }));
  await device.end();
  const history = new History(page);
  await page.clock.install();
  await signIn(page);
  await history.open(id);
  await expect(history.summary).toContainText("Sin huecos");
  const canvas = page.locator("canvas").first();
  await expect.poll(() => pixelsOf(canvas, "--c1")).toBeGreaterThan(100);
  const end = (await placesOf(canvas, "--c1")).right;
  // The server's clock does not go with the browser's, so its answer is put as it would be by then.
  const later = 10 * MINUTE;
  let asked = 0;
  await page.route("**/ui/series*", async (route) => {
    asked++;
    const response = await route.fetch();
    const stretch = await response.json();
    const begin = Date.parse(stretch.main.points.at(-1).at) + 10_000;
    const now_ms = stretch.now_ms + later;
    stretch.main.gaps = [{ from: new Date(begin).toISOString(), to: new Date(now_ms).toISOString() }];
    await route.fulfill({ response, json: { ...stretch, now_ms, from_ms: now_ms - HOUR, to_ms: now_ms, causes: [{ from_ms: begin, cause: "silent" }] } });
  });
  await page.clock.fastForward(later);
  await expect(history.summary).toContainText("Falta 1 tramo de datos, 10 min");
  await expect(history.summary).toContainText("del equipo no llegó nada, de otros sí");
  expect(asked).toBe(1);
  // The axis has gone on, and the line has stayed behind.
  await expect.poll(async () => (await placesOf(canvas, "--c1")).right).toBeLessThan(end - 0.1);
  await expect.poll(() => pixelsOf(canvas, "--chart-band")).toBeGreaterThan(1_000);
  await expect.poll(async () => (await history.rows())[0].join(" ")).toMatch(/sin datos durante 10\smin.*: del equipo no llegó nada/);
  await picture(page, info, "chart-silent");
  await expectAccessibleInBothThemes(page);
});

test("what has left the chart is not spoken of any more", async ({ complaints, page, server }, info) => {
  complaints.expect(404, "/ui/series");
  const { id, device } = await meter(server, info, "leaves", (ago) => ({ power_w: ago > 50 * MINUTE ? 7000 : 1000 }));
  const history = new History(page);
  await page.clock.install();
  await signIn(page);
  await history.open(id);
  await expect(history.summary).toContainText(/máximo 7,000/);
  // What the server says of its own time would lead back to it.
  await page.route("**/ui/series*", (route) => route.fulfill({ status: 404, body: "" }));
  await page.clock.fastForward(20 * MINUTE);
  await expect(history.summary).toContainText(/máximo 1,000/);
  await device.end();
});

test("a clock that is five minutes ahead has no gap where there are readings", async ({ page, server }, info) => {
  const ahead = 5 * MINUTE;
  const { id, device } = await meter(server, info, "ahead", () => ({ power_w: 1000 }), { ahead });
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  await expect(history.summary).toContainText("Sin huecos");
  device.publish({ ts: Date.now() + ahead, power_w: 2000 });
  await expect(history.summary).toContainText(/máximo 2,000/);
  await expect(history.summary).toContainText("Sin huecos");
  const canvas = page.locator("canvas").first();
  await expect.poll(() => pixelsOf(canvas, "--c1")).toBeGreaterThan(100);
  // A pixel between a letter and the ground may have its colour by chance.
  expect(await pixelsOf(canvas, "--chart-band")).toBeLessThan(20);
  // To the end of the axis, where the newest is; and the file goes as far.
  expect((await placesOf(canvas, "--c1")).right).toBeGreaterThan(0.9);
  expect((await history.download(() => history.csv.click())).bytes.toString()).toMatch(/,power_w,2000,W\r?$/m);
  await device.end();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the image says which line is which, ${colorScheme}`, async ({ page, server }, info) => {
    const { id, device } = await meter(server, info, `image-${colorScheme}`, (ago) => ({ power_w: 900 + (ago % 7), voltage_v: 127 }), { hours: 26 });
    await device.end();
    await page.emulateMedia({ colorScheme });
    const history = new History(page);
    await signIn(page);
    await history.open(id, "?other=voltage_v&compare=1");
    const canvas = page.locator("canvas").first();
    await expect.poll(() => pixelsOf(canvas, "--c2")).toBeGreaterThan(50);
    const { bytes } = await history.download(() => history.png.click());
    // The marks stand one below the other at the left, above the curve.
    const wide = (await canvas.boundingBox()).width;
    const marks = await Promise.all(["--c1", "--c2", "--chart-before"].map((token) => placesOf(canvas, token, { to: 60 / wide, image: bytes })));
    const tops = marks.map(({ top, height }) => (top * height) / 2);
    expect(marks.every(({ count }) => count > 20)).toBe(true);
    expect(tops[0] < tops[1] && tops[1] < tops[2] && tops[2] < 120, `${tops}`).toBe(true);
    // The title is gone again from the page's own.
    expect((await placesOf(canvas, "--c2", { to: 25 / wide })).count).toBe(0);
  });
}

test("an own period that ends before it begins says why it is none", async ({ page, server }, info) => {
  const { id, device } = await meter(server, info, "own", () => ({ power_w: 1000 }));
  await device.end();
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  for (const to of ["2026-01-02T00:00", "2026-01-01T00:00"]) {
    await history.fillOwn("2026-01-02T00:00", to);
    await history.show.click();
    await expect(history.wrong).toHaveText("El final tiene que ser después del principio.");
    await expect(history.to).toBeFocused();
    await expect(history.to).toHaveAttribute("aria-invalid", "true");
    expect(history.address.get("from")).toBeNull();
  }
  await expectAccessibleInBothThemes(page);
  await history.to.fill("2026-01-03T00:00");
  await expect(history.wrong).toBeEmpty();
  await history.show.click();
  await expect.poll(() => history.address.get("from")).toBeTruthy();
});

test.describe("fingers", () => {
  test.skip(({ isMobile }) => !isMobile, "a screen that is touched");

  test("two that part ask for finer points, and one that wipes leads to the earlier period", async ({ page, server }, info) => {
    const { id, device } = await meter(server, info, "fingers", () => ({ power_w: 1000 }), { hours: 3 });
    await device.end();
    const history = new History(page);
    await signIn(page);
    await history.open(id, "?range=24h");
    await expect(history.unit).toContainText("5 min");
    const asked = page.waitForRequest(/\/ui\/series.*zoom=/);
    await history.glide([0.55, 0.3], [0.65, 0.9]);
    await asked;
    await expect.poll(() => history.closer).toBeGreaterThan(0);
    expect(history.closer).toBeLessThan(DAY / MINUTE / 2);
    await expect(history.unit).not.toContainText("5 min");
    await page.locator("[data-whole]").click();
    await expect.poll(() => history.address.get("zoom")).toBeNull();
    await expect(history.unit).toContainText("5 min");

    await history.glide([0.3, 0.8]);
    await expect.poll(() => history.address.get("from")).toBeTruthy();
    expect(Math.abs(Date.parse(history.address.get("to")) - (Date.now() - DAY))).toBeLessThan(2 * MINUTE);
    await expect(history.summary).toContainText("En este periodo no llegó ninguna lectura");
    await history.glide([0.8, 0.3]);
    await expect.poll(() => history.address.get("range")).toBe("24h");
  });
});
