// Pages whose code is a file of its own: loaded where it is needed, and not missed for ever when it does not come.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { expect, signIn, taken, test } from "./support/test.mjs";

test("the code of a device's page comes with that page and not before", async ({ page, server, complaints }, info) => {
  complaints.expectLost();
  const [list, device] = [new List(page), new Device(page)];
  const id = `part-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", "Bomba");
  const parts = [];
  page.on("request", (request) => /\/assets\/device-.*\.wasm$/.test(request.url()) && parts.push(request.url()));
  await signIn(page);
  await list.open(`?q=${id}`);
  await expect(list.row(id)).toBeVisible();
  await taken(page);
  await expect(new Frame(page).live).toBeVisible();
  expect(parts).toEqual([]);

  // The line fails at the wrong moment: the page comes all the same, by a whole load of its address.
  let failed = 0;
  await page.route(/\/assets\/device-.*\.wasm$/, (route) => (failed++ < 2 ? route.abort() : route.continue()));
  await list.link(id).click();
  await expect(device.heading).toHaveText("Bomba");
  await expect(page).toHaveURL(new RegExp(`/devices/${id}`));
  await expect.poll(() => failed).toBeGreaterThan(2);

  // And by a click alone when it is there.
  // What was loaded as a whole is left as a whole; before the page is taken over a click would be the browser's own.
  const alive = page.waitForEvent("websocket");
  await page.goBack();
  await alive;
  await expect(list.row(id)).toBeVisible();
  await page.evaluate(() => (window.stays = true));
  await list.link(id).click();
  await expect(device.heading).toHaveText("Bomba");
  expect(await page.evaluate(() => window.stays)).toBe(true);
});

test("a device's page that the server made stays when its code never comes, and comes alive when it does", async ({ page, server, complaints }, info) => {
  complaints.expectLost();
  const [list, device] = [new List(page), new Device(page)];
  const id = `stays-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "switch", "--name", "Filtro");
  await signIn(page);
  let isDown = true;
  let asked = 0;
  await page.route(/\/assets\/device-.*\.wasm$/, (route) => (asked++, isDown ? route.abort() : route.continue()));
  const loads = [];
  page.on("request", (request) => request.isNavigationRequest() && request.frame() === page.mainFrame() && loads.push(request.url()));

  const wanted = `/devices/${id}?range=day#chart`;
  await page.goto(wanted);
  await page.evaluate(() => (window.stays = true));
  // The preload, and at least twice by the page itself.
  await expect.poll(() => asked).toBeGreaterThan(2);
  await expect(device.heading).toHaveText("Filtro");
  expect(loads.map((url) => url.replace(server.url, "").split("#")[0])).toEqual([`/devices/${id}?range=day`]);
  expect(await page.evaluate(() => window.stays)).toBe(true);
  expect(new URL(page.url()).search).toBe("?range=day");

  // Its links are the browser's own meanwhile: nobody is held there.
  await device.back.click();
  await expect(list.row(id)).toBeVisible();
  expect(loads.length).toBe(2);

  // A click from the list: one whole load, and then the server's page again.
  await page.evaluate((to) => document.querySelector(`[data-device=${to.id}] a`).setAttribute("href", to.wanted), { id, wanted });
  await list.link(id).click();
  await expect(device.heading).toHaveText("Filtro");
  await expect(page).toHaveURL(`${server.url}${wanted}`);
  await page.evaluate(() => (window.stays = true));
  const before = asked;
  await expect.poll(() => asked).toBeGreaterThan(before + 1);
  expect(loads.length).toBe(3);

  // The line is back: the page is taken over as it stands.
  const alive = page.waitForEvent("websocket");
  isDown = false;
  await alive;
  expect(await page.evaluate(() => window.stays)).toBe(true);
  await expect(device.heading).toHaveText("Filtro");
  await device.back.click();
  await expect(list.row(id)).toBeVisible();
  expect(await page.evaluate(() => window.stays)).toBe(true);
  expect(loads.length).toBe(3);
});
