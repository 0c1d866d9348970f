// The way of a reading, from mosquitto_pub to the number and the chart.
import { expect, expectAccessible, expectAccessibleInBothThemes, expectTouchable, picture, pixelsOf, signIn, test } from "./support/test.mjs";

test("the number and the chart move without a reload", async ({ page, server }, info) => {
  const id = `live-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor Cocina");
  const device = server.device(id, token);
  const now = Date.now();
  device.publish(Array.from({ length: 120 }, (_, n) => ({ ts: now - (130 - n) * 20_000, power_w: 400 + 100 * Math.sin(n / 9), voltage_v: 127 })));
  await signIn(page);
  await page.goto(`/devices/${id}`);
  const number = page.locator("[data-metric=power_w] [data-value]");
  await expect(page.locator("canvas").first()).toBeVisible();
  const before = await page.locator("canvas").first().evaluate((canvas) => canvas.toDataURL());
  for (const power of [1111, 2222, 1234]) {
    device.publish({ power_w: power, voltage_v: 126.4 });
    await expect(number).toHaveText(power.toLocaleString("en-US"));
  }
  await expect.poll(() => page.locator("canvas").first().evaluate((canvas) => canvas.toDataURL())).not.toBe(before);
  await picture(page, info, "device-live");
  await expectAccessible(page);
  await page.goto("/devices");
  const row = page.locator(`[data-device=${id}] [data-value]`);
  device.publish({ power_w: 777 });
  await expect(row).toContainText("777");
  await picture(page, info, "devices");
  if (info.project.name === "phone") await expectTouchable(page);
  await expectAccessibleInBothThemes(page);
  await device.end();
});

test("what was not taken stands on the device's page, as text", async ({ page, server }, info) => {
  const id = `odd-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "<b>Medidor</b> & «Ñ»");
  const device = server.device(id, token);
  device.publish({ ts: 5, power_w: 1 });
  device.publish("<script>alert(1)</script>");
  device.publish({ power_w: 5, firmware_version: "<img src=x onerror=alert(1)>" });
  await device.end();
  await signIn(page);
  await page.goto(`/devices/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("<b>Medidor</b> & «Ñ»");
  await expect(page.getByText("La hora 1970-01-01T00:00:05.000Z es anterior a 2000: el reloj del equipo no está puesto.")).toBeVisible();
  await expect(page.getByText("El mensaje es un texto, y ahí va un objeto.")).toBeVisible();
  await expect(page.getByText("<script>alert(1)</script>")).toBeVisible();
  await expect(page.getByText("<img src=x onerror=alert(1)>")).toBeVisible();
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "device-quarantine");
  if (info.project.name === "phone") await expectTouchable(page);
  await page.locator("[popovertarget=account-sheet]").click();
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByText("is before 2000: the device's clock is not set.")).toBeVisible();
});

test("a history goes as far back as a year, and a clock that is off is told of", async ({ page, server }, info) => {
  const id = `old-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor de la bodega");
  const device = server.device(id, token);
  const [now, day] = [Date.now(), 86_400_000];
  // Two readings an hour, a third of a year long, the last of them days ago.
  for (let n = 0; n < 120; n++) {
    device.publish(Array.from({ length: 48 }, (_, half) => ({ ts: now - (125 - n) * day + half * 1_800_000, power_w: 300 + n + half })));
  }
  // A clock that is two minutes ahead, in messages that come as time goes by.
  for (let n = 0; n < 6; n++) {
    device.publish({ ts: Date.now() + 125_000, power_w: 500 });
    await new Promise((done) => setTimeout(done, 1_100));
  }
  await signIn(page);
  await page.goto(`/devices/${id}`);
  await expect(page.locator("[data-clock]")).toContainText("2 min 5 s adelantado");
  for (const [name, told, missing] of [["30 d", "Los últimos 30 días", "Falta 1 tramo"], ["1 año", "El último año", "Faltan 2 tramos"]]) {
    await page.getByRole("link", { name, exact: true }).click();
    await expect(page.locator(".history__summary")).toContainText(told);
    await expect(page.locator(".history__summary")).toContainText(missing);
  }
  await expect(page.locator("canvas").first()).toBeVisible();
  await expect.poll(() => pixelsOf(page.locator("canvas").first(), "--c1")).toBeGreaterThan(100);
  await expectAccessible(page);
  await picture(page, info, "device-year");
  await device.end();
});

test("the chart follows the theme while it is open: the system's, and the switch's", async ({ page, server }, info) => {
  const id = `dusk-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter");
  const device = server.device(id, token);
  const now = Date.now();
  device.publish(Array.from({ length: 120 }, (_, n) => ({ ts: now - (130 - n) * 20_000, power_w: 400 + 100 * Math.sin(n / 9) })));
  await device.end();
  await page.emulateMedia({ colorScheme: "light" });
  await signIn(page);
  await page.goto(`/devices/${id}`);
  const canvas = page.locator("canvas").first();
  const drawn = (token) => expect.poll(() => pixelsOf(canvas, token)).toBeGreaterThan(100);
  await drawn("--c1");
  await page.emulateMedia({ colorScheme: "dark" });
  await drawn("--c1");
  await page.locator("[popovertarget=account-sheet]").click();
  await page.getByRole("button", { name: "Claro" }).click();
  await drawn("--c1");
});

test("from publish to the number in the page in under 300 ms, 95 times of 100", async ({ page, server }, info) => {
  const id = `quick-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter");
  const device = server.device(id, token);
  device.publish({ power_w: 1 });
  await signIn(page);
  await page.goto(`/devices/${id}`);
  const number = page.locator("[data-metric=power_w] [data-value]");
  await expect(page.locator("canvas").first()).toBeVisible();
  // The page notes the moment at which each number stands there; both clocks are this machine's.
  await number.evaluate((element) => {
    window.seen = {};
    new MutationObserver(() => (window.seen[element.textContent.replace(",", "")] ??= Date.now())).observe(element, {
      characterData: true,
      childList: true,
      subtree: true,
    });
  });
  const published = {};
  for (let n = 0; n < 100; n++) {
    const power = 3000 + n;
    published[power] = Date.now();
    device.publish({ power_w: power });
    await new Promise((done) => setTimeout(done, 60));
  }
  await expect(number).toHaveText("3,099");
  const seen = await page.evaluate(() => window.seen);
  const times = Object.keys(published).map((power) => (seen[power] ?? Infinity) - published[power]).sort((a, b) => a - b);
  const p95 = times[Math.floor(times.length * 0.95) - 1];
  info.annotations.push({ type: "publish to DOM", description: `p50 ${times[49]} ms, p95 ${p95} ms` });
  console.log(`publish to DOM: p50 ${times[49]} ms, p95 ${p95} ms`);
  expect(p95).toBeLessThan(300);
  await device.end();
});
