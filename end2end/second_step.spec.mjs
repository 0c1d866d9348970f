// The second step of signing in: switched on with an app's code, asked for, got around with a recovery code, taken away.
import { Person } from "./pages/records.mjs";
import { CodeDoor, SecondStep } from "./pages/second_step.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { codeOf, nextCodeOf, wrongCodeOf } from "./support/totp.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, taken, test, visit } from "./support/test.mjs";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("it is switched on, asked for with every sign-in, and switched off", javaScriptEnabled ? {} : DESKTOP, async ({ page, server, complaints }, info) => {
      test.slow();
      complaints.expect(422, "/settings/second-step", "/ui/second-step");
      const who = await somebody(server, info, `second-${javaScriptEnabled ? "script" : "plain"}`, "staff");
      await signIn(page, who);
      const [settings, second, door, ask] = [new Settings(page), new SecondStep(page), new SignIn(page), new CodeDoor(page)];
      const look = async (name) => {
        if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
        if (info.project.name === "phone") await expectTouchable(page);
        await picture(page, info, `${name}-${javaScriptEnabled ? "script" : "plain"}`);
      };
      await settings.open();
      await page.getByRole("link", { name: "Activarlo" }).click();
      await expect(second.heading).toHaveText("Segundo paso");
      await second.proof.fill("not the password");
      await second.begin.click();
      await expect(second.error).toContainText("no es esa");
      await look("second-off");
      await second.proof.fill(who.password);
      await second.begin.click();
      await expect(second.picture).toBeVisible();
      const secret = await second.secret.textContent();
      expect(await second.link.getAttribute("href")).toContain(`secret=${secret.replaceAll(" ", "")}`);
      await second.passcode.fill(wrongCodeOf(secret));
      await second.confirm.click();
      await expect(second.error).toContainText("no es válido");
      await expect(second.secret).toHaveText(secret);
      await look("second-begun");
      // Whoever opens the page anew, with the session alone, is shown nothing of it.
      const other = await page.request.get("/settings/second-step");
      expect(await other.text()).not.toContain(secret);
      await second.passcode.fill(codeOf(secret));
      await second.confirm.click();
      await expect(second.card).toContainText("Te quedan 10 códigos");
      const codes = (await second.codes.textContent()).split("\n");
      expect(codes).toHaveLength(10);
      await look("second-codes");
      await second.open();
      await expect(second.card).toBeVisible();
      await expect(second.codes).toHaveCount(0);
      await expect(page.locator("html")).not.toContainText(codes[0]);

      // The password alone opens nothing.
      const enter = async (address) => {
        await page.context().clearCookies();
        await door.open(address);
        if (javaScriptEnabled) await taken(page);
        await door.enter(who);
        await page.waitForURL((url) => url.pathname === "/sign-in/code");
        if (javaScriptEnabled) await taken(page);
      };
      await enter("/devices?q=none");
      await expect(ask.heading).toHaveText("Segundo paso");
      expect((await page.request.get("/api/v1/users/me")).status()).toBe(401);
      await ask.give(wrongCodeOf(secret));
      await expect(ask.error).toContainText("no es válido");
      await look("sign-in-code");
      await ask.give(nextCodeOf(secret));
      await page.waitForURL((url) => url.pathname === "/devices" && url.search === "?q=none");
      expect((await page.request.get("/api/v1/users/me")).status()).toBe(200);

      await enter("/sign-in");
      await ask.give(codes[0].toUpperCase());
      await page.waitForURL((url) => url.pathname === "/");
      expect(await server.mail(who.email, "cuando te queden pocos")).toContain("/settings/second-step");
      await second.open();
      await expect(second.card).toContainText("Te quedan 9 códigos");
      await second.proof.fill(who.password);
      await second.renew.click();
      await expect(second.card).toContainText("Te quedan 10 códigos");
      expect(await second.codes.textContent()).not.toContain(codes[1]);
      await second.proof.fill(who.password);
      await second.end.click();
      await expect(second.done).toContainText("ya no se pide");
      await page.context().clearCookies();
      await door.open();
      if (javaScriptEnabled) await taken(page);
      await door.enter(who);
      await page.waitForURL((url) => url.pathname === "/");
    });
  });
}

test("an operator takes it away from who lost everything, by the page or at the machine", DESKTOP, async ({ page, browser, baseURL, server }, info) => {
  const who = await somebody(server, info, "second-lost", "customer");
  const theirs = await browser.newPage({ baseURL });
  await signIn(theirs, who);
  const second = new SecondStep(theirs);
  await second.switchOn(who.password, codeOf);
  await expect(second.card).toBeVisible();
  const id = (await (await theirs.request.get("/api/v1/users/me")).json()).id;
  await signIn(page);
  const person = new Person(page);
  await visit(page, `/people/${id}`);
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "person-second-step");
  await page.getByRole("button", { name: "Quitar el segundo paso" }).click();
  await expect(person.done).toContainText("ya no se pide");
  await expect(page.getByRole("button", { name: "Quitar el segundo paso" })).toHaveCount(0);
  await visit(page, `/audit?kind=user.&q=${encodeURIComponent(who.email)}`);
  await expect(page.locator(".audit__row").first()).toContainText("Quitó el segundo paso");
  await second.switchOn(who.password, codeOf);
  await expect(second.card).toBeVisible();
  await server.verb("user", "second-step", who.email, "--off");
  await second.open();
  await expect(second.begin).toBeVisible();
  await theirs.context().close();
});
