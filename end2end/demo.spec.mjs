// What `make run` shows: the demo's link, and numbers that move.
import { Device } from "./pages/device.mjs";
import { Home } from "./pages/home.mjs";
import { List } from "./pages/list.mjs";
import { SetUp } from "./pages/sign_in.mjs";
import { Server } from "./support/server.mjs";
import { expect, expectAccessible, picture, test } from "./support/test.mjs";

test("the demo's link lets a visitor in, once, to a home whose numbers move", async ({ page, browser, complaints }, info) => {
  complaints.expect(422, "/ui/enter");
  const demo = await Server.start(["serve", "--demo"]);
  try {
    await page.goto(demo.link);
    // Without a click: one would race with the page, which goes on by itself.
    await page.waitForURL((url) => url.pathname === "/" || url.pathname === "/devices");
    await expect(new Home(page).heading).toHaveText("Atención");
    await expectAccessible(page);
    await picture(page, info, "demo-home");
    await page.goto(`${demo.url}/devices`);
    await expect(new List(page).rows).toHaveCount(6);
    await expectAccessible(page);
    await picture(page, info, "demo-devices");
    await page.goto(`${demo.url}/devices/casa-jardines`);
    const energy = new Device(page).value("power_w");
    const before = await energy.textContent();
    await expect.poll(() => energy.textContent(), { timeout: 20_000 }).not.toBe(before);
    await expectAccessible(page);
    await picture(page, info, "demo-device");

    const second = await browser.newPage();
    await second.goto(demo.link);
    await expect(new SetUp(second).redeem).toBeVisible();
    await second.close();
  } finally {
    // An open page would say that it lost its server.
    await page.goto("about:blank");
    expect(await demo.stop()).toBe(0);
  }
});
