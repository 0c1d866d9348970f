// Home: what needs somebody, for who runs the installation; one's own devices, for a customer.
import { visit } from "../support/visit.mjs";

export class Home {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.concerns = page.locator(".concern");
    this.power = page.getByText("Potencia total");
    // What was known last, while it cannot be asked.
    this.old = page.locator("p").filter({ hasText: "Se perdió la conexión. Esto es lo último que se supo:" });
  }

  async open() {
    await visit(this.page, "/");
  }

  /** What is said of one kind of concerns, by its title. */
  concern(title) {
    return this.page.getByRole("heading", { name: title });
  }

  /** The way from a concern to where something is done about it. */
  way(path) {
    return this.page.locator(`main a[href="${path}"]`);
  }
}

export class Mine {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.cards = page.locator("[data-device]");
  }

  async open() {
    await visit(this.page, "/");
  }

  card(id) {
    return this.page.locator(`[data-device="${id}"]`);
  }

  link(id) {
    return this.card(id).getByRole("link");
  }

  value(id) {
    return this.card(id).locator("[data-value]");
  }
}
