// From the set-up link to signing out, and what a visitor without JavaScript gets.
import { Server } from "./support/server.mjs";
import { ADMIN, expect, expectAccessible, expectAccessibleInBothThemes, expectTouchable, picture, signIn, test } from "./support/test.mjs";

test("a stranger makes the first account with the link, finds their way, and leaves", async ({ page }, info) => {
  const fresh = await Server.start();
  try {
    await page.goto(fresh.link);
    await expect(page.locator("input[name=code]")).toHaveValue(/^vgl_/);
    expect(page.url()).not.toContain("vgl_");
    await picture(page, info, "setup");
    await expectAccessible(page);
    await page.locator("input[name=email]").fill(ADMIN.email);
    await page.locator("input[name=name]").fill(ADMIN.name);
    await page.locator("input[name=password]").fill("short");
    await page.locator("form:has(input[name=code]) button[type=submit]").click();
    await expect(page.locator("input[name=password]")).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator("input[name=email]")).toHaveValue(ADMIN.email);
    await page.locator("input[name=password]").fill(ADMIN.password);
    await page.locator("form:has(input[name=code]) button[type=submit]").click();
    await page.waitForURL((url) => url.pathname === "/");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await picture(page, info, "empty");
    await expectAccessible(page);

    await page.locator("[popovertarget=account-sheet]").click();
    await page.getByRole("button", { name: "Cerrar sesión" }).click();
    await expect(page.locator("input[name=password]")).toBeVisible();
    await page.goto(`${fresh.url}/devices`);
    await expect(page.locator("input[name=password]")).toBeVisible();
  } finally {
    expect(await fresh.stop()).toBe(0);
  }
});

test("signing in leads to the page that was asked for", async ({ page, server }, info) => {
  await server.verb("device", "add", `asked-${info.project.name}`, "--kind", "energy_meter");
  const answer = await page.goto(`/devices/asked-${info.project.name}`);
  expect(answer.status()).toBe(401);
  await page.locator("input[name=email]").fill(ADMIN.email);
  await page.locator("input[name=password]").fill("not the password");
  await page.locator("form:has(input[name=password]) button[type=submit]").click();
  await expect(page.locator("input[name=password]")).toHaveAttribute("aria-invalid", "true");
  await page.locator("input[name=password]").fill(ADMIN.password);
  await page.locator("form:has(input[name=password]) button[type=submit]").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`asked-${info.project.name}`);
});

test("the theme switch works, which needs the browser half, and is kept", async ({ page }, info) => {
  await page.goto("/sign-in");
  await picture(page, info, "sign-in");
  if (info.project.name === "phone") await expectTouchable(page);
  await expectAccessible(page);
  const root = page.locator("html");
  await expect(root).toHaveAttribute("data-theme", "system");
  await page.getByRole("button", { name: "Oscuro" }).click();
  await expect(root).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(root).toHaveAttribute("data-theme", "dark");
  await expectAccessible(page);
  await picture(page, info, "sign-in-dark");
});

test("an address that is none is answered in the product's own design", async ({ page }, info) => {
  const answer = await page.goto("/no/such/place");
  expect(answer.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "not-found");
  await signIn(page);
  await page.goto("/no/such/place");
  await expectAccessibleInBothThemes(page);
  if (info.project.name === "phone") await expectTouchable(page);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("one signs in, reads a device's numbers, changes the language, and signs out", async ({ page, server }, info) => {
    const id = `plain-${info.project.name}`;
    const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", "Medidor sin guion");
    const device = server.device(id, token);
    device.publish({ power_w: 512.3, voltage_v: 127.1 });
    await device.end();
    await signIn(page);
    await page.goto(`/devices/${id}`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Medidor sin guion");
    await expect(page.locator("[data-metric=power_w] [data-value]")).toHaveText("512");
    await picture(page, info, "device-plain");
    await page.goto("/devices");
    await expect(page.locator(`[data-device=${id}] [data-value]`)).toContainText("512");
    await page.locator("[popovertarget=account-sheet]").click();
    await page.getByRole("button", { name: "English" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await page.locator("[popovertarget=account-sheet]").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto("/devices");
    await expect(page.locator("input[name=password]")).toBeVisible();
  });
});
