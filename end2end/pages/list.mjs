// The device list.
import { visit } from "../support/visit.mjs";

export class List {
  constructor(page) {
    this.page = page;
    this.rows = page.locator("[data-device]");
    this.search = page.getByRole("searchbox");
    this.bar = page.locator(".bulk");
    this.pager = page.locator(".pager");
    this.next = page.locator("a[rel=next]");
    this.previous = page.locator("a[rel=prev]");
    this.export = page.locator('a[href^="/devices.csv"]');
    this.menus = page.locator(".filters .menu");
    this.columns = page.locator(".filters__columns > summary");
    this.save = page.locator(".filters__columns").getByRole("button", { name: "Guardar" });
    // On a phone, where there are no heads.
    this.order = page.locator(".filters__order");
    this.nothing = page.getByText("Ningún equipo coincide.");
    this.everything = page.getByRole("link", { name: "Ver todos" });
    this.all = page.locator(".devices__all");
    this.states = page.locator(".filters .segments a");
  }

  /** Opens the list, or what an address shows of it. */
  async open(query = "") {
    await visit(this.page, `/devices${query}`);
  }

  row(id) {
    return this.page.locator(`[data-device="${id}"]`);
  }

  link(id) {
    return this.row(id).locator("a");
  }

  value(id) {
    return this.row(id).locator("[data-value]");
  }

  box(id) {
    return this.row(id).locator("input[type=checkbox]");
  }

  /** The head of a column, by the last word of its class. */
  head(column) {
    return this.page.locator(`thead .devices__${column}`);
  }

  /** The head of a column, by its word. */
  column(word) {
    return this.page.getByRole("columnheader", { name: word });
  }

  /** Puts the list in the order of a column. */
  async sort(word) {
    if (await this.order.isVisible()) {
      await this.order.locator("summary").click();
      await this.order.getByRole("link", { name: word }).click();
    } else await this.column(word).getByRole("link").click();
  }

  /** Takes one of the choices of the menu that is open. */
  async pick(word) {
    await this.page.locator(".menu[open]").getByRole("link", { name: word }).click();
  }

  /** Whether a column is shown, in the menu of columns. */
  shows(word) {
    return this.page.getByLabel(word, { exact: true });
  }

  /** The cells of a column, by the last word of its class. */
  cells(column) {
    return this.page.locator(`tbody .devices__${column}`);
  }

  /** The menu with this word. */
  menu(word) {
    return this.menus.filter({ hasText: word }).locator("summary");
  }

  /** The ids in their order. */
  ids() {
    return this.rows.evaluateAll((rows) => rows.map((row) => row.dataset.device));
  }

  /** Looks for words. */
  async find(words) {
    await this.search.fill(words);
    await this.search.press("Enter");
  }
}
