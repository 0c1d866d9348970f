// Many devices: pages, words and states in the address.
import { readFile } from "node:fs/promises";

import { Device } from "./pages/device.mjs";
import { Frame } from "./pages/frame.mjs";
import { List } from "./pages/list.mjs";
import { SignIn } from "./pages/sign_in.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, DESKTOP, expect, expectAccessibleInBothThemes, picture, signIn, taken, test } from "./support/test.mjs";

/** A server with 230 devices: simulated meters register themselves, which is quicker than one by one. */
async function crowd() {
  const server = await Server.start();
  await server.user(ADMIN.email, "admin", ADMIN.password);
  await server.verb("simulate", "--scenario", "household", "--devices", "230", "--rate", "0.2", "--seconds", "2", "--broker", `mqtt://${server.mqttHost}:${server.mqttPort}`);
  return server;
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("one pages through the devices, looks for one by its name, and is told how many there are", javaScriptEnabled ? DESKTOP : {}, async ({ page }, info) => {
      const house = await crowd();
      try {
        await house.verb("device", "add", "pozo-9", "--kind", "switch", "--name", "Bomba del Pozo Ñandú");
        await page.goto(`${house.url}/devices`);
        await new SignIn(page).enter(ADMIN);
        const list = new List(page);
        const { rows, pager, search } = list;
        await expect(rows).toHaveCount(100);
        await expect(page.getByText("231 equipos")).toBeVisible();
        await expect(pager).toContainText("1–100 de 231");
        await picture(page, info, `many-${javaScriptEnabled ? "script" : "plain"}`);
        const [first] = await list.ids();
        await list.next.click();
        await expect(pager).toContainText("101–200 de 231");
        await list.next.click();
        await expect(pager).toContainText("201–231 de 231");
        await expect(rows).toHaveCount(31);
        await expect(list.next).toHaveCount(0);
        await list.previous.click();
        await expect(pager).toContainText("101–200 de 231");
        await list.previous.click();
        await expect(pager).toContainText("1–100 de 231");
        await expect(rows.first()).toHaveAttribute("data-device", first);

        await list.find("nandu POZO");
        await expect(rows).toHaveCount(1);
        await expect(page.getByText("1 de 231 equipos tienen «nandu POZO»")).toBeVisible();
        await expect(search).toHaveValue("nandu POZO");
        await page.getByRole("link", { name: "En línea", exact: true }).click();
        await expect(list.nothing).toBeVisible();
        await expect(search).toHaveValue("nandu POZO");
        if (javaScriptEnabled) await expectAccessibleInBothThemes(page);
        await picture(page, info, "nothing-found");
        await list.everything.click();
        await expect(rows).toHaveCount(100);
      } finally {
        // An open page would say that it lost its server.
        await page.goto("about:blank");
        expect(await house.stop()).toBe(0);
      }
    });
  });
}

test("who runs the installation is told of plaintext beyond this machine, a customer is not", DESKTOP, async ({ page }, info) => {
  const open = await Server.start(["serve"], { VIGIA_HTTP__LISTEN: "0.0.0.0:0", VIGIA_HTTP__PLAINTEXT: "private" });
  const { note, heading } = new Frame(page);
  const door = new SignIn(page);
  try {
    for (const [email, role, told] of [["ana@example.org", "admin", 1], ["sam@example.org", "staff", 1], ["eva@example.org", "customer", 0]]) {
      await open.user(email, role, ADMIN.password);
      await page.context().clearCookies();
      await door.open(`${open.url}/sign-in`);
      await expect(note).toHaveCount(0);
      await door.enter({ email, password: ADMIN.password });
      await page.waitForURL((url) => url.pathname === "/");
      await expect(heading).toBeVisible();
      await expect(note).toHaveCount(told);
      if (told) await expect(note).toContainText(/HTTP.*http\.tls/);
      if (role === "admin") {
        await expectAccessibleInBothThemes(page);
        await picture(page, info, "notice");
      }
    }
  } finally {
    await page.goto("about:blank");
    expect(await open.stop()).toBe(0);
  }
});

test("the heads put the list in order, choices stand in the address, and back leads back", async ({ page, server }, info) => {
  const list = new List(page);
  const tag = `orden${info.project.name}`;
  for (const [id, kind, power] of [["a", "switch", 5], ["b", "energy_meter", 900], ["c", "switch", -0.001]]) {
    const token = await server.verb("device", "add", `${id}-${tag}`, "--kind", kind, "--name", `${tag} ${id}`);
    const own = server.device(`${id}-${tag}`, token);
    own.publish({ power_w: power });
    await own.end();
  }
  const shown = async () => (await list.ids()).map((id) => id[0]).join("");
  await signIn(page);
  await list.open(`?q=${tag}`);
  await expect.poll(shown).toBe("cba");
  await list.sort("Último valor");
  if (info.project.name === "desktop") await expect(list.column("Último valor")).toHaveAttribute("aria-sort", "descending");
  await expect.poll(shown).toBe("bac");
  expect(new URL(page.url()).searchParams.get("sort")).toBe("-value");
  await list.menu("Tipo: cualquiera").click();
  await list.pick("Interruptor");
  await expect.poll(shown).toBe("ac");
  expect(new URL(page.url()).searchParams.get("kind")).toBe("switch");
  await expect(page.getByText(/2 de \d+ equipos/)).toBeVisible();
  await page.reload();
  await expect.poll(shown).toBe("ac");
  for (const before of ["bac", "cba"]) {
    await page.goBack();
    await expect(async () => expect(await shown()).toBe(before)).toPass();
  }
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "list");
});

test("columns that are left out stay left out", DESKTOP, async ({ page, server }, info) => {
  const list = new List(page);
  await server.verb("device", "add", `cols-${info.project.name}`, "--kind", "switch");
  await signIn(page);
  await list.open();
  const cells = list.cells("state").first();
  await expect(cells).toBeVisible();
  await taken(page);
  await list.columns.click();
  await expectAccessibleInBothThemes(page);
  await list.shows("Estado").uncheck();
  await expect(cells).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(list.shows("Estado")).toBeHidden();
  await page.reload();
  await expect(cells).toBeHidden();
  await taken(page);
  await list.columns.click();
  await list.shows("Estado").check();
  await expect(cells).toBeVisible();
});

test("devices are chosen by keyboard and exported, what begins like a formula is text", DESKTOP, async ({ page, server }, info) => {
  const list = new List(page);
  const { bar } = list;
  const tag = `clave${info.project.name}`;
  for (const id of ["a", "b", "c"]) {
    await server.verb("device", "add", `${id}-${tag}`, "--kind", "switch", "--name", `=1+1 ${tag}, "${id}"`);
  }
  await signIn(page);
  await list.open(`?q=${tag}`);
  await expect(bar).toBeHidden();
  // The page knows its keys by now.
  await taken(page);
  // Letters are the list's only while the keyboard is in it.
  await page.keyboard.press("j");
  await expect(page.locator("[data-device] a:focus")).toHaveCount(0);
  await list.all.focus();
  await page.keyboard.press("j");
  await expect(list.link(`c-${tag}`)).toBeFocused();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("j");
  await expect(list.link(`a-${tag}`)).toBeFocused();
  await page.keyboard.press("x");
  await expect(bar).toContainText("2 elegidos");
  await expectAccessibleInBothThemes(page);
  await picture(page, info, "chosen");
  const lines = async (click) => {
    const [download] = await Promise.all([page.waitForEvent("download"), click]);
    return (await readFile(await download.path(), "utf8")).trim().split("\r\n");
  };
  const csv = await lines(bar.getByRole("button", { name: "Exportar CSV" }).click());
  expect(csv).toHaveLength(3);
  expect(csv[1]).toContain(`c-${tag},"'=1+1 ${tag}, ""c""",switch`);
  await bar.getByRole("button", { name: "Quitar la selección" }).click();
  await expect(bar).toBeHidden();
  expect(await lines(list.export.click())).toHaveLength(4);
  // In another order the box goes with its device.
  await list.box(`c-${tag}`).check();
  await list.sort("Equipo");
  await expect.poll(() => list.ids()).toEqual(["a", "b", "c"].map((id) => `${id}-${tag}`));
  await expect(list.box(`a-${tag}`)).not.toBeChecked();
  await expect(list.box(`c-${tag}`)).toBeChecked();
  await expect(bar).toContainText("1 elegido");
  await list.link(`b-${tag}`).focus();
  await page.keyboard.press("Enter");
  await expect(new Device(page).heading).toContainText(`=1+1 ${tag}, "b"`);
});

test("devices are chosen on any screen, and nothing of what can be done with them is cut off", async ({ page, server }, info) => {
  await signIn(page);
  const tag = `eleccion${info.project.name}`;
  for (const id of ["a", "b", "c"]) await server.verb("device", "add", `${id}-${tag}`, "--kind", "switch", "--name", `${tag} ${id}`);
  const list = new List(page);
  await list.open(`?q=${tag}`);
  await expect(page.locator(".live--on").first()).toBeVisible();
  const phone = info.project.name.includes("phone");
  const clear = list.bar.getByRole("button", { name: "Quitar la selección" });
  for (const width of phone ? [320, 390] : [768, 1024, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    // What is pressed beside the box chooses, too, and does not open the device.
    await list.row(`a-${tag}`).locator("label").click({ position: { x: 4, y: 22 } });
    await expect(list.box(`a-${tag}`)).toBeChecked();
    await expect(list.bar).toContainText("1 elegido");
    // All of it is seen, above whatever stands at the bottom.
    const hidden = await list.bar.evaluate((bar) =>
      [...bar.querySelectorAll("button, output")].filter((part) => part.checkVisibility()).filter((part) => {
        const { left, right, top, bottom } = part.getBoundingClientRect();
        const isHit = (x, y) => bar.contains(document.elementFromPoint(x, y));
        return left < 0 || right > innerWidth || !isHit(left + 2, top + 2) || !isHit(right - 2, bottom - 2);
      }).map((part) => part.textContent),
    );
    expect(hidden, `${width} px`).toEqual([]);
    await expectAccessibleInBothThemes(page);
    await picture(page, info, `chosen-${width}`);
    await clear.click();
    await expect(list.bar).toBeHidden();
    await list.all.click();
    await expect(list.bar).toContainText("3 elegidos");
    await list.all.click();
    await expect(list.bar).toBeHidden();
    await expect(list.box(`c-${tag}`)).not.toBeChecked();
  }
  // The key ticks a box that is seen.
  await list.link(`b-${tag}`).focus();
  await page.keyboard.press("x");
  await expect(list.box(`b-${tag}`)).toBeChecked();
  await expect(list.box(`b-${tag}`)).toBeVisible();
});

test("devices are put in order by their owners, for who sees several, and those that never spoke are found", async ({ page, server }, info) => {
  const phone = info.project.name.includes("phone");
  const tag = `duenos${info.project.name}`;
  for (const who of ["zoe", "ana"]) await server.user(`${who}-${tag}@example.org`, "customer", ADMIN.password);
  for (const [id, who] of [["z", "zoe"], ["a", "ana"]]) {
    const own = await server.verb("device", "add", `${id}-${tag}`, "--kind", "switch", "--name", `${tag} ${id}`, "--owner", `${who}-${tag}@example.org`);
    if (id !== "z") continue;
    const device = server.device(`${id}-${tag}`, own);
    device.publish({ power_w: 3 });
    await device.end();
  }
  await server.verb("device", "add", `n-${tag}`, "--kind", "switch", "--name", `${tag} n`);
  await signIn(page);
  const list = new List(page);
  await list.open(`?q=${tag}`);
  const shown = async () => (await list.ids()).map((id) => id[0]).join("");
  await expect.poll(shown).toBe("naz");
  if (phone) {
    await page.locator(".filters__order summary").click();
    await page.locator(".filters__order").getByRole("link", { name: "Cliente" }).click();
  } else {
    await list.head("owner").getByRole("link").click();
    await expect(list.head("owner")).toHaveAttribute("aria-sort", "ascending");
  }
  await expect.poll(shown).toBe("azn");
  await page.getByRole("link", { name: "Nunca", exact: true }).click();
  await expect.poll(shown).toBe("an");
  expect(new URL(page.url()).search).toBe(`?q=${tag}&show=never&sort=owner`);
  await page.getByRole("link", { name: "Sin señal", exact: true }).click();
  await expect(page.getByText("Ningún equipo coincide.")).toBeVisible();

  await page.context().clearCookies();
  await signIn(page, { email: `zoe-${tag}@example.org`, password: ADMIN.password });
  await list.open();
  await expect.poll(shown).toBe("z");
  await expect(list.head("owner").getByRole("link")).toHaveCount(0);
  await expect(page.locator(".filters__order").getByRole("link", { name: "Cliente", includeHidden: true })).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the list is put in order, its columns are chosen and its devices exported", async ({ page, server }, info) => {
    const list = new List(page);
    const tag = `plano${info.project.name}`;
    for (const id of ["a", "b"]) await server.verb("device", "add", `${id}-${tag}`, "--kind", "switch", "--name", `${tag} ${id}`);
    await signIn(page);
    await list.open(`?q=${tag}`);
    await expect(list.rows.first()).toHaveAttribute("data-device", `b-${tag}`);
    await list.sort("Equipo");
    await expect(list.rows.first()).toHaveAttribute("data-device", `a-${tag}`);
    await list.columns.click();
    await list.shows("Contacto").uncheck();
    await list.save.click();
    await expect(list.rows.first()).toHaveAttribute("data-device", `a-${tag}`);
    await expect(list.cells("seen").first()).toBeHidden();
    if (info.project.name === "phone") return;
    await list.box(`a-${tag}`).check();
    const [download] = await Promise.all([page.waitForEvent("download"), list.bar.getByRole("button").first().click()]);
    expect((await readFile(await download.path(), "utf8")).trim().split("\r\n")).toHaveLength(2);
  });
});
