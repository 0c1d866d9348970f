// One's own account.
import { visit } from "../support/visit.mjs";

export class Settings {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.name = page.locator("#profile-name");
    this.lang = page.locator("#profile-lang");
    this.theme = page.locator("#profile-theme");
    this.profile = page.locator("form[action='/ui/profile']");
    this.save = this.profile.locator("button[type=submit]");
    this.error = this.profile.locator(".form__error:not(:empty)");
    this.done = page.locator(".settings__done");
    this.current = page.locator("input[name=current]");
    this.password = page.locator("input[name=password]");
    this.sessions = page.locator(".sessions .session");
    this.programs = this.sessions.locator("[title]");
    this.identities = page.locator(".identity");
    this.refused = page.locator(".form__error:not(:empty)");
    this.passkeys = page.locator(".owned");
    this.passkeyName = page.locator(".owned > div > span[dir=auto]");
    this.addPasskey = page.getByRole("button", { name: "Agregar una llave de acceso" });
    this.removePasskey = page.getByRole("button", { name: /^Quitar la llave de acceso/ });
    this.passkeyError = page.locator("form[action='/ui/passkey-add'] .form__error");
    this.farewell = page.locator("input[name=farewell]");
    this.change = page.locator("form[action='/ui/password'] button[type=submit]");
  }

  async open() {
    await visit(this.page, "/settings");
  }

  /** Goes to a provider of sign-ins. */
  async link(label) {
    await this.page.getByRole("button", { name: `Vincular ${label}`, exact: true }).click();
  }

  /** Takes away what one is to a provider. */
  async unlink(label) {
    await this.page.getByRole("button", { name: `Desvincular ${label}`, exact: true }).click();
  }

  /** Calls the one passkey so. */
  async renamePasskey(name) {
    await this.passkeys.locator("summary").click();
    await this.passkeys.getByLabel("Nombre").fill(name);
    await this.passkeys.getByRole("button", { name: "Guardar" }).click();
  }

  /** Deletes the account, or tries to. */
  async leave(password) {
    if (!(await this.farewell.isVisible())) await this.page.locator("summary", { hasText: "Borrar mi cuenta" }).click();
    await this.farewell.fill(password);
    await this.page.getByRole("button", { name: "Borrar para siempre" }).click();
  }

  async changePassword(current, next) {
    await this.current.fill(current);
    await this.password.fill(next);
    await this.change.click();
  }
}
