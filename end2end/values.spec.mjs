// Numbers at the edge of what a number is, and clocks elsewhere: the same in every place that shows them, in both languages.
import { History } from "./pages/chart.mjs";
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { expectToFit } from "./support/layout.mjs";
import { expect, picture, signIn, test } from "./support/test.mjs";

const [MINUTE, HOUR] = [60_000, 3_600_000];
const MONTHS = "ene feb mar abr may jun jul ago sep oct nov dic".split(" ");

/** As a page in Spanish writes `2026-01-31T22:06`, or its day alone. */
const written = (wall) => `${Number(wall.slice(8, 10))} ${MONTHS[Number(wall.slice(5, 7)) - 1]} ${wall.slice(0, 4)}${wall.slice(10).replace("T", ", ")}`;

/** What is sent, what stands on its card, and its number for programs. */
const VALUES = [
  ["power_w", 0, "0 W", "0"],
  ["current_a", -0.001, "−0.001 A", "-0.001"],
  ["energy_wh", 1e12, "1,000,000,000 kWh", "1000000000000"],
  ["count", 1e12, "1e12", "1000000000000"],
  ["small", 1e-9, "1e−9", "0.000000001"],
  ["lean", -0.001, "−0.001", "-0.001"],
  ["minus", "-0", "0", "-0"],
  ["huge", 1e300, "1e300", "1" + "0".repeat(300)],
];

/** A device that says all of them twice in the last minutes, as its firmware would write them. */
async function odd(server, info, name) {
  const id = `${name}-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", `Raro ${id}`);
  const device = server.device(id, token);
  const now = Date.now();
  for (const ago of [3, 1]) {
    const values = VALUES.map(([metric, value]) => `"${metric}":${typeof value === "string" ? value : JSON.stringify(value)}`);
    device.line(`{"ts":${now - ago * MINUTE},${values.join(",")},"gone":null}`);
  }
  device.line('{"power_w": NaN}');
  await device.end();
  return { id, now };
}

test("values at the edge are told honestly, in both languages, as cards, curve, table and file", async ({ page, server }, info) => {
  // Every value on every page, twice.
  test.slow();
  const { id } = await odd(server, info, "odd");
  const eva = { email: `odd-${info.project.name}@example.org`, password: "correct horse battery" };
  await server.user(eva.email, "admin", eva.password);
  await signIn(page, eva);
  const [device, history, frame, list] = [new Device(page), new History(page), new Frame(page), new List(page)];
  for (const lang of ["es", "en"]) {
    await device.open(id);
    await expect(page.locator("html")).toHaveAttribute("lang", lang);
    for (const [metric, , shown] of VALUES) {
      await expect(device.figure(metric).locator(".figure__value")).toHaveText(shown);
    }
    await expect(device.figure("gone")).toHaveCount(0);
    await history.drawn();
    await expectToFit(page, [320, 390, 1440], "the cards");
    await picture(page, info, `values-${lang}`);
    for (const [metric, , shown, exact] of VALUES) {
      await history.open(id, `?metric=${metric}`);
      const [number] = shown.split(" ");
      await expect(history.summary).toContainText(number);
      await expect(history.summary).not.toContainText(/NaN|undefined|inf/);
      // The newest row: from, mean, least, most, readings.
      const row = (await history.rows()).find((row) => row.length === 5);
      expect(row.slice(1, 4).join(" "), metric).toContain(number);
      const text = await page.evaluate(async (href) => (await fetch(href)).text(), await history.csv.getAttribute("href"));
      expect(text).toContain(`,${metric},${exact},`);
    }
    await history.canvas.focus();
    await page.keyboard.press("End");
    await expect(history.said).toContainText("1e300");
    await device.open(id, "messages");
    await expect(device.aside).toHaveCount(1);
    await list.open(`?q=${id}`);
    await expect(list.value(id)).toHaveText("0");
    await expect(list.row(id).locator(".spark path")).not.toHaveAttribute("d", /NaN|inf/);
    await expectToFit(page, [320, 390, 1440], "the list");
    if (lang === "es") await frame.switchLanguage();
  }
});

test("the last hour's picture holds any value, and what nobody knows is a dash", async ({ page, server }, info) => {
  const tag = `linea${info.project.name}`;
  for (const [place, value] of [0, -0.001, 1e12, "-0", 1e-9, 1e300].entries()) {
    const token = await server.verb("device", "add", `${place}-${tag}`, "--kind", "other", "--name", `${tag} ${place}`);
    const device = server.device(`${place}-${tag}`, token);
    device.line(`{"level_x":${value}}`);
    await device.end();
  }
  await server.verb("device", "add", `none-${tag}`, "--kind", "other", "--name", `${tag} nada`);
  await signIn(page);
  const list = new List(page);
  await list.open(`?q=${tag}`);
  const shown = ["0", "−0.001", "1e12", "0", "1e−9", "1e300"];
  for (const [place, number] of shown.entries()) {
    const id = `${place}-${tag}`;
    await expect(list.value(id)).toHaveText(number);
    const path = (await list.row(id).locator(".spark path").getAttribute("d")) ?? "";
    const heights = [...path.matchAll(/[M ]\d+ (-?[\d.]+)/g)].map(([, y]) => Number(y));
    for (const y of heights) expect(y >= 0 && y <= 60, `${number}: ${path}`).toBe(true);
    expect(path).not.toMatch(/NaN|inf/);
  }
  await expect(list.value(`none-${tag}`)).toHaveText("—");
  await expectToFit(page, [320, 390, 1440]);
  await picture(page, info, "values-list");
});

test("digits stand together on any screen, as many as they are", async ({ page, server }, info) => {
  test.skip(info.project.name !== "desktop", "the widths are its own");
  const lea = { email: "cifras@example.org", password: "correct horse battery" };
  await server.user(lea.email, "customer", lea.password);
  for (const [id, value] of [["cifras", 1e12], ["cifras-menos", -987_654_321_098_765]]) {
    const device = server.device(id, await server.verb("device", "add", id, "--kind", "other", "--name", `Registro del pozo ${id}`, "--owner", lea.email));
    device.publish({ energy_wh: value });
    await device.end();
  }
  await signIn(page, lea);
  const widths = [320, 390, 768, 1024, 1440];
  /** Each number is one line, and as wide as its card at most. */
  const expectWhole = async (place) => {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      const broken = () =>
        page.locator("[data-value]").evaluateAll((all) =>
          all.filter((number) => {
            const [card, own] = [number.closest("li, td, .figure").getBoundingClientRect(), number.getBoundingClientRect()];
            const lines = new Set([...number.getClientRects()].map(({ top }) => Math.round(top)));
            return lines.size !== 1 || own.height > 1.6 * parseFloat(getComputedStyle(number).fontSize) * 1.3 || own.right > card.right + 1 || own.left < card.left - 1;
          }).map((number) => number.textContent),
        );
      await expect.poll(broken, `${place} at ${width} px`).toEqual([]);
      await expectToFit(page, [width], place);
      if (width === 320) await picture(page, info, `digits-${place}`);
    }
  };
  for (const [place, address] of [["home", "/"], ["list", "/devices"], ["device", "/devices/cifras"]]) {
    await page.goto(address);
    await expect(page.locator("[data-value]").filter({ hasText: "1,000,000,000" })).toBeVisible();
    await expectWhole(place);
  }
});

for (const [zone, told, hours] of [["Pacific/Kiritimati", "UTC+14:00", 14], ["America/Los_Angeles", /UTC−0[78]:00/, undefined]]) {
  test.describe(`a browser in ${zone}`, () => {
    test.use({ timezoneId: zone });

    test("says whose hours it shows, and asks for what was meant by them", async ({ page, server }, info) => {
      const id = `${zone.split("/")[1].toLowerCase()}-${info.project.name}`;
      const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor lejano");
      const device = server.device(id, token);
      const now = Date.now();
      device.publish(Array.from({ length: 60 }, (_, n) => ({ ts: now - n * MINUTE, power_w: 300 + n })));
      device.publish("nonsense");
      await device.end();
      await signIn(page);
      const history = new History(page);
      await history.open(id);
      await expect(history.zone).toContainText(told);
      await history.own.click();
      await expect(page.locator(".own__form label").first()).toContainText(told);
      // Two hours around now, in the hours of this browser.
      const local = (at) => page.evaluate((at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16), at);
      const [from, to] = [Math.floor(now / MINUTE) * MINUTE - HOUR, Math.floor(now / MINUTE) * MINUTE + HOUR];
      await history.fillOwn(await local(from), await local(to));
      await history.show.click();
      await expect.poll(() => Date.parse(history.address.get("from"))).toBe(from);
      expect(Date.parse(history.address.get("to"))).toBe(to);
      await expect(history.summary).toContainText(written(await local(from)));
      // The browser is asked for its name when somebody wants it.
      await history.csv.dispatchEvent("pointerdown");
      await expect.poll(async () => new URL(await history.csv.getAttribute("href"), server.url).searchParams.get("zone")).toBe(zone);
      if (hours !== undefined) {
        const wall = new Date(now + hours * HOUR).toISOString().slice(0, 10);
        expect((await history.rows())[0][0]).toContain(written(wall));
      }
      // What is exact names its zone, whatever stands there in short.
      await page.goto(`/devices/${id}?tab=messages`);
      await expect(page.locator("#quarantine time").first()).toHaveAttribute("title", told instanceof RegExp ? told : new RegExp(told.replace("+", "\\+")));
    });
  });
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false, timezoneId: "Pacific/Kiritimati" });

  test("hours are UTC, and it is said", async ({ page, server }, info) => {
    const { id, now } = await odd(server, info, "utc");
    await signIn(page);
    await page.goto(`/devices/${id}`);
    const history = new History(page);
    await expect(history.zone).toContainText("UTC");
    await expect(history.summary).toContainText("UTC");
    await history.own.click();
    await expect(page.locator(".own__form label").first()).toContainText("(UTC)");
    await history.from.fill(new Date(now - HOUR).toISOString().slice(0, 16));
    await history.to.fill(new Date(now + MINUTE).toISOString().slice(0, 16));
    await history.show.click();
    await expect(history.summary).toContainText("promedio en el tiempo 0 W");
  });
});
