// The page of a device: its parts, what it sends as it comes, what was set aside, and a payload that is only tried.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { expectToFit } from "./support/layout.mjs";
import { DESKTOP, expect, expectAccessible, expectAccessibleInBothThemes, expectTouchable, meter, picture, signIn, test } from "./support/test.mjs";

const HOSTILE = '<img src=x onerror="document.title=1"> ñ 🔥 مرحبا';

test("the parts have their addresses, are walked by keyboard, and keep what was typed", async ({ page, server }, info) => {
  const { id, own } = await meter(server, info, "parts");
  own.publish({ power_w: 512.3, firmware_version: "1.8.2" });
  await own.end();
  const [device, history] = [new Device(page), new History(page)];
  await signIn(page);
  await page.goto(`/devices/${id}?range=24h`);
  const parts = page.getByRole("navigation", { name: "Partes de esta página" });
  await expect(history.title).toContainText("Potencia");
  await expect(history.drawing).toBeVisible();
  await parts.getByRole("link", { name: "Resumen" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(parts.getByRole("link", { name: "Mensajes" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => new URL(page.url()).search).toBe("?metric=&range=24h&tab=messages");
  await expect(page.getByRole("heading", { name: "Últimos mensajes" })).toBeVisible();
  await expect(history.whole).toBeHidden();
  await device.payload.fill("half a thought");
  await parts.getByRole("link", { name: "Mensajes" }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page.getByText("1.8.2")).toBeVisible();
  await expectAccessibleInBothThemes(page);
  await page.goBack();
  await expect(device.payload).toHaveValue("half a thought");
  await page.goBack();
  await expect(history.title).toContainText("Potencia");
  await expect(history.drawing).toBeVisible();
  await expect(parts.getByRole("link", { name: "Resumen" })).toHaveAttribute("aria-current", "page");
});

test("a message is seen as it comes, with what became of it, and whatever is in it stays text", async ({ page, server }, info) => {
  const name = `${HOSTILE} ${"x".repeat(230)}`;
  const { id, own } = await meter(server, info, "raw", name);
  const device = new Device(page);
  await signIn(page);
  await device.open(id, "messages");
  await expect(device.none).toBeVisible();
  own.publish({ power_w: 512.3, voltage_v: 127.1 });
  await expect(device.messages).toHaveCount(1);
  await expect(device.messages).toContainText("Potencia 512 W · Voltaje 127.1 V");
  await expect(device.messages).toContainText("QoS 1");
  await expect(device.messages.locator("pre")).toHaveText('{"power_w":512.3,"voltage_v":127.1}');
  own.publish({ note: HOSTILE, power_w: 1 });
  own.publish({ ts: 5, power_w: 1 });
  await expect(device.messages).toHaveCount(3);
  await expect(device.messages.first()).toContainText("el reloj del equipo no está puesto");
  await expect(device.messages.nth(1).locator("pre")).toHaveText(JSON.stringify({ note: HOSTILE, power_w: 1 }));
  await expect(device.aside).toHaveCount(1);
  await expect(page.getByRole("link", { name: "1 apartado" })).toBeVisible();
  await expect(device.heading).toHaveText(name);
  expect(await page.locator("main img").count()).toBe(0);
  await device.pause.click();
  await expect(device.pause).toHaveAttribute("aria-pressed", "true");
  // A page beside it that is not paused shows when another message would have been asked for, and then once more.
  const beside = new Device(await page.context().newPage());
  await beside.open(id, "messages");
  await expect(beside.messages).toHaveCount(3);
  own.publish({ power_w: 2 });
  await expect(beside.messages).toHaveCount(4);
  for (let round = 0; round < 2; round++) await beside.page.waitForRequest(/\/ui\/messages\?.*after=/);
  await beside.page.close();
  await expect(device.messages).toHaveCount(3);
  await device.pause.click();
  await expect(device.messages).toHaveCount(4);
  await expectToFit(page, [page.viewportSize().width, 320]);
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "device-messages");
  await own.end();
});

test("a payload is tried, good and bad, and nothing of it is stored", DESKTOP, async ({ page, server }, info) => {
  const { id, own } = await meter(server, info, "tried");
  const device = new Device(page);
  await signIn(page);
  await device.open(id, "messages");
  await expect(device.none).toBeVisible();
  await device.tryOut('{"power_w": 0, "voltage_v": -0.001, "energy_wh": 1e12, "model": "X"}');
  await expect(device.answer).toContainText("Se guardaría todo: 3 valores");
  await expect(device.answer).toContainText("1,000,000,000 kWh");
  await expectAccessible(page);
  for (const [payload, topic, why] of [
    ["", undefined, "No se guardaría nada"],
    ["power 5", undefined, "No se guardaría nada"],
    ['[{"ts": 5, "power_w": 1}, {"power_w": 7}]', undefined, "Se guardaría una parte"],
    ['{"power_w": NaN}', undefined, "No se guardaría nada"],
    [HOSTILE, undefined, "No se guardaría nada"],
    ["{}", "vigia/somebody-else/telemetry", "No se guardaría nada"],
    ["x".repeat(256 * 1024 + 1), `vigia/${id}/telemetry`, "No se guardaría nada"],
  ]) {
    await device.tryOut(payload, topic);
    await expect(device.answer).toContainText(why);
    await expect(device.refusals.first()).not.toBeEmpty();
    await device.tryOut('{"power_w": 1}', `vigia/${id}/telemetry`);
    await expect(device.answer).toContainText("Se guardaría todo: 1 valor");
  }
  await device.decoder.selectOption("shelly");
  await device.tryOut('{"id": 0, "apower": 12.5}', "kitchen/status/switch:0");
  await expect(device.answer).toContainText("Leído como Shelly (Gen2+)");
  own.publish({ power_w: 7.5 });
  await expect(device.messages).toHaveCount(1);
  await device.messages.getByRole("button", { name: "Probar" }).click();
  await expect(device.payload).toHaveValue('{"power_w":7.5}');
  await expect(device.decoder).toHaveValue("");
  await expect(device.payload).toBeFocused();
  await device.send.click();
  await expect(device.answer).toContainText("7.5 W");
  await expect(device.aside).toHaveCount(0);
  await own.end();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the parts, the messages and a trial are there", DESKTOP, async ({ page, server }, info) => {
    const { id, own } = await meter(server, info, "bare-parts");
    const device = new Device(page);
    await signIn(page);
    await device.open(id);
    await page.getByRole("link", { name: "Mensajes" }).click();
    own.publish({ power_w: 512.3 });
    own.publish({ power_w: {} });
    await expect(async () => {
      await page.getByRole("link", { name: "Ver los nuevos" }).click();
      await expect(device.messages).toHaveCount(2, { timeout: 500 });
    }).toPass();
    await expect(device.aside).toHaveCount(1);
    await device.topic.fill("vigia/somebody-else/telemetry");
    await device.decoder.selectOption("native");
    await device.tryOut(`\n{"power_w": 3, "note": "</textarea><b>"}`);
    await expect(device.answer).toContainText("Se guardaría todo");
    await expect(device.payload).toHaveValue(`\n{"power_w": 3, "note": "</textarea><b>"}`);
    await expect(device.decoder).toHaveValue("native");
    await device.tryOut("power 5");
    await expect(device.answer).toContainText("No se guardaría nada");
    // Sent beside the page: a browser is ten seconds and more about the lines of a megabyte that is typed.
    const form = { topic: "", decoder: "", payload: "x".repeat(1024 * 1024) };
    const large = await page.request.post(`/devices/${id}?tab=messages`, { form, headers: { origin: server.url } });
    expect(await large.text()).toContain("Es demasiado grande");
    await page.getByRole("link", { name: "El equipo" }).click();
    await expect(page.getByRole("heading", { name: "Lo que el equipo dice de sí" })).toBeVisible();
    await own.end();
  });
});
