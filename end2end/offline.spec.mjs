// Without a line: a page that says so. What becomes of forms is in lost.spec.mjs.
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { Refusal } from "./pages/refusal.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { ADMIN, DESKTOP, expect, expectAccessibleInBothThemes, picture, signIn, taken, test } from "./support/test.mjs";

// What fails for want of a line is what the browser complains of.
test.beforeEach(({ complaints }) => complaints.expectLost());

/** Every address that a worker of this site has kept. */
const keptFiles = (page) =>
  page.evaluate(async () => {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = (await Promise.all(stores.map((store) => store.keys()))).flat();
    return requests.map((request) => new URL(request.url).pathname.replace(/-[0-9a-f]+\./, ".")).sort();
  });
const PUBLIC = ["/assets/inter.woff2", "/assets/vigia.css", "/offline"];

/** Waits until the browser has what it shows without a line. */
async function kept(page) {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller) await new Promise((done) => setTimeout(done, 50));
  });
}

test("a page that cannot be reached says so in one's language and colours, and comes by itself", async ({ page, context }, info) => {
  const refusal = new Refusal(page);
  await signIn(page);
  await page.goto("/settings");
  await kept(page);
  await context.setOffline(true);
  await page.goto("/devices");
  await expect(refusal.heading).toHaveText("Sin conexión");
  await expect(page).toHaveTitle("Sin conexión");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "offline");

  expect(await keptFiles(page)).toEqual(PUBLIC);

  await context.setOffline(false);
  await expect(refusal.heading).toHaveText("Equipos");
  await expect(page).toHaveURL(/\/devices$/);
});

test("the same in the other language, in the dark, and by its button", DESKTOP, async ({ page, context, server }) => {
  const [refusal, door] = [new Refusal(page), new SignIn(page)];
  await door.open();
  await kept(page);
  await context.addCookies([{ name: "lang", value: "en", url: server.url }, { name: "theme", value: "dark", url: server.url }]);
  await context.setOffline(true);
  await page.goto("/devices/m1?range=24h");
  await expect(refusal.heading).toHaveText("No connection");
  await expect(new Frame(page).root).toHaveAttribute("data-theme", "dark");
  await refusal.again.click();
  await expect(refusal.heading).toHaveText("No connection");
  await context.setOffline(false);
  await expect(door.password).toBeVisible();
  await expect(page).toHaveURL(/\/devices\/m1\?range=24h$/);
});

test("a file that does not come for want of a line leads back to where it is offered", DESKTOP, async ({ page, context }) => {
  const [refusal, list] = [new Refusal(page), new List(page)];
  await signIn(page);
  await page.goto("/devices");
  await kept(page);
  await taken(page);
  await context.setOffline(true);
  await list.export.click();
  await expect(refusal.heading).toHaveText("Sin conexión");
  await expect(page).toHaveURL(/\/devices\.csv/);
  // The file would come again and again, and this page would stay.
  await context.setOffline(false);
  await expect(refusal.heading).toHaveText("Equipos");
  await expect(page).toHaveURL(/\/devices$/);
});

test("what somebody saw is nowhere once they have signed out", DESKTOP, async ({ page, context }) => {
  await new SignIn(page).open();
  await kept(page);
  await signIn(page);
  for (const path of ["/devices", "/settings", "/"]) {
    await page.goto(path);
    await taken(page);
  }
  await new Frame(page).leave();
  await page.waitForURL(/sign-in/);
  expect(await keptFiles(page)).toEqual(PUBLIC);
  const stored = await page.evaluate(async () => {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const answers = await Promise.all(stores.map(async (store) => Promise.all((await store.keys()).map((request) => store.match(request)))));
    return (await Promise.all(answers.flat().map((answer) => answer.text()))).join();
  });
  expect(stored).not.toContain(ADMIN.email);
  await context.setOffline(true);
  for (const path of ["/settings", "/devices"]) {
    await page.goto(path);
    await expect(new Refusal(page).heading).toHaveText("Sin conexión");
    await expect(page.locator("body")).not.toContainText(ADMIN.email);
  }
});

test("the worker stands beside everything but pages, and what an older one kept goes", DESKTOP, async ({ page }) => {
  // As an older version has left it.
  await page.goto("/offline");
  await page.evaluate(async () => {
    const old = await caches.open("vigia-offline-old");
    await old.put("/offline", new Response("old"));
    await old.put("/assets/vigia-old.css", new Response("old"));
    await (await caches.open("another")).put("/x", new Response("x"));
  });
  await signIn(page);
  await page.goto("/");
  await kept(page);
  await expect.poll(() => page.evaluate(() => caches.keys())).toHaveLength(2);
  expect(await page.evaluate(() => caches.keys())).toEqual(expect.arrayContaining(["another", expect.stringMatching(/^vigia-offline-[0-9a-f]+$/)]));

  const answers = [];
  page.on("response", (response) => answers.push(response));
  await page.goto("/devices");
  await taken(page);
  // What it has kept has a hash in its name, and is what the server has; the rest it leaves alone.
  const its = answers.filter((answer) => answer.fromServiceWorker()).map((answer) => new URL(answer.url()).pathname.replace(/-[0-9a-f]+\./, "."));
  expect(its.filter((path) => !PUBLIC.includes(path))).toEqual(["/devices"]);
  expect((await page.goto("/assets/vigia-old.css")).status()).toBe(404);
});
