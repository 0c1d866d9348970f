// The tests' own `test`: a server per worker, an administrator, and a page that refuses console errors.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";
import path from "node:path";

import { Server } from "./server.mjs";

export const ADMIN = { email: "ana@example.org", name: "Ana", password: "correct horse battery" };

export const test = base.extend({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await server.user(ADMIN.email, "admin", ADMIN.password);
      await use(server);
      expect(await server.stop()).toBe(0);
    },
    { scope: "worker" },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  // A page on which anything that the browser complains of fails the test.
  page: async ({ page }, use) => {
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !isExpected(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await use(page);
    expect(complaints).toEqual([]);
  },
});

// The browser reports every answer of 400 and above, those that a test asks for included; and a browser half that was
// fetched ahead but not started yet, as on a machine that is busy, or never, without JavaScript.
const isExpected = (text) =>
  /Failed to load resource: the server responded with a status of (401|403|404|422)/.test(text) || /\.wasm was preloaded using link preload but not used/.test(text);

/** Signs in through the form. */
export async function signIn(page, who = ADMIN) {
  await page.goto("/sign-in");
  await page.locator("input[name=email]").fill(who.email);
  await page.locator("input[name=password]").fill(who.password);
  await page.locator("form:has(input[name=password]) button[type=submit]").click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

/** No violation at all. */
export async function expectAccessible(page) {
  // A colour that is still on its way from one theme to the other has no contrast of its own.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished)));
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)).toEqual([]);
}

/** No violation in either theme. */
export async function expectAccessibleInBothThemes(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
}

/** Everything that is touched has room for a finger. A row's link covers its whole row. */
export async function expectTouchable(page) {
  const small = await page.evaluate(() => {
    const shown = [...document.querySelectorAll("a, button, input, summary")].filter((e) => e.checkVisibility() && !e.closest(".skip, tr"));
    const sizes = shown.map((e) => [e.textContent.trim() || e.name, e.getBoundingClientRect()]);
    return sizes.filter(([, { width, height }]) => Math.min(width, height) < 44).map(([name, { width, height }]) => `${name}: ${width} x ${height}`);
  });
  expect(small).toEqual([]);
}

/** How many pixels of a canvas have the colour that a token of style/tokens.css has now. */
export const pixelsOf = (canvas, token) =>
  canvas.evaluate((element, name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const one = new OffscreenCanvas(1, 1).getContext("2d");
    one.fillStyle = getComputedStyle(probe).color;
    one.fillRect(0, 0, 1, 1);
    probe.remove();
    const wanted = one.getImageData(0, 0, 1, 1).data;
    // A copy, for the browser to complain of nobody who reads the chart itself.
    const copy = new OffscreenCanvas(element.width, element.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(element, 0, 0);
    const { data } = copy.getImageData(0, 0, element.width, element.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 250 && [0, 1, 2].every((c) => Math.abs(data[i + c] - wanted[c]) <= 2)) count++;
    }
    return count;
  }, token);

/** A picture for people to look at, under end2end/output/pictures. */
export async function picture(page, info, name) {
  const file = path.resolve(import.meta.dirname, "../output/pictures", `${name}-${info.project.name}.png`);
  await page.screenshot({ path: file, fullPage: true });
}

export { expect };
