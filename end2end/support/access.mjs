// Whether everybody can use a page: axe in both themes, and room for fingers.
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "@playwright/test";

/** What of a page's access depends on its colours. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

async function check(page, axe) {
  // A colour that is still on its way from one theme to the other has no contrast of its own. What is not shown stays on its way.
  await page.evaluate(() => {
    const moving = document.getAnimations().filter((a) => a instanceof CSSTransition && a.effect?.target?.checkVisibility());
    return Promise.allSettled(moving.map((a) => a.finished));
  });
  const { violations } = await axe.analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)).toEqual([]);
}

/** No violation at all. */
export const expectAccessible = (page) =>
  // What axe leaves out by itself of WCAG 2.2.
  check(page, new AxeBuilder({ page }).options({ rules: { "target-size": { enabled: true } } }));

/** The theme that is seen, by how light the paper is. */
const themeOf = (page) =>
  page.evaluate(() => {
    const one = new OffscreenCanvas(1, 1).getContext("2d");
    one.fillStyle = getComputedStyle(document.body).backgroundColor;
    one.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = one.getImageData(0, 0, 1, 1).data;
    if (alpha < 255) return "none";
    return red + green + blue > 1.5 * 255 ? "light" : "dark";
  });

/** Shows a page in a theme. What its reader has chosen is stronger than what the system says. */
async function show(page, theme) {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate((theme) => {
    const root = document.documentElement;
    if (root.dataset.theme !== "system") root.dataset.theme = theme;
  }, theme);
  await expect.poll(() => themeOf(page), "the theme that is seen").toBe(theme);
}

/** No violation in either theme; the page is left in its own. */
export async function expectAccessibleInBothThemes(page) {
  const chosen = await page.locator("html").getAttribute("data-theme");
  await show(page, "light");
  await expectAccessible(page);
  // Between themes nothing else changes than colours.
  await show(page, "dark");
  await check(page, new AxeBuilder({ page }).withRules(OF_COLOURS));
  await page.emulateMedia({ colorScheme: null });
  await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), chosen);
}

/** Everything that is touched has room for a finger. A row's link covers its whole row, and a card's its card. */
export async function expectTouchable(page) {
  const small = await page.evaluate(() => {
    const shown = [...document.querySelectorAll("a, button, input, summary")].filter((e) => e.checkVisibility() && !e.closest(".skip, tr, .concern__row, .mine__card"));
    const sizes = shown.map((e) => [e.textContent.trim() || e.name, e.getBoundingClientRect()]);
    return sizes.filter(([, { width, height }]) => Math.min(width, height) < 44).map(([name, { width, height }]) => `${name}: ${width} x ${height}`);
  });
  expect(small).toEqual([]);
}
