// From the set-up link to signing out, and what a visitor without JavaScript gets.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Refusal } from "./pages/refusal.mjs";
import { SetUp, SignIn } from "./pages/sign_in.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, DESKTOP, expect, expectAccessible, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, taken, test, visit } from "./support/test.mjs";

test("a stranger makes the first account with the link, finds their way, and leaves", async ({ page, complaints }, info) => {
  complaints.expect(422, "/ui/setup");
  const fresh = await Server.start();
  try {
    await page.goto(fresh.link);
    const [setup, frame] = [new SetUp(page), new Frame(page)];
    await expect(setup.code).toHaveValue(/^vgl_/);
    expect(page.url()).not.toContain("vgl_");
    await picture(page, info, "setup");
    await expectAccessibleInBothThemes(page);
    await setup.fill({ ...ADMIN, password: "short" });
    await setup.name.fill(ADMIN.name);
    await setup.submit.click();
    await expect(setup.password).toHaveAttribute("aria-invalid", "true");
    await expect(setup.email).toHaveValue(ADMIN.email);
    await setup.password.fill(ADMIN.password);
    await setup.submit.click();
    await page.waitForURL((url) => url.pathname === "/");
    await expect(frame.heading).toBeVisible();
    await picture(page, info, "empty");
    await expectAccessible(page);

    await frame.leave();
    await expect(setup.password).toBeVisible();
    await page.goto(`${fresh.url}/devices`);
    await expect(setup.password).toBeVisible();
  } finally {
    // The browser may still be asking for its icons.
    await page.goto("about:blank");
    expect(await fresh.stop()).toBe(0);
  }
});

test("signing in leads to the page that was asked for", DESKTOP, async ({ page, server, complaints }, info) => {
  complaints.expect(401, "/ui/sign-in");
  const id = `asked-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  const answer = await page.goto(`/devices/${id}`);
  expect(answer.status()).toBe(401);
  const door = new SignIn(page);
  await door.fill({ ...ADMIN, password: "not the password" });
  await door.submit.click();
  await expect(door.password).toHaveAttribute("aria-invalid", "true");
  await expect(door.email).toHaveValue(ADMIN.email);
  await door.password.fill(ADMIN.password);
  await door.submit.click();
  await expect(new Device(page).heading).toHaveText(id);
});

test("who has no password at hand gets a link by mail, which works once", async ({ page, server, browser, complaints }, info) => {
  complaints.expect(422, "/ui/ask-link", "/ui/enter");
  const who = await somebody(server, info, "forgetful", "customer");
  const [door, frame] = [new SignIn(page), new Frame(page)];
  await door.open();
  await taken(page);
  await door.byMail.click();
  await door.askFor("ana@example");
  await expect(door.address).toHaveAttribute("aria-invalid", "true");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "sign-in-by-mail");
  await door.askFor(who.email);
  await expect(door.said).toContainText("carpeta mail");
  const link = (await server.mail(who.email, "/enter#")).match(/http\S+\/enter#\w+/)[0];
  await page.goto(link);
  await page.waitForURL((url) => url.pathname === "/");
  await expect(frame.heading).toBeVisible();
  // Somebody who finds the link later.
  const other = await browser.newContext({ baseURL: server.url, locale: "es-MX" });
  const late = await other.newPage();
  await late.goto(link);
  await expect(late.locator("[role=alert]:not(:empty)").first()).toContainText("ya se usó o caducó");
  await other.close();
});

test("a forgotten password is chosen anew with a link, and not one that is easy to guess", async ({ page, server, browser, complaints }, info) => {
  complaints.expect(422, "/ui/forgot", "/ui/reset");
  const who = await somebody(server, info, "reset", "customer");
  const [door, setup, frame] = [new SignIn(page), new SetUp(page), new Frame(page)];
  const elsewhere = await browser.newContext({ baseURL: server.url, locale: "es-MX" });
  const old = await elsewhere.newPage();
  await signIn(old, who);
  await visit(old, "/");
  await door.open();
  await door.forgot.click();
  await taken(page);
  await expect(door.heading).toHaveText("Elegir otra contraseña");
  await door.email.fill("ana@example");
  await door.sendMail.click();
  await expect(door.email).toHaveAttribute("aria-invalid", "true");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "forgot");
  await door.email.fill(who.email);
  await door.sendMail.click();
  await expect(door.said).toContainText("carpeta mail");
  const link = (await server.mail(who.email, "/reset#")).match(/http\S+\/reset#\w+/)[0];
  await page.goto(link);
  await taken(page);
  await expect(setup.code).toHaveValue(/^vgl_/);
  await setup.password.fill("contraseña1");
  await setup.redeem.click();
  await expect(setup.password).toHaveAttribute("aria-invalid", "true");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "reset");
  const password = "seis gatos sin tejado";
  await setup.password.fill(password);
  await setup.redeem.click();
  await page.waitForURL((url) => url.pathname === "/");
  await expect(frame.heading).toBeVisible();
  // Whoever was in with the old one is out, and the new one opens.
  await old.reload();
  await expect(new SignIn(old).password).toBeVisible();
  await new SignIn(old).enter({ email: who.email, password });
  await elsewhere.close();
});

test("the theme switch works, which needs the browser half, and is kept", async ({ page }, info) => {
  const [door, frame] = [new SignIn(page), new Frame(page)];
  await door.open();
  await picture(page, info, "sign-in");
  if (info.project.name === "phone") await expectTouchable(page);
  await expectAccessible(page);
  await expect(frame.root).toHaveAttribute("data-theme", "system");
  await taken(page);
  await door.theme("dark").click();
  await expect(frame.root).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(frame.root).toHaveAttribute("data-theme", "dark");
  await expectAccessible(page);
  await picture(page, info, "sign-in-dark");
});

test("an address that is none is answered in the product's own design", DESKTOP, async ({ page }, info) => {
  const refusal = new Refusal(page);
  expect(await refusal.open("/no/such/place")).toBe(404);
  await expect(refusal.heading).toBeVisible();
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "not-found");
  await signIn(page);
  expect(await refusal.open("/no/such/place")).toBe(404);
  await expectAccessibleInBothThemes(page);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("one signs in, reads a device's numbers, changes the language, and signs out", async ({ page, server }, info) => {
    const id = `plain-${info.project.name}`;
    const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor sin guion");
    const own = server.device(id, token);
    own.publish({ power_w: 512.3, voltage_v: 127.1 });
    await own.end();
    const [door, device, list, frame] = [new SignIn(page), new Device(page), new List(page), new Frame(page)];
    await door.open();
    await door.enter(await somebody(server, info, "plain"));
    await device.open(id);
    await expect(device.heading).toHaveText("Medidor sin guion");
    await expect(device.value("power_w")).toHaveText("512");
    await picture(page, info, "device-plain");
    await list.open();
    await expect(list.value(id)).toContainText("512");
    await frame.switchLanguage();
    await expect(frame.root).toHaveAttribute("lang", "en");
    await frame.leave();
    await page.goto("/devices");
    await expect(door.password).toBeVisible();
  });

  test("one asks for a link by mail, and what was typed wrong comes back", DESKTOP, async ({ page, server }, info) => {
    const who = await somebody(server, info, "plainmail", "customer");
    const [door, setup] = [new SignIn(page), new SetUp(page)];
    await door.open();
    await door.byMail.click();
    // A browser lets it through, and we do not.
    await door.askFor("ana@example");
    await expect(door.address).toHaveValue("ana@example");
    await expect(door.page.locator(".field__error:not(:empty)")).toBeVisible();
    await door.askFor(who.email);
    await expect(door.said).toContainText("carpeta mail");
    const code = (await server.mail(who.email, "/enter#")).match(/\/enter#(\w+)/)[1];
    await page.goto("/enter");
    await setup.code.fill(code);
    await setup.redeem.click();
    await expect(new Frame(page).heading).toBeVisible();
  });

  test("a forgotten password is chosen anew", DESKTOP, async ({ page, server }, info) => {
    const who = await somebody(server, info, "plainreset", "customer");
    const [door, setup] = [new SignIn(page), new SetUp(page)];
    await door.open();
    await door.forgot.click();
    await door.email.fill(who.email);
    await door.sendMail.click();
    await expect(door.said).toContainText("carpeta mail");
    const code = (await server.mail(who.email, "/reset#")).match(/\/reset#(\w+)/)[1];
    await page.goto("/reset");
    await setup.code.fill(code);
    await setup.password.fill("seis gatos sin tejado");
    await setup.redeem.click();
    await expect(new Frame(page).heading).toBeVisible();
  });
});
