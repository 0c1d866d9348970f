// Whether a page fits.
import { expect } from "@playwright/test";

/** What stands out of the page sideways, by tag and class. A part that is scrolled by itself may be wider than it is. */
const sticking = (page) =>
  page.evaluate((width) => {
    const isCut = (element) => {
      for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) if (getComputedStyle(e).overflowX !== "visible") return true;
      return false;
    };
    const out = [...document.body.querySelectorAll("*")].filter((e) => {
      const { right, left, width: wide } = e.getBoundingClientRect();
      return wide > 0 && e.checkVisibility() && (right > width + 1 || left < -1) && !isCut(e) && !e.closest(".visually-hidden, .skip");
    });
    const names = out.slice(0, 4).map((e) => `${e.tagName.toLowerCase()}.${e.className.baseVal ?? e.className}`);
    return document.documentElement.scrollWidth > width + 1 ? [`${document.documentElement.scrollWidth} of ${width}`, ...names] : [];
  }, page.viewportSize().width);

/** Nothing makes the page be scrolled sideways, now or at these widths. */
export async function expectToFit(page, widths = [page.viewportSize().width], what = "") {
  const before = page.viewportSize();
  for (const width of widths) {
    if (width !== page.viewportSize().width) await page.setViewportSize({ width, height: before.height });
    await expect.poll(() => sticking(page), `${what} fits ${width} px`).toEqual([]);
  }
  if (page.viewportSize().width !== before.width) await page.setViewportSize(before);
}
