// Every part in every state: looked at by machine at three widths, the outer ones in both themes, and walked through by keyboard.
import { Parts } from "./pages/parts.mjs";
import { args, executablePath } from "./support/chromium.mjs";
import { Server } from "./support/server.mjs";
import { ADMIN, expect, expectAccessibleInBothThemes, signIn, taken, test as base } from "./support/test.mjs";

const SECTIONS = ["tokens", "heads", "figures", "states", "ids", "buttons", "tabs", "menus", "dialogs", "toasts", "forms", "list", "chart", "sparks", "concerns", "mine", "waiting", "notices", "empties", "refusals"];
const CHARTS = ["two", "before", "odd", "empty", "loading"];
const WIDTHS = [
  [390, ["light", "dark"]],
  [768, ["light"]],
  [1440, ["light", "dark"]],
];

// An installation of its own: the page is there by a setting, and nothing of other tests stands in its frame.
const test = base.extend({
  server: [
    async ({}, use) => {
      const server = await Server.start(["serve"], { VIGIA_HTTP__DESIGN: "true" });
      await server.user(ADMIN.email, "admin", ADMIN.password);
      await use(server);
      expect(await server.stop()).toBe(0);
    },
    { scope: "worker" },
  ],
});

// Letters are drawn alike, whatever a machine says about fonts and screens.
test.use({ launchOptions: { executablePath, args: [...args, "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"] } });

/** The page as one that is signed in sees it: still, and with its chart drawn. */
async function open(browser, server, { width, colorScheme, locale = "es-MX" }) {
  // Taller than any section: one that does not fit is cut at another place. Half as many points to the pixel: enough to see what moved or has another colour, and the pictures weigh a third.
  const deviceScaleFactor = 0.5;
  const touch = width < 768 ? { hasTouch: true } : {};
  const options = { baseURL: server.url, locale, viewport: { width, height: 2400 }, colorScheme, reducedMotion: "reduce", deviceScaleFactor, ...touch };
  // Playwright's own styles, which hide the caret, have no nonce.
  const page = await browser.newPage({ ...options, bypassCSP: true });
  await signIn(page);
  await show(page, "");
  return { page, parts: new Parts(page) };
}

async function show(page, query) {
  const parts = new Parts(page);
  await parts.open(query);
  await taken(page);
  await expect(parts.exact).toHaveAttribute("title", /UTC−06:00/);
  if (!query.includes("loading")) await parts.drawn();
  // What hangs over every page is no part of any section; and letters that our own font lacks are drawn by whatever fonts a machine has.
  await page.addStyleTag({ content: '.frame__side, .skip, .frame__main > :not(.design) { visibility: hidden } code, pre { font-family: "Inter Variable" !important }' });
  await page.evaluate(async () => {
    const ours = (text) => text.replace(/[^\u0000-\u00ff\u2000-\u2122\u2191\u2193\u2212]/gu, "x");
    // What is written from right to left stays so.
    const directed = (element) => element.setAttribute("dir", getComputedStyle(element).direction);
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      const plain = ours(words.currentNode.data);
      if (plain === words.currentNode.data) continue;
      directed(words.currentNode.parentElement);
      words.currentNode.data = plain;
    }
    for (const field of document.querySelectorAll("input[type=text]")) {
      directed(field);
      field.value = ours(field.value);
    }
    await document.fonts.ready;
  });
}

/** Lets one section stand by itself at an even place: half a pixel elsewhere its letters would be drawn otherwise. */
async function alone(page, id) {
  const section = page.locator(`#${id}`);
  await section.evaluate((element) => {
    const even = (length) => `${2 * Math.round(length / 2)}px`;
    for (const other of document.querySelectorAll(".design")) other.style = "visibility: hidden";
    const { left, width } = element.getBoundingClientRect();
    element.style = `position: absolute; inset: 0 auto auto ${even(left)}; inline-size: ${even(width)}`;
    scrollTo(0, 0);
  });
  return section;
}

for (const [width, themes] of WIDTHS) {
  test(`every part looks as it did, ${width} px`, async ({ browser, server }) => {
    test.slow();
    const { page, parts } = await open(browser, server, { width, colorScheme: themes[0] });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await parts.sections.evaluateAll((all) => all.map((section) => section.id))).toEqual(SECTIONS);
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      for (const section of SECTIONS) {
        await expect.soft(await alone(page, section)).toHaveScreenshot(`${width}-${colorScheme}-${section}.png`);
      }
    }
    await page.close();
  });
}

test("every part looks as it did in the other language", async ({ browser, server }) => {
  test.slow();
  const { page } = await open(browser, server, { width: 768, colorScheme: "light", locale: "en-GB" });
  for (const section of ["states", "buttons", "forms", "list", "chart", "refusals"]) {
    await expect.soft(await alone(page, section)).toHaveScreenshot(`en-${section}.png`);
  }
  await page.close();
});

test("what is open, and every chart, looks as it did", async ({ browser, server }) => {
  test.slow();
  const { page, parts } = await open(browser, server, { width: 1440, colorScheme: "dark" });
  await alone(page, "menus");
  await parts.menuDoor.click();
  await expect.soft(parts.menuPanel).toHaveScreenshot("menu.png");
  await page.keyboard.press("Escape");
  await alone(page, "dialogs");
  await parts.dialogDoor.click();
  await expect.soft(parts.dialog).toHaveScreenshot("dialog.png");
  await page.keyboard.press("Escape");
  await alone(page, "list");
  await parts.box.check();
  await expect.soft(parts.bar).toHaveScreenshot("bulk.png");
  for (const chart of CHARTS) {
    await show(page, `?chart=${chart}`);
    await expect.soft(await alone(page, "chart")).toHaveScreenshot(`chart-${chart}.png`);
  }
  await show(page, "?list=none");
  await expect.soft(await alone(page, "list")).toHaveScreenshot("list-none.png");
  await page.close();
});

// How colours look to who has one kind of cones less: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
// (IEEE TVCG 2009), of linear light.
const EYES = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

test("lines on one chart stay apart for whatever eyes, and from the ground", async ({ page }) => {
  const parts = new Parts(page);
  await signIn(page);
  await parts.open();
  const times = (rows, light) => rows.map((row) => row.reduce((sum, share, at) => sum + share * light[at], 0));
  /** https://bottosson.github.io/posts/oklab */
  const lab = (light) => {
    const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], light);
    return times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]], cones.map(Math.cbrt));
  };
  const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const cards = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // As the screen shows them, as linear light.
    const light = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement("span"));
      const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const of = (token) => {
        probe.style.color = `var(${token})`;
        one.fillStyle = getComputedStyle(probe).color;
        one.fillRect(0, 0, 1, 1);
        return [...one.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
      };
      return Object.fromEntries(["--c1", "--c2", "--chart-before", "--card"].map((token) => [token, of(token)]));
    });
    cards.push(luminance(light["--card"]));
    for (const [eyes, rows] of Object.entries(EYES)) {
      const seen = (token) => lab(times(rows, light[token]).map((share) => Math.min(Math.max(share, 0), 1)));
      const apart = (one, other) => Math.hypot(...seen(one).map((value, at) => value - seen(other)[at]));
      // 0.02 is what can just be told; the third line is dashed besides.
      expect.soft(apart("--c1", "--c2"), `${colorScheme}, ${eyes}`).toBeGreaterThan(0.12);
      for (const line of ["--c1", "--c2"]) {
        expect.soft(apart(line, "--chart-before"), `${colorScheme}, ${eyes}, ${line} and the past`).toBeGreaterThan(0.08);
      }
    }
    for (const line of ["--c1", "--c2", "--chart-before"]) {
      const [high, low] = [light[line], light["--card"]].map(luminance).toSorted((a, b) => b - a);
      expect.soft((high + 0.05) / (low + 0.05), `${colorScheme}, ${line} on the card`).toBeGreaterThan(3);
    }
  }
  expect(cards[0], "one of them is light").toBeGreaterThan(0.5);
  expect(cards[1], "and one is dark").toBeLessThan(0.1);
});

test("nobody is left out of any part, in either theme", async ({ page }) => {
  test.slow();
  const parts = new Parts(page);
  await signIn(page);
  await parts.open();
  await parts.drawn();
  await expectAccessibleInBothThemes(page);
  for (const width of [320, 390]) {
    await page.setViewportSize({ width, height: 800 });
    // The chart takes its width a moment later.
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${width} px`).toBeLessThanOrEqual(0);
  }
  await parts.dialogDoor.click();
  await expectAccessibleInBothThemes(page);
});

test("menu and dialog by keyboard alone: they give the focus back", async ({ page }) => {
  const parts = new Parts(page);
  await signIn(page);
  await parts.open();
  await parts.drawn();
  const { menu, menuDoor, menuLinks } = parts;
  await menuDoor.focus();
  await page.keyboard.press("Enter");
  await expect(menu).toHaveAttribute("open", "");
  await page.keyboard.press("ArrowDown");
  await expect(menuLinks.first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(menuLinks.nth(1)).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(menuLinks.last()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).not.toHaveAttribute("open");
  await expect(menuDoor).toBeFocused();

  const door = parts.dialogDoor;
  await door.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Ventanas" });
  await expect(dialog).toBeVisible();
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    expect(await dialog.evaluate((element) => element.contains(document.activeElement) || document.activeElement === document.body)).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(door).toBeFocused();

  await parts.toastDoor.click();
  const { toast } = parts;
  await expect(toast).toHaveCount(1);
  await toast.getByRole("button", { name: "Deshacer" }).click();
  await expect(toast).toContainText("Deshacer");
});

test("without the setting there is nothing there", async ({ browser }) => {
  const server = await Server.start();
  const page = await browser.newPage({ baseURL: server.url });
  expect((await new Parts(page).open()).status()).toBe(404);
  await page.close();
  expect(await server.stop()).toBe(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the page can be read", async ({ page }) => {
    const parts = new Parts(page);
    await signIn(page);
    await parts.open();
    await expect(parts.sections).toHaveCount(SECTIONS.length);
    await parts.menuDoor.click();
    await expect(parts.menuLinks.first()).toBeVisible();
    await expect(parts.dialogDoor).toBeHidden();
  });
});
