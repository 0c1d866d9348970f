// What an open tab does when its right to what it shows ends.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { expect, signIn, test } from "./support/test.mjs";

const LIVE = "/api/v1/live";

test("a tab whose session ended asks for sign-in at its own address", async ({ page, server }, info) => {
  const id = `tab-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  await signIn(page);
  await new Device(page).open(id);
  await expect(new Frame(page).live).toBeVisible();
  const other = await page.context().newPage();
  await new List(other).open();
  await new Frame(other).leave();
  await expect(new SignIn(other).password).toBeVisible();
  await other.close();
  await expect(new SignIn(page).password).toBeVisible({ timeout: 15_000 });
  expect(new URL(page.url()).pathname).toBe(`/devices/${id}`);
});

test("a connection that cannot come back because the session ended says so", async ({ page, context, server, complaints }, info) => {
  // The browser complains of the refused connection.
  complaints.expect(401, LIVE);
  complaints.expectLost();
  const id = `lost-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  let cut;
  await page.routeWebSocket(`**${LIVE}`, (socket) => {
    const toServer = socket.connectToServer();
    cut = async () => {
      await toServer.close();
      await socket.close({ code: 4000 });
    };
  });
  await signIn(page);
  await new Device(page).open(id);
  await expect(new Frame(page).live).toBeVisible();
  await context.clearCookies();
  await cut();
  await expect(new SignIn(page).password).toBeVisible({ timeout: 15_000 });
});

test("what is refused is asked for anew", async ({ page, server, complaints }, info) => {
  complaints.expect(404, "/ui/device");
  const id = `gone-${info.project.name}`;
  await server.verb("device", "add", id, "--kind", "energy_meter");
  let refuse;
  await page.routeWebSocket(`**${LIVE}`, (socket) => {
    socket.connectToServer();
    refuse = () => socket.send(JSON.stringify({ topic: `device/${id}`, error: { status: 404, detail: "gone" } }));
  });
  const frame = new Frame(page);
  await signIn(page);
  await new List(page).open();
  await expect(frame.live).toBeVisible();
  const list = page.waitForRequest((request) => new URL(request.url()).pathname === "/ui/devices");
  refuse();
  await list;
  await new Device(page).open(id);
  await expect(frame.live).toBeVisible();
  await page.route("**/ui/device?*", (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  const again = page.waitForRequest((request) => request.isNavigationRequest());
  refuse();
  await again;
});
