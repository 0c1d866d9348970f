// The page of a device: its parts, its messages, and the payload that is only tried.
import { visit } from "../support/visit.mjs";

export class Device {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.back = page.locator("a.back");
    this.copy = page.locator("header .copy").first();
    this.copied = page.locator(".copy + [role=status]").first();
    this.parts = page.locator(".tabs");
    this.messages = page.locator(".messages__list > li");
    this.aside = page.locator("#quarantine li");
    this.topic = page.locator("#try-topic");
    this.decoder = page.locator("#try-decoder");
    this.payload = page.locator("#try-payload");
    this.send = page.locator("#try button[type=submit]");
    this.pause = page.getByRole("button", { name: "Pausar" });
    this.refusals = page.locator(".trial__refused li");
    this.answer = page.locator(".trial__answer");
    this.clock = page.locator("[data-clock]");
    this.none = page.getByText("Desde entonces no ha llegado nada.");
    this.fault = page.locator("#try .form__error:not(:empty)");
  }

  /** Opens a part of it: nothing, `messages` or `about`. */
  async open(id, tab = "") {
    await visit(this.page, `/devices/${id}${tab && `?tab=${tab}`}`);
  }

  /** The link to a part: 0, 1 or 2. */
  part(place) {
    return this.parts.locator("a").nth(place);
  }

  /** The card of a metric, and its number. */
  figure(metric) {
    return this.page.locator(`[data-metric="${metric}"]`);
  }

  /** The number on the card of a metric. */
  value(metric) {
    return this.figure(metric).locator("[data-value]");
  }

  /** Writes a message into the form and sends it. */
  async tryOut(payload, topic) {
    if (topic !== undefined) await this.topic.fill(topic);
    await this.payload.fill(payload);
    await this.send.click();
  }
}
