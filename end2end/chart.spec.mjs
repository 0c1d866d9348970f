// The chart: periods, closer looks, a second metric, its own past, what one takes along, and all of it without a pointer.
import { History } from "./pages/chart.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, pixelsOf, signIn, test } from "./support/test.mjs";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** Two days of a meter, a reading every half minute, with an outage from 22 to 16 minutes ago. */
async function meter(server, info, name) {
  const id = `${name}-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor Cocina");
  const device = server.device(id, token);
  const now = Date.now();
  for (let hours = 49; hours > 0; hours--) {
    const times = Array.from({ length: 120 }, (_, n) => now - hours * HOUR + n * 30_000);
    const taken = times.filter((ts) => ts < now - 22 * MINUTE || ts > now - 16 * MINUTE);
    device.publish(taken.map((ts) => ({ ts, power_w: ts > now - DAY ? 1200 : 1000, voltage_v: 127 + Math.sin(ts / HOUR), energy_wh: (ts - now + 3 * DAY) / 1000 })));
  }
  await device.end();
  return { id, now };
}

test("every period has its address, and back works", DESKTOP, async ({ page, server }, info) => {
  const { id } = await meter(server, info, "periods");
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  await expect(history.summary).toContainText("La última hora");
  await expect(history.summary).toContainText("Falta 1 tramo");
  for (const [name, word] of [["24 h", "24h"], ["7 d", "7d"], ["30 d", "30d"], ["1 año", "1y"]]) {
    await page.getByRole("link", { name, exact: true }).click();
    await expect.poll(() => history.address.get("range")).toBe(word);
  }
  await page.goBack();
  await expect(history.summary).toContainText("Los últimos 30 días");
  await page.getByRole("link", { name: "1 h", exact: true }).click();
  await page.getByRole("link", { name: "Periodo anterior" }).click();
  await expect(history.summary).toContainText("Del ");
  await expect(history.summary).toContainText("Sin huecos");
  await page.getByRole("link", { name: "Periodo siguiente" }).click();
  await expect.poll(() => history.address.get("range")).toBe("1h");
  await page.locator(".own > summary").click();
  await picture(page, info, "chart-own");
  await page.locator("input[name=from]").fill("2026-01-01T00:00");
  await page.locator("input[name=to]").fill("2026-01-02T00:00");
  await page.locator(".own__form button").click();
  await expect(history.summary).toContainText("En este periodo no llegó ninguna lectura");
  expect(history.address.get("from")).toMatch(/^20\d\d-.*Z$/);
  await expectAccessibleInBothThemes(page);
});

test("a closer look asks for finer points, and leads back", async ({ page, server }, info) => {
  const { id } = await meter(server, info, "closer");
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?range=24h");
  await expect(page.locator(".history h2")).toContainText("5 min");
  const width = page.locator(".history h2");
  if (info.project.name === "phone") {
    await history.canvas.focus();
    // Each step is half of the one before: 12, 6 and 3 hours.
    for (const minutes of [720, 360, 180]) {
      await page.keyboard.press("+");
      await expect.poll(() => history.closer).toBe(minutes);
    }
  } else await history.brush(0.4, 0.5);
  await expect.poll(() => history.address.get("zoom")).toBeTruthy();
  await expect(width).toContainText("30 s");
  const closer = history.page.locator("[data-whole]");
  await expect(closer).toBeVisible();
  await expect.poll(() => pixelsOf(page.locator("canvas").first(), "--c1")).toBeGreaterThan(100);
  await closer.click();
  await expect(page.locator(".history h2")).toContainText("5 min");
  expect(history.address.get("zoom")).toBeNull();
});

test("quick presses add up, and a part that is drawn beyond the edge is the part up to it", DESKTOP, async ({ page, server }, info) => {
  const { id } = await meter(server, info, "hands");
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?range=24h");
  await history.canvas.focus();
  for (let press = 0; press < 3; press++) await page.keyboard.press("+");
  await expect.poll(() => history.closer).toBe(180);
  await page.locator("[data-whole]").click();
  await expect.poll(() => history.address.get("zoom")).toBeNull();
  if (info.project.name === "phone") return;
  await expect(page.locator(".history h2")).toContainText("5 min");
  const { x, y, width, height } = await history.canvas.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.8, y + height / 2, { steps: 3 });
  await expect(page.locator(".chart__brush")).toBeVisible();
  // Out of the chart, below it and to its right; and let go of there.
  await page.mouse.move(x + width + 20, y + height + 60, { steps: 3 });
  await page.mouse.up();
  await expect(page.locator(".chart__brush")).toBeHidden();
  await expect.poll(() => history.address.get("zoom")).toBeTruthy();
  expect(Math.abs(new Date(history.address.get("zoom").split("..")[1]) - Date.now())).toBeLessThan(HOUR);
});

test("whoever goes on before what was asked for has come arrives where they went last", DESKTOP, async ({ page, server }, info) => {
  const { id } = await meter(server, info, "hasty");
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?range=24h");
  let asked = 0;
  await page.route("**/ui/series*", async (route) => {
    const response = await route.fetch();
    await new Promise((done) => setTimeout(done, 100 + 70 * (++asked % 4)));
    // Who asked may have gone on.
    await route.fulfill({ response }).catch(() => {});
  });
  await history.canvas.focus();
  for (let round = 0; round < 3; round++) {
    for (const [at, key] of ["+", "+", "+", "Escape", "Shift+ArrowLeft"].entries()) {
      await page.keyboard.press(key);
      await page.waitForTimeout(40 * ((round + at) % 4));
    }
  }
  await page.getByRole("link", { name: "30 d", exact: true }).click();
  await expect(history.summary).toContainText("Los últimos 30 días");
});

test("a closer look is compared with the same part of the period before, and not with its own", DESKTOP, async ({ page, server }, info) => {
  const id = `week-${info.project.name}`;
  const device = server.device(id, await server.verb("device", "add", id, "--kind", "energy_meter"));
  const now = Date.now();
  for (const [back, power_w] of [[0, 1000], [1, 500], [7, 250]]) {
    device.publish(Array.from({ length: 240 }, (_, n) => ({ ts: now - back * DAY - n * MINUTE, power_w })));
  }
  await device.end();
  const history = new History(page);
  const text = (at) => new Date(at).toISOString().replace(/\.\d+/, "");
  await signIn(page);
  await history.open(id, `?range=7d&compare=1&zoom=${text(now - 3 * HOUR)}..${text(now - HOUR)}`);
  await expect(page.locator(".legend")).toContainText("la semana anterior");
  await expect(history.summary).toContainText("la semana anterior");
  await expect(page.locator("#twin thead")).toContainText("la semana anterior");
  const rows = (await history.rows()).filter((row) => row.length === 6);
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.every((row) => row[1].startsWith("1,000") && row[5].startsWith("250"))).toBe(true);
});

test("a second metric and its own past stand beside it, in the legend, the sentence and the table", async ({ page, server }, info) => {
  const { id } = await meter(server, info, "beside");
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?range=24h");
  await page.locator("select[name=other]").selectOption("voltage_v");
  await expect(page.locator(".legend")).toContainText("Voltaje (V), eje derecho");
  await page.getByRole("link", { name: "Comparar: el día anterior" }).click();
  await expect(page.locator(".legend")).toContainText("el día anterior");
  await expect(history.summary).toContainText(/Es (19|20)(\.\d)?\s% más que el día anterior/);
  await expect.poll(() => pixelsOf(page.locator("canvas").first(), "--c2")).toBeGreaterThan(50);
  const rows = await history.rows();
  expect(rows.every((row) => row.length === 7 || row.length === 2)).toBe(true);
  expect(rows.at(-2)[1]).toContain("1,200");
  expect(rows.at(-2)[6]).toContain("1,000");
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "chart-beside");
});

test("the curve is read by keyboard, and goes where the keys say", DESKTOP, async ({ page, server }, info) => {
  const { id } = await meter(server, info, "keys");
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  await history.canvas.focus();
  await page.keyboard.press("End");
  await expect(history.said).toContainText("1,200");
  const last = await history.said.textContent();
  await page.keyboard.press("ArrowLeft");
  await expect(history.said).not.toHaveText(last);
  await page.keyboard.press("Home");
  const first = await history.said.textContent();
  expect(first).not.toBe(last);
  await page.keyboard.press("Shift+ArrowLeft");
  await expect.poll(() => history.address.get("from")).toBeTruthy();
  await expect(history.canvas).toBeFocused();
});

test("a gap says why, a finger points at an instant, and the table is turned by hundreds", async ({ page, server }, info) => {
  const { id, now } = await meter(server, info, "why");
  const other = `heard-${info.project.name}`;
  const device = server.device(other, await server.verb("device", "add", other, "--kind", "switch"));
  device.publish(Array.from({ length: 60 }, (_, n) => ({ ts: now - n * MINUTE, power_w: 5 })));
  await device.end();
  const history = new History(page);
  await signIn(page);
  await history.open(id);
  await expect(history.summary).toContainText("del equipo no llegó nada, de otros sí");
  if (info.project.name === "phone") {
    await history.canvas.tap({ position: { x: 120, y: 80 } });
    await expect(history.said).toContainText("1,200");
    await expect(page.locator(".chart__readout")).toContainText("1,200");
  }
  expect((await history.rows()).filter((row) => row[1]?.includes("del equipo no llegó nada"))).toHaveLength(1);
  await page.getByRole("link", { name: "24 h", exact: true }).click();
  await expect(page.locator(".twin__turn")).toContainText("1 a 100 de 2");
  // As RFC 3339: "30 nov" stands before "1 dic" in no order of letters.
  const instant = () => history.twin.locator("tbody time").first().getAttribute("datetime");
  await history.rows();
  const newest = await instant();
  await page.locator(".twin__turn").getByRole("link", { name: "Más antiguas" }).click();
  await expect(page.locator(".twin__turn")).toContainText("101 a 200 de 2");
  expect(history.address.get("rows")).toBe("2");
  await expect.poll(async () => (await instant()) < newest).toBe(true);
  await expectAccessibleInBothThemes(page);
  await page.locator(".twin__turn").getByRole("link", { name: "Más nuevas" }).click();
  await expect(page.locator(".twin__turn")).toContainText("1 a 100 de 2");
});

test("what is seen can be taken along: every reading, and an image", DESKTOP, async ({ page, server }, info) => {
  const { id, now } = await meter(server, info, "along");
  const history = new History(page);
  await signIn(page);
  await history.open(id, "?other=voltage_v");
  const csv = await history.download(() => page.getByRole("link", { name: "CSV" }).click());
  const lines = csv.bytes.toString().trimEnd().split("\r\n").map((line) => line.split(","));
  expect(lines[0]).toEqual(["time_local", "time_utc", "metric", "value", "unit"]);
  const power = lines.filter(([, , metric]) => metric === "power_w");
  expect(power.length).toBeGreaterThan(100);
  expect(lines.filter(([, , metric]) => metric === "voltage_v")).toHaveLength(power.length);
  for (const [local, utc, , value, unit] of power) {
    expect(new Date(local).getTime()).toBe(new Date(utc).getTime());
    expect(Math.abs(new Date(utc) - now)).toBeLessThan(HOUR + 5 * MINUTE);
    expect([value, unit]).toEqual(["1200", "W"]);
  }
  const image = await history.download(() => page.getByRole("button", { name: "PNG" }).click());
  expect(image.name).toMatch(/^Potencia.*\.png$/);
  expect(image.bytes.subarray(1, 4).toString()).toBe("PNG");
  expect(image.bytes.length).toBeGreaterThan(5_000);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("an own period, a second metric and the readings themselves are there", DESKTOP, async ({ page, server }, info) => {
    const { id, now } = await meter(server, info, "bare");
    await signIn(page);
    await page.goto(`/devices/${id}`);
    const text = (at) => new Date(at).toISOString().slice(0, 16);
    await page.locator(".own > summary").click();
    await page.locator("input[name=from]").fill(text(now - 10 * HOUR));
    await page.locator("input[name=to]").fill(text(now - 8 * HOUR));
    await page.locator(".own__form button").click();
    await expect(page.locator(".history__summary")).toContainText("promedio en el tiempo 1,200 W");
    await page.locator("select[name=other]").selectOption("voltage_v");
    await page.locator(".second button").click();
    await expect(page.locator(".legend")).toContainText("Voltaje");
    expect(new URL(page.url()).searchParams.get("from")).toContain("T");
  });
});
