// What `make run` shows: the demo's link, and numbers that move.
import { Server } from "./support/server.mjs";
import { expect, expectAccessible, picture, test } from "./support/test.mjs";

test("the demo's link lets a visitor in, once, to a home whose numbers move", async ({ page, browser }, info) => {
  const demo = await Server.start(["serve", "--demo"]);
  try {
    await page.goto(demo.link);
    // Without a click: one would race with the page, which goes on by itself.
    await page.waitForURL((url) => url.pathname === "/" || url.pathname === "/devices");
    await expect(page.locator("[data-device]")).toHaveCount(6);
    await expectAccessible(page);
    await picture(page, info, "demo-devices");
    await page.goto(`${demo.url}/devices/casa-jardines`);
    const energy = page.locator("[data-metric=power_w] [data-value]");
    const before = await energy.textContent();
    await expect.poll(() => energy.textContent(), { timeout: 20_000 }).not.toBe(before);
    await expectAccessible(page);
    await picture(page, info, "demo-device");

    const second = await browser.newPage();
    await second.goto(demo.link);
    const again = second.locator("form:has(input[name=code]) button[type=submit]");
    await expect(again).toBeVisible();
    await second.close();
  } finally {
    // An open page would say that it lost its server.
    await page.goto("about:blank");
    expect(await demo.stop()).toBe(0);
  }
});
