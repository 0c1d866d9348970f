// Who may what, keys for programs, and the log of it all.
import { People } from "./pages/people.mjs";
import { Audit, Keys, Person } from "./pages/records.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, somebody, test, visit } from "./support/test.mjs";

test("an administrator makes somebody a viewer, grants one right more, and finds both in the log", async ({ page, browser, baseURL, server, complaints }, info) => {
  complaints.expect(403, "/people");
  const who = await somebody(server, info, "promoted", "customer");
  await signIn(page);
  const [people, person, audit] = [new People(page), new Person(page), new Audit(page)];
  await people.open();
  await people.row(who.email).getByRole("link").click();
  await expect(person.role).toHaveValue("customer");
  await person.role.selectOption("viewer");
  await person.saveRole.click();
  await expect(person.done).toContainText("valen desde ahora");
  await expect(person.right("Ver equipos y lecturas")).toBeChecked();
  await expect(person.right("Leer el registro de cambios")).not.toBeChecked();
  await person.right("Leer el registro de cambios").check();
  await person.saveRights.click();
  await expect(person.done).toContainText("valen desde ahora");
  await expect(person.right("Leer el registro de cambios")).toBeChecked();
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "person");
  // Who is a viewer now reads the log, and nothing about people.
  const desk = await browser.newPage({ baseURL });
  await signIn(desk, who);
  const theirs = new Audit(desk);
  await theirs.open(`?q=${encodeURIComponent(who.email)}`);
  await expect(theirs.rows.first()).toContainText("Entró");
  expect((await visit(desk, "/people")).status()).toBe(403);
  await desk.close();
  await audit.open(`?kind=user.&q=${encodeURIComponent(who.email)}`);
  await expect(audit.rows).toHaveCount(3);
  await expect(audit.rows.nth(0)).toContainText("Permisos de más: nada → Leer el registro de cambios");
  await expect(audit.rows.nth(1)).toContainText("Rol: Cliente → Consulta");
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
  await picture(page, info, "audit");
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a key is shown once, opens what it may, and is ended", javaScriptEnabled ? {} : DESKTOP, async ({ page, server, request, complaints }, info) => {
      complaints.expect(422, "/keys");
      const kind = `keys-${javaScriptEnabled ? "script" : "plain"}`;
      const who = await somebody(server, info, kind, "customer");
      const id = `${kind}-${info.project.name}`;
      await server.verb("device", "add", id, "--kind", "energy_meter", "--owner", who.email);
      await signIn(page, who);
      const keys = new Keys(page);
      await keys.open();
      await expect(keys.rows).toHaveCount(0);
      // What a customer may: read and steer. Nothing is ticked: that is no key.
      await expect(keys.boxes).toHaveCount(2);
      await keys.boxes.first().uncheck();
      await keys.name.fill("Mi <b>casa</b>");
      await keys.make.click();
      await expect(keys.error).toContainText("al menos un permiso");
      await expect(keys.name).toHaveValue("Mi <b>casa</b>");
      await keys.boxes.first().check();
      await keys.days.selectOption("30");
      await keys.make.click();
      await expect(keys.made).toHaveText(/^vgk_/);
      const key = await keys.made.textContent();
      await expect(keys.rows).toHaveCount(1);
      await expect(keys.rows).toContainText("Mi <b>casa</b>");
      if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
      if (info.project.name === "phone") await expectTouchable(page);
      await picture(page, info, kind);
      expect((await request.get(`/api/v1/devices/${id}`, { headers: { "x-api-key": key } })).status()).toBe(200);
      expect((await request.get("/api/v1/users/", { headers: { "x-api-key": key } })).status()).toBe(403);
      await keys.open();
      await expect(keys.made).toHaveCount(0);
      await expect(page.locator("html")).not.toContainText(key);
      await keys.revoke("Mi <b>casa</b>");
      await expect(keys.done).toContainText("no abre nada");
      expect((await request.get(`/api/v1/devices/${id}`, { headers: { "x-api-key": key } })).status()).toBe(401);
    });
  });
}

test("one browser is signed out from another, and an account is deleted for good", DESKTOP, async ({ page, browser, baseURL, server, complaints }, info) => {
  complaints.expect(422, "/ui/leave");
  complaints.expect(401, "/ui/sign-in");
  const who = await somebody(server, info, "leaver", "customer");
  const other = await browser.newPage({ baseURL });
  await signIn(other, who);
  await visit(other, "/");
  await signIn(page, who);
  const settings = new Settings(page);
  await settings.open();
  await expect(settings.sessions).toHaveCount(2);
  await expect(settings.sessions.last()).toContainText("127.0.0.1");
  await settings.sessions.last().getByRole("button").click();
  await expect(settings.done).toContainText("se cerró");
  await expect(settings.sessions).toHaveCount(1);
  await other.reload();
  await expect(new SignIn(other).password).toBeVisible();
  await other.close();
  await settings.leave("not the password");
  await expect(settings.farewell).toHaveAttribute("aria-invalid", "true");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "settings-leave");
  await settings.leave(who.password);
  const door = new SignIn(page);
  await expect(door.said).toContainText("quedó borrada");
  await door.fill(who);
  await door.submit.click();
  await expect(door.error.or(page.locator("[aria-invalid=true]")).first()).toBeVisible();
});
