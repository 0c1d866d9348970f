// The command palette.
import { expect } from "@playwright/test";

export class Palette {
  constructor(page) {
    this.page = page;
    this.field = page.locator(".palette input[role=combobox]");
    // A page may have choices of its own.
    this.options = page.locator("#palette-list").getByRole("option");
    this.window = page.locator("dialog.palette");
  }

  /** Opens it by its keys, as soon as the page knows them. */
  async open() {
    await expect(async () => {
      if (!(await this.field.isVisible())) await this.page.keyboard.press("Control+k");
      await expect(this.field).toBeFocused({ timeout: 1000 });
    }).toPass();
  }

  /** Takes what words lead to. */
  async choose(words, option) {
    await this.open();
    await this.page.keyboard.type(words);
    await expect(this.options.first()).toContainText(option);
    await this.page.keyboard.press("Enter");
  }

  async close() {
    await this.page.keyboard.press("Escape");
    await this.field.waitFor({ state: "hidden" });
  }
}
