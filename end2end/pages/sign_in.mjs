// The door: sign-in, at its own address or in place of a page, and the account that is made with a link.
export class SignIn {
  constructor(page) {
    this.page = page;
    this.email = page.locator("input[name=email]");
    this.password = page.locator("input[name=password]");
    this.submit = page.locator("form:has(input[name=password]) button[type=submit]");
    this.heading = page.getByRole("heading", { level: 1 });
    this.byMail = page.locator("summary", { hasText: "Entrar sin contraseña" });
    this.address = page.locator("input[name=address]");
    this.ask = page.locator("form:has(input[name=address]) button[type=submit]");
    this.forgot = page.getByRole("link", { name: "Olvidé mi contraseña" });
    this.sendMail = page.getByRole("button", { name: "Enviarme un enlace" });
    this.passkey = page.getByRole("button", { name: "Entrar con llave de acceso" });
    this.register = page.getByRole("link", { name: "Crear una cuenta" });
    this.sendLink = page.getByRole("button", { name: "Enviarme el enlace" });
    this.said = page.locator(".door__card > p.muted");
    this.error = page.locator(".form__error:not(:empty)");
    // By somebody else's sign-in.
    this.ways = page.locator(".door__ways a");
  }

  /** Opens it where it is, or at a page that needs somebody. */
  async open(address = "/sign-in") {
    await this.page.goto(address);
  }

  /** One of the three buttons for colours: `system`, `light`, `dark`. */
  theme(word) {
    return this.page.locator(".theme-switch button").nth(["system", "light", "dark"].indexOf(word));
  }

  /** Asks for a link by mail. */
  async askFor(address) {
    await this.address.fill(address);
    await this.ask.click();
  }

  /** Writes somebody's address and password. */
  async fill({ email, password }) {
    await this.email.fill(email);
    await this.password.fill(password);
  }

  /** Signs somebody in and waits until they are. */
  async enter(who) {
    await this.fill(who);
    await this.submit.click();
    await this.password.waitFor({ state: "detached" });
  }
}

export class SetUp extends SignIn {
  constructor(page) {
    super(page);
    this.code = page.locator("input[name=code]");
    // What sends it, here and where a link alone lets somebody in.
    this.redeem = page.locator("form:has(input[name=code]) button[type=submit]");
    this.name = page.locator("input[name=name]");
  }
}
