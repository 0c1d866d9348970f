// What stands around every page for who is in.
export class Frame {
  constructor(page) {
    this.page = page;
    this.root = page.locator("html");
    this.heading = page.getByRole("heading", { level: 1 });
    this.main = page.locator("main");
    this.live = page.locator(".live--on");
    this.lost = page.locator(".live--lost");
    this.ended = page.locator("#ended");
    this.account = page.locator("[popovertarget=account-sheet]");
    this.accountName = page.locator(".account__name");
    this.sheet = page.locator("#account-sheet");
    this.signOut = this.sheet.locator(".sign-out button");
    this.language = this.sheet.locator(".language button");
    this.toast = page.locator(".toast");
    this.nav = page.getByRole("navigation", { name: "Navegación principal" });
    this.find = page.getByPlaceholder("Buscar equipos…");
    // What the installation's owner should mend.
    this.note = page.getByRole("note");
  }

  /** The way to a page, by its path. */
  way(path) {
    return this.page.locator(`.nav a[href="${path}"]`);
  }

  /** One of the three buttons for colours: `system`, `light`, `dark`. */
  theme(word) {
    return this.sheet.locator(".theme-switch button").nth(["system", "light", "dark"].indexOf(word));
  }

  /** Chooses colours by these buttons. */
  async chooseTheme(word) {
    await this.account.click();
    await this.theme(word).click();
  }

  /** Ends the session. */
  async leave() {
    await this.account.click();
    await this.signOut.click();
  }

  /** Says in the other language. */
  async switchLanguage() {
    await this.account.click();
    await this.language.click();
  }
}
