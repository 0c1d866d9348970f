// The history on the page of a device, as people use it.
import { expect } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { visit } from "../support/visit.mjs";

export class History {
  constructor(page) {
    this.page = page;
    this.canvas = page.locator("#history-canvas");
    this.drawing = this.canvas.locator("canvas").first();
    this.whole = page.locator(".history");
    this.title = page.locator("#history-title");
    this.summary = page.locator(".history__summary");
    this.zone = page.locator(".history__zone");
    this.said = page.locator("[data-said]");
    this.twin = page.locator("#twin");
    this.again = this.summary.getByRole("button");
    this.own = page.locator(".own > summary");
    this.from = page.locator(".own__form input[name=from]");
    this.to = page.locator(".own__form input[name=to]");
    this.show = page.locator(".own__form button");
    this.wrong = page.locator(".own__form [role=alert]");
    this.unit = page.locator("#history-title small");
    this.legend = page.locator(".legend");
    this.png = page.locator(".history__out button");
    this.csv = page.locator(".history__out a[href*='readings.csv']");
  }

  /** Opens the page of a device with this query, and waits until the curve is drawn. */
  async open(id, query = "") {
    await visit(this.page, `/devices/${id}${query}`);
    await this.drawn();
  }

  /** The curve is drawn. */
  async drawn() {
    // It is not before it is seen.
    await this.canvas.scrollIntoViewIfNeeded();
    await this.canvas.locator("canvas").waitFor();
  }

  /** What the address says. */
  get address() {
    return new URL(this.page.url()).searchParams;
  }

  /** The link to one of the usual periods, by its word. */
  range(word) {
    return this.page.locator(".periods").getByRole("link", { name: word, exact: true });
  }

  /** Writes an own period into its form, as `2026-01-01T00:00`. */
  async fillOwn(from, to) {
    if (!(await this.from.isVisible())) await this.own.click();
    await this.from.fill(from);
    await this.to.fill(to);
  }

  /** Draws over the part of the canvas between these shares of its width. */
  async brush(from, to) {
    const { x, y, width, height } = await this.canvas.boundingBox();
    await this.page.mouse.move(x + width * from, y + height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(x + width * to, y + height / 2, { steps: 5 });
    await this.page.mouse.up();
  }

  /** Lets fingers glide over the canvas: each from one share of its width to another. As the screen tells of them, and not as the page would. */
  async glide(...fingers) {
    const { x, y, width, height } = await this.canvas.boundingBox();
    const screen = await this.page.context().newCDPSession(this.page);
    const steps = 12;
    const at = (step) => fingers.map(([from, to], id) => ({ id, x: x + width * (from + ((to - from) * step) / steps), y: y + height / 2 }));
    const tell = (type, touchPoints) => screen.send("Input.dispatchTouchEvent", { type, touchPoints });
    await tell("touchStart", at(0));
    for (let step = 1; step <= steps; step++) await tell("touchMove", at(step));
    await tell("touchEnd", []);
    await screen.detach();
  }

  /** How many minutes the part is long that the address says is seen closer. */
  get closer() {
    const [from, to] = (this.address.get("zoom") ?? "..").split("..").map((at) => new Date(at));
    return Math.round((to - from) / 60_000);
  }

  /** Clicks, and gives the name and bytes of what is downloaded. */
  async download(click) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), click()]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }

  /** The rows of the table, newest first. */
  async rows() {
    if (!(await this.twin.evaluate((element) => element.open))) await this.twin.locator("summary").click();
    // What the server wrote goes when the table is opened.
    await expect(this.twin.locator("tbody")).not.toContainText("UTC");
    return this.twin.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  }
}
