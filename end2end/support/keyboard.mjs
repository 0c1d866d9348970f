// Hands that have no mouse.
import { expect } from "@playwright/test";

/** Notes how everything is drawn while the keyboard is elsewhere. */
const noteLooks = (page) =>
  page.evaluate(() => {
    window.ringOf = (element) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      return { outline: outlineStyle === "none" || parseFloat(outlineWidth) < 2 ? "none" : outlineStyle, shadow: boxShadow };
    };
    window.wasFocused = document.activeElement;
    window.looks = new WeakMap();
    for (const element of document.querySelectorAll("*")) window.looks.set(element, window.ringOf(element));
  });

/** Where the keyboard is, and whether it is drawn: by a ring that was not there before, has a colour that stands out and is not cut off. */
const look = (page) =>
  page.evaluate(() => {
    const focused = document.activeElement;
    const parse = (colour) => {
      const one = new OffscreenCanvas(1, 1).getContext("2d");
      one.fillStyle = colour;
      one.fillRect(0, 0, 1, 1);
      return [...one.getImageData(0, 0, 1, 1).data];
    };
    const light = (rgb) => {
      const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [dark, bright] = [light(one.slice(0, 3)), light(other.slice(0, 3))].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    /** The colour that lies behind an element, the next one outwards that hides what is below it. */
    const ground = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const colour = parse(getComputedStyle(e).backgroundColor);
        if (colour[3] > 250) return colour;
      }
      return [255, 255, 255, 255];
    };
    /** How many sides of a ring around an element are within what its ancestors show of it. */
    const sides = (element, offset, width) => {
      const box = element.getBoundingClientRect();
      const reach = Math.max(0, offset + width);
      const ring = { left: box.left - reach, right: box.right + reach, top: box.top - reach, bottom: box.bottom + reach };
      const open = { left: true, right: true, top: true, bottom: true };
      for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(e);
        const frame = e.getBoundingClientRect();
        if (overflowX !== "visible") [open.left, open.right] = [open.left && ring.left >= frame.left - 0.5, open.right && ring.right <= frame.right + 0.5];
        if (overflowY !== "visible") [open.top, open.bottom] = [open.top && ring.top >= frame.top - 0.5, open.bottom && ring.bottom <= frame.bottom + 0.5];
        if (getComputedStyle(e).position === "fixed") break;
      }
      return Object.values(open).filter(Boolean).length;
    };
    const outlined = (e, before) => {
      const { outlineColor, outlineOffset, outlineWidth } = getComputedStyle(e);
      if (window.ringOf(e).outline === "none" || before?.outline === window.ringOf(e).outline) return false;
      const offset = parseFloat(outlineOffset);
      // What is drawn within an element lies on its own ground, what is drawn around it on the one behind.
      const behind = ground(offset < 0 ? e : (e.parentElement ?? e));
      return parse(outlineColor)[3] > 250 && contrast(parse(outlineColor), behind) >= 3 && sides(e, offset, parseFloat(outlineWidth)) >= 3;
    };
    const shadowed = (e, before) => {
      const { shadow } = window.ringOf(e);
      if (shadow === "none" || !before || before.shadow === shadow) return false;
      const colour = shadow.match(/^[a-z]+\([^)]*\)/)?.[0];
      return colour !== undefined && parse(colour)[3] > 250 && contrast(parse(colour), ground(e)) >= 3;
    };
    /** It draws its ring itself, or something around it does for it: only what changed when the keyboard came counts. */
    const isDrawn = (element) => {
      for (let e = element; e && e !== document.body; e = e.parentElement) {
        const before = window.looks.get(e);
        // What came with the keyboard has no look before; what stands around it must have had one.
        if (outlined(e, e === element ? before : (before ?? window.ringOf(e))) || shadowed(e, before)) return true;
      }
      return false;
    };
    const { width, height, top, left } = focused.getBoundingClientRect();
    const isSame = window.wasFocused === focused;
    return {
      isSame,
      name: `${focused.tagName.toLowerCase()} ${focused.className.baseVal ?? focused.className} «${(focused.ariaLabel ?? focused.textContent).trim().slice(0, 40)}»`,
      isPage: focused === document.body || focused.id === "main",
      isSeen: isSame || isDrawn(focused),
      isIn: width > 0 && height > 0 && top < innerHeight && left < innerWidth && top + height > 0 && left + width > 0,
    };
  });

/** Does something that moves the keyboard; whoever looks sees where it is then. */
export async function expectSeen(page, move) {
  await noteLooks(page);
  await move();
  const focused = await look(page);
  if (focused.isPage) return focused;
  expect(focused.isSeen, `one sees that the keyboard is at ${focused.name}`).toBe(true);
  expect(focused.isIn, `what the keyboard is at is on the screen: ${focused.name}`).toBe(true);
  return focused;
}

/** Goes by Tab to an element; everything on the way must be seen, and nothing may hold the keyboard. */
export async function tabTo(page, target, { key = "Tab", most = 80 } = {}) {
  const way = [];
  let held = 0;
  const wanted = await target.elementHandle();
  for (let step = 0; step < most; step++) {
    const { name, isSame } = await expectSeen(page, () => page.keyboard.press(key));
    if (await wanted.evaluate((element) => element === document.activeElement)) return way;
    // A field for date and time has as many stops as it has parts.
    held = isSame ? held + 1 : 0;
    expect(held, `the keyboard is held at ${name}`).toBeLessThan(8);
    way.push(name);
  }
  throw new Error(`not reached by ${most} of ${key}: ${way.join(", ")}`);
}

/** Nothing comes before its place in the document. */
export async function expectNaturalOrder(page) {
  expect(await page.locator("[tabindex]:not([tabindex='0'], [tabindex='-1'])").count()).toBe(0);
}
