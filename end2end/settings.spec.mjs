// One's own account.
import { Frame } from "./pages/frame.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, test } from "./support/test.mjs";

for (const javaScriptEnabled of [true, false]) {
  const kind = javaScriptEnabled ? "script" : "plain";
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("name, language and colours stay with the profile, in every browser", javaScriptEnabled ? {} : DESKTOP, async ({ page, browser, baseURL, server }, info) => {
      const eva = await somebody(server, info, `profile-${kind}`, "staff");
      await signIn(page, eva);
      const settings = new Settings(page);
      await settings.open();
      await settings.name.fill("Eva <b>Ñandú</b> 🏡");
      await settings.lang.selectOption("en");
      await settings.theme.selectOption("dark");
      await settings.save.click();
      await expect(page.getByText("Your profile is saved.")).toBeVisible();
      await expect(new Frame(page).root).toHaveAttribute("data-theme", "dark");
      if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
      if (info.project.name === "phone") await expectTouchable(page);
      await picture(page, info, `settings-${kind}`);

      const other = new Settings(await browser.newPage({ baseURL }));
      await signIn(other.page, eva);
      await other.open();
      await expect(other.heading).toHaveText("Settings");
      await expect(other.name).toHaveValue("Eva <b>Ñandú</b> 🏡");
      await expect(new Frame(other.page).root).toHaveAttribute("data-theme", "dark");
      await other.page.close();
    });

    test("a password is changed by who knows it, and other browsers are out", DESKTOP, async ({ page, browser, baseURL, server, complaints }, info) => {
      complaints.expect(401, "/ui/password");
      complaints.expect(422, "/ui/password");
      const leo = await somebody(server, info, `password-${kind}`, "customer");
      const other = await browser.newPage({ baseURL });
      await signIn(other, leo);
      await signIn(page, leo);
      const settings = new Settings(page);
      await settings.open();
      await settings.changePassword("not the password", "another horse battery");
      await expect(settings.current).toHaveAttribute("aria-invalid", "true");
      await settings.changePassword(leo.password, "another horse battery");
      await expect(page.getByText("Tu contraseña cambió")).toBeVisible();
      await expect(page.getByText("Solo estás en este navegador.")).toBeVisible();
      const door = new SignIn(other);
      await door.open("/settings");
      await expect(door.password).toBeVisible();
      await expect(door.email).toBeVisible();
      await other.close();
    });
  });
}
