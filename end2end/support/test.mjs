// The tests' own `test`: a server per worker, an administrator, and pages that nothing may be complained of.
import { test as base, expect } from "@playwright/test";
import path from "node:path";

import { Complaints } from "./complaints.mjs";
import { Server } from "./server.mjs";

export { expect };
export { taken, visit } from "./visit.mjs";
export { expectAccessible, expectAccessibleInBothThemes, expectTouchable } from "./access.mjs";

const PASSWORD = "correct horse battery";
export const ADMIN = { email: "ana@example.org", name: "Ana", password: PASSWORD };

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
  // Of every page that the test opens, in whatever context.
  complaints: [
    async ({ browser }, use) => {
      const complaints = new Complaints();
      const end = complaints.listenTo(browser);
      await use(complaints);
      end();
      complaints.verify();
    },
    { auto: true },
  ],
});

/** What is for one width alone: the other project leaves it out. */
export const DESKTOP = { tag: "@desktop" };

/** Somebody of a test's own: language and theme stay with the profile, and the administrator is everybody's. */
export async function somebody(server, info, name, role = "admin") {
  const who = { email: `${name}-${info.project.name}@example.org`, password: PASSWORD };
  await server.user(who.email, role, who.password);
  return who;
}

/** An energy meter of a test's own, with the connection by which it speaks. */
export async function meter(server, info, name, words = "Medidor Cocina") {
  const id = `${name}-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", words);
  return { id, own: server.device(id, token) };
}

/** Begins a session as the sign-in form does, without its page, and opens none. The form itself is tried in way_in.spec.mjs. */
export async function signIn(page, { email, password } = ADMIN) {
  const answer = await page.request.post("/ui/sign-in", { form: { email, password, next: "/" }, headers: { "sec-fetch-site": "same-origin" }, maxRedirects: 0 });
  expect(answer.headers(), "signed in").toHaveProperty("location", "/");
}

/** How many pixels of a canvas have the colour that a token of style/tokens.css has now. */
export const pixelsOf = async (canvas, token) => (await placesOf(canvas, token)).count;

/** The same with where they are: the edges of all of them in shares of the canvas, from its left and from its top. `from` and `to`: only between these shares of its width.
 * `image`: of this PNG, which looks as the canvas does. */
export const placesOf = (canvas, token, { from = 0, to = 1, image } = {}) =>
  canvas.evaluate(
    async (element, { name, from, to, image }) => {
      const probe = document.createElement("span");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      const one = new OffscreenCanvas(1, 1).getContext("2d");
      one.fillStyle = getComputedStyle(probe).color;
      one.fillRect(0, 0, 1, 1);
      probe.remove();
      const wanted = one.getImageData(0, 0, 1, 1).data;
      const source = image ? await createImageBitmap(new Blob([Uint8Array.from(atob(image), (c) => c.charCodeAt(0))])) : element;
      const { width, height } = source;
      // A copy, for the browser to complain of nobody who reads the chart itself.
      const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(source, 0, 0);
      const { data } = copy.getImageData(0, 0, width, height);
      const found = { count: 0, left: 1, right: 0, top: 1, bottom: 0, height };
      for (let i = 0; i < data.length; i += 4) {
        const [x, y] = [((i / 4) % width) / width, Math.floor(i / 4 / width) / height];
        if (x < from || x > to || data[i + 3] <= 250 || ![0, 1, 2].every((c) => Math.abs(data[i + c] - wanted[c]) <= 2)) continue;
        found.count++;
        Object.assign(found, { left: Math.min(found.left, x), right: Math.max(found.right, x), top: Math.min(found.top, y), bottom: Math.max(found.bottom, y) });
      }
      return found;
    },
    { name: token, from, to, image: image?.toString("base64") },
  );

/** A picture for people to look at, under end2end/output/pictures, where PICTURES is set: drawing them takes a while. */
export async function picture(page, info, name) {
  if (!process.env.PICTURES) return;
  const file = path.resolve(import.meta.dirname, "../output/pictures", `${name}-${info.project.name}.png`);
  await page.screenshot({ path: file, fullPage: true });
}
