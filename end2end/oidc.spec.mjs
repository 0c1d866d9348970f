// Signing in by a provider of OpenID Connect, the real npm `oidc-provider`: at the door, and in one's settings.
import { Frame } from "./pages/frame.mjs";
import { Settings } from "./pages/settings.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { LABEL, Provider, ProviderPage, freePort } from "./support/provider.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, DESKTOP, expect, expectAccessibleInBothThemes, expectTouchable, picture, signIn, taken, test } from "./support/test.mjs";

const PEOPLE = {
  eva: { email: "eva@example.org", email_verified: true, name: "Eva <b>Pozo</b>", locale: "es-MX" },
  luis: { email: "luis@example.org", email_verified: false, name: "Luis" },
  nadie: { email: "nadie@example.org", email_verified: true, name: "Nadie" },
};

/** Vigía with a provider, and what ends both. */
async function started(more = {}) {
  const port = await freePort();
  const provider = await Provider.start(`http://127.0.0.1:${port}/api/v1/auth/oidc/own/callback`, PEOPLE);
  const vigia = await Server.start(["serve"], { ...provider.settings(port), ...more });
  await vigia.user(ADMIN.email, "admin", ADMIN.password);
  return { provider, vigia };
}

/** A browser of somebody's own. */
async function browserOf(browser, vigia, more = {}) {
  const context = await browser.newContext({ baseURL: vigia.url, locale: "es-MX", ...more });
  // The provider's pages ask for a font elsewhere; nothing here does.
  await context.route("https://fonts.googleapis.com/**", (route) => route.fulfill({ contentType: "text/css", body: "" }));
  return context.newPage();
}

/** A provider's page asks for an icon that it does not have. */
const ofTheProvider = (complaints) => complaints.expect(404, "/favicon.ico");

test("by another sign-in one comes to the page that was asked for, and hears why when one does not", async ({ browser, complaints }, info) => {
  test.slow();
  ofTheProvider(complaints);
  const { provider, vigia } = await started();
  try {
    await vigia.user("eva@example.org", "customer", ADMIN.password);
    const page = await browserOf(browser, vigia);
    const [door, frame, there] = [new SignIn(page), new Frame(page), new ProviderPage(page)];
    await page.goto("/devices?state=online");
    await expect(door.ways).toHaveText([`Entrar con ${LABEL}`]);
    await taken(page);
    await expectAccessibleInBothThemes(page);
    if (info.project.name === "phone") await expectTouchable(page);
    await picture(page, info, "sign-in-oidc");
    await door.ways.click();
    await there.enter("eva");
    await page.waitForURL((url) => url.pathname === "/devices" && url.search === "?state=online");
    await expect(frame.account).toBeVisible();
    await taken(page);
    // The provider remembers her; so the next time is one touch.
    await frame.leave();
    await expect(door.ways).toBeVisible();
    await door.ways.click();
    await page.waitForURL((url) => url.port === new URL(vigia.url).port && url.pathname === "/");
    await expect(frame.account).toBeVisible();
    await page.context().close();

    for (const [name, said] of [
      ["luis", "no confirma que ese correo"],
      ["nadie", "no hay una cuenta abierta"],
    ]) {
      const other = await browserOf(browser, vigia);
      await new SignIn(other).open();
      await new SignIn(other).ways.click();
      await new ProviderPage(other).enter(name);
      await expect(new SignIn(other).error).toContainText(said);
      await expect(other.locator(".door__card")).toBeVisible();
      if (name === "nadie") {
        await taken(other);
        await expectAccessibleInBothThemes(other);
        await picture(other, info, "sign-in-oidc-refused");
      }
      await other.context().close();
    }

    const no = await browserOf(browser, vigia);
    await new SignIn(no).open();
    await new SignIn(no).ways.click();
    await new ProviderPage(no).cancel.click();
    await expect(new SignIn(no).error).toContainText("No diste permiso");
    await no.context().close();
  } finally {
    await provider.stop();
    expect(await vigia.stop()).toBe(0);
  }
});

test("a provider that is away is told of at the door", DESKTOP, async ({ browser }) => {
  const { provider, vigia } = await started();
  try {
    await provider.stop();
    const page = await browserOf(browser, vigia);
    const door = new SignIn(page);
    await door.open();
    await door.ways.click();
    await expect(door.error).toContainText("no responde ahora");
    await page.context().close();
  } finally {
    expect(await vigia.stop()).toBe(0);
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`another sign-in is linked and unlinked in the settings, ${javaScriptEnabled ? "with" : "without"} JavaScript`, DESKTOP, async ({ browser, complaints }, info) => {
    test.slow();
    ofTheProvider(complaints);
    const { provider, vigia } = await started();
    try {
      const leo = { email: "leo@example.org", password: ADMIN.password };
      await vigia.user(leo.email, "customer", leo.password);
      const page = await browserOf(browser, vigia, { javaScriptEnabled });
      const [settings, there, door, frame] = [new Settings(page), new ProviderPage(page), new SignIn(page), new Frame(page)];
      await signIn(page, leo);
      await settings.open();
      await settings.link(LABEL);
      // Who he is there has another address, and one that nobody vouches for: it is his, because he says so while he is signed in.
      await there.enter("luis");
      await expect(settings.done).toHaveText("La cuenta quedó vinculada.");
      await expect(settings.identities).toContainText("luis@example.org");
      await expect(settings.heading).toHaveText("Ajustes");
      if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
      await picture(page, info, "settings-oidc");
      await page.context().clearCookies({ name: "vigia_session" });
      await door.open();
      await door.ways.click();
      await expect(frame.account).toBeVisible();
      await settings.open();
      await expect(page.getByText(leo.email).filter({ visible: true }).first()).toBeVisible();
      await settings.unlink(LABEL);
      await expect(settings.done).toHaveText("La cuenta quedó desvinculada.");
      await expect(settings.identities).toHaveCount(0);
      await page.context().close();
    } finally {
      await provider.stop();
      expect(await vigia.stop()).toBe(0);
    }
  });
}

test("who registers by another sign-in keeps it as their only way in", DESKTOP, async ({ browser, complaints }) => {
  test.slow();
  ofTheProvider(complaints);
  const { provider, vigia } = await started({ VIGIA_ACCOUNTS__REGISTRATION: "open", VIGIA_ACCOUNTS__APPROVAL: "false" });
  try {
    const page = await browserOf(browser, vigia);
    const [settings, door] = [new Settings(page), new SignIn(page)];
    await door.open();
    await door.ways.click();
    await new ProviderPage(page).enter("eva");
    await expect(new Frame(page).heading).toHaveText("Aquí vivirán tus equipos");
    await settings.open();
    await expect(settings.name).toHaveValue("Eva <b>Pozo</b>");
    await settings.unlink(LABEL);
    await expect(settings.refused).toContainText("solo entrarías por correo");
    await expect(settings.identities).toHaveCount(1);
    await page.context().close();
  } finally {
    await provider.stop();
    expect(await vigia.stop()).toBe(0);
  }
});
