// Passkeys: added, used to come in, and taken away.
import { Frame } from "./pages/frame.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { authenticator, named } from "./support/passkey.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, taken, test } from "./support/test.mjs";

named("somebody adds a passkey, comes in with it, and takes it away", async ({ page, server, complaints }, info) => {
  complaints.expect(409, "/ui/passkey-add");
  complaints.expect(401, "/ui/passkey");
  const keys = await authenticator(page);
  const who = await somebody(server, info, "passkey", "staff");
  const [settings, door, frame] = [new Settings(page), new SignIn(page), new Frame(page)];
  await signIn(page, who);
  await settings.open();
  await expect(settings.passkeys).toHaveCount(0);
  await settings.addPasskey.click();
  await expect(settings.done).toHaveText("La llave de acceso quedó lista.");
  await expect(settings.passkeys).toHaveCount(1);
  await expect(settings.passkeys).toContainText("Chrome");
  await expect(settings.passkeys).toContainText("Sin usar todavía");
  const [kept] = await keys.kept();
  expect(kept).toMatchObject({ isResidentCredential: true, rpId: "localhost" });
  // The same authenticator makes no second one.
  await taken(page);
  await settings.addPasskey.click();
  await expect(settings.passkeyError).toHaveText("Ahí ya hay una llave de acceso de esta cuenta.");
  expect(await keys.kept()).toHaveLength(1);

  await settings.renamePasskey("El teléfono <b>de Ana</b>");
  await expect(settings.done).toHaveText("La llave de acceso tiene otro nombre.");
  await expect(settings.passkeys).toContainText("El teléfono <b>de Ana</b>");
  await taken(page);
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "settings-passkeys");

  await frame.leave();
  await door.password.waitFor();
  await door.open("/settings");
  await taken(page);
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "sign-in-passkey");
  await door.passkey.click();
  // In, and where they wanted to go.
  await expect(settings.passkeys).toContainText("Último uso:");
  await expect(frame.main.getByText(who.email).filter({ visible: true }).first()).toBeVisible();

  await taken(page);
  await settings.removePasskey.click();
  await expect(settings.done).toHaveText("La llave de acceso ya no abre esta cuenta.");
  await expect(settings.passkeys).toHaveCount(0);
  await taken(page);
  await frame.leave();
  await door.password.waitFor();
  await taken(page);
  await door.passkey.click();
  await expect(door.error).toContainText("Esa llave de acceso no abre aquí");
  await expect(door.password).toBeVisible();
});

named("who thinks better of it is told so, and comes in otherwise", DESKTOP, async ({ page, server, complaints }, info) => {
  complaints.expect(422, "/ui/passkey");
  const who = await somebody(server, info, "hesitant", "customer");
  const door = new SignIn(page);
  await door.open();
  await taken(page);
  await page.evaluate(() => {
    navigator.credentials.get = () => Promise.reject(new DOMException("nobody chose one", "NotAllowedError"));
  });
  await door.passkey.click();
  await expect(door.error).toHaveText("No se usó ninguna llave de acceso.");
  await door.enter(who);
  await expect(new Frame(page).heading).toBeVisible();
});

named("without a script nobody is shown what cannot be", DESKTOP, async ({ browser, server, baseURL }, info) => {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false, locale: "es-MX" });
  const page = await context.newPage();
  const door = new SignIn(page);
  await door.open();
  await expect(door.submit).toBeVisible();
  await expect(door.passkey).toBeHidden();
  await signIn(page, await somebody(server, info, "plainpasskey", "customer"));
  await page.goto("/settings");
  await expect(new Settings(page).addPasskey).toBeHidden();
  await context.close();
});

test("at another address than theirs there are none, and the settings say where they are", DESKTOP, async ({ page, server }, info) => {
  const [door, settings] = [new SignIn(page), new Settings(page)];
  await door.open();
  await taken(page);
  await expect(door.passkey).toBeHidden();
  await signIn(page, await somebody(server, info, "elsewhere", "customer"));
  await settings.open();
  await expect(settings.addPasskey).toBeHidden();
  await expect(page.getByText(server.url.replace("//127.0.0.1:", "//localhost:"))).toBeVisible();
});
