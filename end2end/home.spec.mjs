// What needs attention, for who runs the installation; one's own devices, for a customer.
import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { Home, Mine } from "./pages/home.mjs";
import { expectToFit } from "./support/layout.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, expect, expectAccessibleInBothThemes, picture, signIn, test } from "./support/test.mjs";

test("what needs somebody stands on the home page, with the way to it", async ({ page, server }, info) => {
  const name = `<b>Medidor</b> ${"ñ".repeat(250)}`;
  const id = `home-${info.project.name}`;
  const token = await server.verb("device", "add", id, "--kind", "energy_meter", "--name", name);
  const own = server.device(id, token);
  own.publish({ power_w: 700 });
  // The worst come first, and not all are shown: other tests have refused messages, too.
  for (let n = 0; n < 30; n++) own.publish(`nonsense ${n}`);
  await own.end();
  await server.verb("device", "add", `never-${info.project.name}`, "--kind", "switch", "--name", "عداد الطاقة");
  const home = new Home(page);
  await signIn(page);
  await home.open();
  await expect(home.heading).toHaveText("Atención");
  await expect(home.concern("Datos apartados")).toBeVisible();
  await expect(home.concern("Nunca han hablado")).toBeVisible();
  await expect(home.power).toBeVisible();
  await expectToFit(page, [page.viewportSize().width, 320]);
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "home");
  await home.way(`/devices/${id}?tab=messages#quarantine`).click();
  await expect(new Device(page).heading).toHaveText(name);
});

test("a customer's home is their devices, whose numbers move", async ({ browser }, info) => {
  const house = await Server.start();
  const context = await browser.newContext({ baseURL: house.url });
  const page = await context.newPage();
  try {
    const eva = { email: "eva@example.org", password: ADMIN.password };
    await house.user(eva.email, "customer", eva.password);
    const token = await house.verb("device", "add", "casa", "--kind", "energy_meter", "--name", "Mi casa", "--owner", eva.email);
    await house.verb("device", "add", "ajeno", "--kind", "energy_meter");
    const own = house.device("casa", token);
    own.publish({ power_w: 512 });
    const [mine, frame] = [new Mine(page), new Frame(page)];
    await signIn(page, eva);
    await mine.open();
    await expect(mine.heading).toHaveText("Mis equipos");
    await expect(mine.cards).toHaveCount(1);
    await expect(mine.value("casa")).toHaveText("512");
    await expect(frame.live).toBeVisible();
    own.publish({ power_w: 777 });
    await expect(mine.value("casa")).toHaveText("777");
    await expectToFit(page);
    await expectAccessibleInBothThemes(page);
    await picture(page, info, "home-customer");
    await own.end();
  } finally {
    await context.close();
    expect(await house.stop()).toBe(0);
  }
});
