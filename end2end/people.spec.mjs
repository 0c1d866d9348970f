// How people come in: they register and are let in, or are invited; and how they are shut out again.
import { Frame } from "./pages/frame.mjs";
import { People } from "./pages/people.mjs";
import { SetUp, SignIn } from "./pages/sign_in.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, taken, test, visit } from "./support/test.mjs";

const PASSWORD = "seis gatos sin tejado";

/** A browser of somebody else's. */
async function another(browser, baseURL) {
  const context = await browser.newContext({ baseURL, locale: "es-MX" });
  return context.newPage();
}

test("a stranger registers, an operator lets them in, and they are in", async ({ page, browser, complaints }, info) => {
  test.slow();
  complaints.expect(422, "/ui/register", "/ui/join");
  complaints.expect(403, "/ui/sign-in");
  const open = await Server.start(["serve"], { VIGIA_ACCOUNTS__REGISTRATION: "open" });
  try {
    await open.user(ADMIN.email, "admin", ADMIN.password);
    const [door, setup] = [new SignIn(page), new SetUp(page)];
    await door.open(`${open.url}/sign-in`);
    await door.register.click();
    await taken(page);
    await door.email.fill("eva@example");
    await setup.name.fill("Eva");
    await door.sendLink.click();
    await expect(door.email).toHaveAttribute("aria-invalid", "true");
    await expectAccessibleInBothThemes(page);
    await picture(page, info, "register");
    await door.email.fill("eva@example.org");
    await door.sendLink.click();
    await expect(door.said).toContainText("carpeta mail");
    const link = (await open.mail("eva@example.org", "/join#")).match(/http\S+\/join#\w+/)[0];
    await page.goto(link);
    await taken(page);
    await expect(setup.code).toHaveValue(/^vgl_/);
    await setup.name.fill("Eva <b>Pozo</b>");
    await setup.password.fill("evaevaeva1");
    await setup.redeem.click();
    await expect(setup.password).toHaveAttribute("aria-invalid", "true");
    await expectAccessibleInBothThemes(page);
    await picture(page, info, "join");
    await setup.password.fill(PASSWORD);
    await setup.redeem.click();
    await expect(door.said).toContainText("espera a que la aprueben");
    await door.fill({ email: "eva@example.org", password: PASSWORD });
    await door.submit.click();
    await expect(door.error).toContainText("todavía espera a que la apruebe");

    // The operator.
    const desk = await another(browser, open.url);
    await signIn(desk);
    const people = new People(desk);
    await people.open();
    await expect(people.waiting).toHaveCount(1);
    await expect(people.waiting.getByRole("heading")).toHaveText("Eva <b>Pozo</b>");
    await expect(people.waiting).toContainText("Correo confirmado");
    await expectAccessibleInBothThemes(desk);
    if (info.project.name === "phone") await expectTouchable(desk);
    await picture(desk, info, "people-waiting");
    await people.act("eva@example.org", "Dejar entrar");
    await expect(people.done).toContainText("Ya puede entrar");
    await expect(people.waiting).toHaveCount(0);
    await expect(people.row("eva@example.org")).toContainText("Activa");
    expect(await open.mail("eva@example.org", "Ya puedes entrar")).toContain("/sign-in");
    await door.enter({ email: "eva@example.org", password: PASSWORD });
    await expect(new Frame(page).heading).toHaveText("Aquí vivirán tus equipos");

    // Shut out: at once, in the browser that is open, too.
    await people.act("eva@example.org", "Bloquear");
    await expect(people.row("eva@example.org")).toContainText("Bloqueada");
    await page.reload();
    await expect(door.password).toBeVisible();
    await people.act("eva@example.org", "Desbloquear");
    await expect(people.row("eva@example.org")).toContainText("Activa");
    await desk.goto("about:blank");
    await desk.context().close();
  } finally {
    await page.goto("about:blank");
    expect(await open.stop()).toBe(0);
  }
});

test("who is invited chooses a password; staff invite customers and nobody else", DESKTOP, async ({ page, browser, server, complaints }, info) => {
  complaints.expect(409, "/ui/invite");
  complaints.expect(403, "/people");
  const staff = await somebody(server, info, "inviter", "staff");
  await signIn(page, staff);
  const people = new People(page);
  await people.open();
  await people.invite.click();
  await expect(people.role.locator("option")).toHaveText(["Cliente"]);
  await people.inviteAs({ email: staff.email, name: "Otra vez", role: "customer" });
  await expect(people.error.first()).toContainText("Ya hay una cuenta");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "people-invite");
  const email = `luis-${info.project.name}@example.org`;
  await people.inviteAs({ email, name: "Luis", role: "customer" });
  await expect(people.done).toContainText("está lista");
  await expect(people.row(email)).toContainText("Invitada");
  // Staff see customers alone.
  await expect(people.row(ADMIN.email)).toHaveCount(0);
  const link = (await server.mail(email, "/join#")).match(/http\S+\/join#\w+/)[0];
  const guest = await another(browser, server.url);
  const setup = new SetUp(guest);
  await guest.goto(link);
  await taken(guest);
  await setup.name.fill("Luis");
  await setup.password.fill(PASSWORD);
  await setup.redeem.click();
  await guest.waitForURL((url) => url.pathname === "/");
  await expect(new Frame(guest).heading).toHaveText("Aquí vivirán tus equipos");
  expect((await visit(guest, "/people")).status()).toBe(403);
  await guest.context().close();
});
