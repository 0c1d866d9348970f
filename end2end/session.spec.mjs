// What an open tab does when its right to what it shows ends.
import { expect, signIn, test } from "./support/test.mjs";

test("a tab whose session ended asks for sign-in at its own address", async ({ page, server }, info) => {
  const id = `tab-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  await signIn(page);
  await page.goto(`/devices/${id}`);
  await expect(page.locator(".live--on")).toBeVisible();
  const other = await page.context().newPage();
  await other.goto("/devices");
  await other.evaluate(() => fetch("/ui/sign-out", { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } }));
  await other.close();
  await expect(page.locator("input[name=password]")).toBeVisible({ timeout: 15_000 });
  expect(new URL(page.url()).pathname).toBe(`/devices/${id}`);
});

test("a connection that cannot come back because the session ended says so", async ({ context, server }, info) => {
  // A page of its own: the browser complains of the refused connection.
  const page = await context.newPage();
  const id = `lost-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  let cut;
  await page.routeWebSocket("**/api/v1/live", (socket) => {
    const toServer = socket.connectToServer();
    cut = async () => {
      await toServer.close();
      await socket.close({ code: 4000 });
    };
  });
  await signIn(page);
  await page.goto(`/devices/${id}`);
  await expect(page.locator(".live--on")).toBeVisible();
  await context.clearCookies();
  await cut();
  await expect(page.locator("input[name=password]")).toBeVisible({ timeout: 15_000 });
});

test("what is refused is asked for anew", async ({ page, server }, info) => {
  const id = `gone-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  let refuse;
  await page.routeWebSocket("**/api/v1/live", (socket) => {
    socket.connectToServer();
    refuse = () => socket.send(JSON.stringify({ topic: `device/${id}`, error: { status: 404, detail: "gone" } }));
  });
  await signIn(page);
  await page.goto("/devices");
  await expect(page.locator(".live--on")).toBeVisible();
  const list = page.waitForRequest((request) => new URL(request.url()).pathname === "/ui/devices");
  refuse();
  await list;
  await page.goto(`/devices/${id}`);
  await expect(page.locator(".live--on")).toBeVisible();
  await page.route("**/ui/device?*", (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  const again = page.waitForRequest((request) => request.isNavigationRequest());
  refuse();
  await again;
});
