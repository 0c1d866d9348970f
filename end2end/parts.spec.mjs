// Pages whose code is a file of its own: loaded where it is needed, and not missed for ever when it does not come.
import { expect, signIn, test } from "./support/test.mjs";

test("the code of a device's page comes with that page and not before", async ({ browser, server }, info) => {
  // A page of its own: the line that fails is what its console complains of.
  const page = await browser.newPage({ baseURL: server.url });
  const id = `part-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", "Bomba");
  const parts = [];
  page.on("request", (request) => /\/assets\/device-.*\.wasm$/.test(request.url()) && parts.push(request.url()));
  await signIn(page);
  await page.goto("/devices");
  await expect(page.locator(`[data-device=${id}]`)).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(parts).toEqual([]);

  // The line fails at the wrong moment: the page comes all the same, by a whole load of its address.
  let failed = 0;
  await page.route(/\/assets\/device-.*\.wasm$/, (route) => (failed++ < 2 ? route.abort() : route.continue()));
  await page.locator(`[data-device=${id}] a`).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Bomba");
  await expect(page).toHaveURL(new RegExp(`/devices/${id}`));
  expect(failed).toBeGreaterThan(2);

  // And by a click alone when it is there.
  await page.goBack();
  await expect(page.locator(`[data-device=${id}]`)).toBeVisible();
  await page.evaluate(() => (window.stays = true));
  await page.locator(`[data-device=${id}] a`).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Bomba");
  expect(await page.evaluate(() => window.stays)).toBe(true);
  await page.close();
});
