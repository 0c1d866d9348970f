// Who has an account.
import { visit } from "../support/visit.mjs";

export class People {
  constructor(page) {
    this.page = page;
    this.waiting = page.locator(".people__cards > li");
    this.rows = page.locator(".people__list > li");
    this.done = page.locator(".settings__done");
    this.invite = page.locator(".people__invite > summary");
    this.email = page.locator("input[name=email]");
    this.name = page.locator("input[name=name]");
    this.role = page.locator("#invite-role");
    this.send = page.getByRole("button", { name: "Enviar la invitación" });
    this.error = page.locator(".field__error:not(:empty), .form__error:not(:empty)");
  }

  async open() {
    await visit(this.page, "/people");
  }

  /** The row of somebody. */
  row(email) {
    return this.rows.filter({ hasText: email });
  }

  /** Does something with somebody, by the word of the button. */
  async act(email, word) {
    await this.page.locator(".person").filter({ hasText: email }).getByRole("button", { name: word }).click();
  }

  /** Writes an invitation and sends it. */
  async inviteAs({ email, name, role }) {
    if (!(await this.email.isVisible())) await this.invite.click();
    await this.email.fill(email);
    await this.name.fill(name);
    await this.role.selectOption(role);
    await this.send.click();
  }
}
