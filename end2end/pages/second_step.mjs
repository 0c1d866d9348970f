// The second step of signing in: where its owner sets it up, and the door that asks for its code.
import { visit } from "../support/visit.mjs";

export class SecondStep {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.proof = page.locator("input[name=proof]");
    this.begin = page.getByRole("button", { name: "Empezar" });
    this.picture = page.getByRole("img", { name: "Código QR" });
    this.link = page.getByRole("link", { name: "Abrir en una aplicación" });
    this.secret = page.locator("section:has(.scan) .command code");
    this.passcode = page.locator("input[name=passcode]");
    this.confirm = page.getByRole("button", { name: "Activar", exact: true });
    this.codes = page.locator(".codes code");
    this.card = page.locator("section:has(#second-on)");
    this.renew = page.getByRole("button", { name: "Crear otros códigos" });
    this.end = page.getByRole("button", { name: "Quitar el segundo paso" });
    this.error = page.locator(".field__error:not(:empty), .form__error:not(:empty)");
    this.done = page.locator(".settings__done");
  }

  async open() {
    await visit(this.page, "/settings/second-step");
  }

  /** Switches it on with the code that `write` makes of the secret; the secret and the recovery codes. */
  async switchOn(password, write) {
    await this.open();
    await this.proof.fill(password);
    await this.begin.click();
    const secret = await this.secret.textContent();
    await this.passcode.fill(write(secret));
    await this.confirm.click();
    return { secret, codes: (await this.codes.textContent()).split("\n") };
  }
}

export class CodeDoor {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.passcode = page.locator("input[name=passcode]");
    this.submit = page.locator("form:has(input[name=passcode]) button[type=submit]");
    this.again = page.getByRole("link", { name: "Volver a empezar" });
    this.error = page.locator(".field__error:not(:empty), .form__error:not(:empty)");
  }

  async give(code) {
    await this.passcode.fill(code);
    await this.submit.click();
  }
}
