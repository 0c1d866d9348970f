// Many devices: pages, words and states in the address, and names that nobody should have.
import { Server } from "./support/server.mjs";
import { ADMIN, expect, expectAccessibleInBothThemes, picture, signIn, test } from "./support/test.mjs";

/** A server with 230 devices: simulated meters register themselves, which is quicker than one by one. */
async function crowd() {
  const server = await Server.start();
  await server.user(ADMIN.email, "admin", ADMIN.password);
  await server.verb("simulate", "--scenario", "household", "--devices", "230", "--rate", "0.2", "--seconds", "2", "--broker", `mqtt://${server.mqttHost}:${server.mqttPort}`);
  return server;
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("one pages through the devices, looks for one by its name, and is told how many there are", async ({ page }, info) => {
      const house = await crowd();
      try {
        await house.verb("device", "add", "pozo-9", "--kind", "switch", "--name", "Bomba del Pozo Ñandú");
        await page.goto(house.url);
        await page.locator("input[name=email]").fill(ADMIN.email);
        await page.locator("input[name=password]").fill(ADMIN.password);
        await page.locator("form:has(input[name=password]) button[type=submit]").click();
        const rows = page.locator("[data-device]");
        await expect(rows).toHaveCount(100);
        await expect(page.getByText("231 equipos")).toBeVisible();
        const pager = page.getByRole("navigation", { name: "Páginas" });
        await expect(pager).toContainText("1–100 de 231");
        await picture(page, info, `many-${javaScriptEnabled ? "script" : "plain"}`);
        const first = await rows.first().getAttribute("data-device");
        await page.getByRole("link", { name: "Siguientes" }).click();
        await expect(pager).toContainText("101–200 de 231");
        await page.getByRole("link", { name: "Siguientes" }).click();
        await expect(pager).toContainText("201–231 de 231");
        await expect(rows).toHaveCount(31);
        await expect(page.getByRole("link", { name: "Siguientes" })).toHaveCount(0);
        await page.getByRole("link", { name: "Anteriores" }).click();
        await expect(pager).toContainText("101–200 de 231");
        await page.getByRole("link", { name: "Anteriores" }).click();
        await expect(pager).toContainText("1–100 de 231");
        await expect(rows.first()).toHaveAttribute("data-device", first);

        const words = page.getByRole("searchbox");
        await words.fill("nandu POZO");
        await words.press("Enter");
        await expect(rows).toHaveCount(1);
        await expect(page.getByText("1 de 231 equipos tienen «nandu POZO»")).toBeVisible();
        await expect(words).toHaveValue("nandu POZO");
        await page.getByRole("link", { name: "En línea", exact: true }).click();
        await expect(page.getByText("Ningún equipo coincide.")).toBeVisible();
        await expect(words).toHaveValue("nandu POZO");
        if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
        await picture(page, info, "nothing-found");
        await page.getByRole("link", { name: "Ver todos" }).click();
        await expect(rows).toHaveCount(100);
      } finally {
        // An open page would say that it lost its server.
        await page.goto("about:blank");
        expect(await house.stop()).toBe(0);
      }
    });
  });
}

test("names of every kind are only text and break no line", async ({ page, server }, info) => {
  const names = {
    long: "ñ".repeat(300),
    words: "Medidor de la casa ".repeat(15).trim(),
    rtl: "عداد الطاقة في المنزل 7",
    emoji: "🏡👩‍👩‍👧‍👦⚡️🇲🇽",
    script: "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
  };
  await signIn(page);
  for (const [kind, name] of Object.entries(names)) {
    const id = `${kind}-${info.project.name}`;
    const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", name);
    const device = server.device(id, token);
    device.publish({ power_w: 1234567.8, model: name });
    await device.end();
    await page.goto(`/devices/${id}`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${kind}: nothing sticks out`).toBeLessThanOrEqual(0);
  }
  await picture(page, info, "name-script");
  await page.goto(`/devices?q=${info.project.name}`);
  await expect(page.locator("[data-device]").first()).toBeVisible();
  for (const [kind, name] of Object.entries(names)) {
    await expect(page.locator(`[data-device=${kind}-${info.project.name}] a`)).toHaveText(name);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await picture(page, info, "names");
  await page.goto(`/devices?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
  await expect(page.getByRole("searchbox")).toHaveValue('"><script>alert(1)</script>');
});

test("who runs the installation is told of plaintext beyond this machine, a customer is not", async ({ page }, info) => {
  const open = await Server.start(["serve"], { VIGIA_HTTP__LISTEN: "0.0.0.0:0", VIGIA_HTTP__PLAINTEXT: "private" });
  try {
    for (const [email, role, told] of [["ana@example.org", "admin", 1], ["sam@example.org", "staff", 1], ["eva@example.org", "customer", 0]]) {
      await open.user(email, role, ADMIN.password);
      await page.context().clearCookies();
      await page.goto(`${open.url}/sign-in`);
      await expect(page.getByRole("note")).toHaveCount(0);
      await page.locator("input[name=email]").fill(email);
      await page.locator("input[name=password]").fill(ADMIN.password);
      await page.locator("form:has(input[name=password]) button[type=submit]").click();
      await page.waitForURL((url) => url.pathname === "/");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.getByRole("note")).toHaveCount(told);
      if (told) await expect(page.getByRole("note")).toContainText(/HTTP.*http\.tls/);
      if (role === "admin") {
        await expectAccessibleInBothThemes(page);
        await picture(page, info, "notice");
      }
    }
  } finally {
    await page.goto("about:blank");
    expect(await open.stop()).toBe(0);
  }
});
