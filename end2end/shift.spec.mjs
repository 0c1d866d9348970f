// Nothing jumps: from the first paint of a page to the numbers that move on it.
import { History } from "./pages/chart.mjs";
import { Frame } from "./pages/frame.mjs";
import { expect, signIn, taken, test } from "./support/test.mjs";

/** As "good" begins far above: at 0.1. */
const MOST = 0.02;

/** How much of the page has moved, and by what, as browsers count it: the most that came together. */
const moved = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const shifts = [];
        const note = (list) => shifts.push(...list.getEntries().filter((shift) => !shift.hadRecentInput));
        const observer = new PerformanceObserver(note);
        observer.observe({ type: "layout-shift", buffered: true });
        // Two frames, for what is on its way to be counted.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            note({ getEntries: () => observer.takeRecords() });
            const of = (source) => source.node?.closest?.("[class]")?.className ?? source.node?.nodeName;
            done({ sum: shifts.reduce((sum, shift) => sum + shift.value, 0), what: shifts.flatMap((shift) => (shift.sources ?? []).map(of)) });
          }),
        );
      }),
  );

test("home, list and device stand still from their first paint until they are taken over and alive", async ({ page, server }, info) => {
  const id = `still-${info.project.name}`;
  const own = server.device(id, await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor quieto"));
  const now = Date.now();
  own.publish(Array.from({ length: 60 }, (_, n) => ({ ts: now - n * 60_000, power_w: 300 + n, voltage_v: 127 })));
  own.publish("nonsense");
  await own.end();
  const [frame, history] = [new Frame(page), new History(page)];
  // Nor is a tab without its name meanwhile.
  await page.addInitScript(() => {
    window.untitled = 0;
    addEventListener("DOMContentLoaded", () => {
      const look = () => {
        window.untitled += document.title ? 0 : 1;
        requestAnimationFrame(look);
      };
      look();
    });
  });
  await signIn(page);
  const alive = () => expect(frame.live).toBeVisible();
  for (const [path, ready] of [["/", () => {}], [`/devices?q=${id}`, alive], [`/devices/${id}`, () => Promise.all([alive(), history.drawn()])]]) {
    await page.goto(path);
    await taken(page);
    await ready();
    const { sum, what } = await moved(page);
    expect(sum, `${path} moved: ${what.join(", ")}`).toBeLessThan(MOST);
    expect(await page.evaluate(() => window.untitled), `frames of ${path} without a title`).toBe(0);
  }
});
