// Keys, the audit log, and somebody's account.
import { visit } from "../support/visit.mjs";

export class Keys {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.name = page.locator("#key-name");
    this.days = page.locator("#key-days");
    this.make = page.getByRole("button", { name: "Crear la llave" });
    this.boxes = page.locator("form[action='/keys'] input[type=checkbox]");
    this.made = page.locator(".keys__made code");
    this.madeName = page.locator("#keys-made");
    this.names = page.locator(".keys__one strong");
    this.rows = page.locator(".keys__one");
    this.error = page.locator(".field__error:not(:empty), .form__error:not(:empty)");
    this.done = page.locator(".settings__done");
  }

  async open() {
    await visit(this.page, "/keys");
  }

  /** Ends the key of this name. */
  async revoke(name) {
    await this.page.getByRole("button", { name: `Retirar la llave ${name}` }).click();
  }
}

export class Audit {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.text = page.locator("#audit-q");
    this.kind = page.locator("#audit-kind");
    this.from = page.locator("#audit-from");
    this.go = page.locator(".audit__search button");
    this.rows = page.locator(".audit__row");
    // Of each row: who, on whom or what, and what became of it.
    this.who = page.locator(".audit__who");
    this.what = page.locator(".audit__what");
    this.changes = page.locator(".audit__changes");
    this.older = page.getByRole("link", { name: "Más antiguos" });
  }

  async open(query = "") {
    await visit(this.page, `/audit${query}`);
  }
}

export class Person {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.role = page.locator("#role");
    this.saveRole = page.getByRole("button", { name: "Cambiar el rol" });
    this.saveRights = page.getByRole("button", { name: "Guardar los permisos" });
    this.done = page.locator(".settings__done");
  }

  /** The box of a right, by what it says. */
  right(says) {
    return this.page.getByRole("checkbox", { name: says });
  }
}
