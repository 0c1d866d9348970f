// The page of all parts, `/_design`.
import { visit } from "../support/visit.mjs";

export class Parts {
  constructor(page) {
    this.page = page;
    this.sections = page.locator(".design");
    this.menu = page.locator("#menus .menu").first();
    this.menuDoor = this.menu.locator("summary");
    this.menuPanel = this.menu.locator(".menu__panel");
    this.menuLinks = this.menu.getByRole("link");
    this.dialogDoor = page.locator("#dialogs button").first();
    this.dialog = page.getByRole("dialog");
    this.toastDoor = page.getByRole("button", { name: "Mostrar un aviso" });
    this.toast = page.locator(".toasts .toast");
    this.box = page.locator("#list input[name=id]").first();
    this.bar = page.locator("#list .bulk");
    this.canvas = page.locator("#history-canvas canvas");
    this.exact = page.locator("#states time[title]").first();
  }

  async open(query = "") {
    return visit(this.page, `/_design${query}`);
  }

  section(id) {
    return this.page.locator(`#${id}`);
  }

  /** The chart is drawn when somebody comes near it. */
  async drawn() {
    await this.section("chart").scrollIntoViewIfNeeded();
    await this.canvas.waitFor();
  }
}
