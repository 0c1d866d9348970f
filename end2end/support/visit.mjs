// Going to a page as somebody does who lets it finish.

/** Waits until the browser half has taken the page over: its buttons, keys and forms work from then on. */
export const taken = (page) => page.locator("html[data-ready]").waitFor({ state: "attached" });

/** Goes to an address and, where scripts run, waits until its page is taken over. What is pressed before that is a matter of its own (`forms.spec.mjs`), and never left to chance. */
export async function visit(page, address) {
  const answer = await page.goto(address);
  if (answer.ok() && (await page.evaluate(() => matchMedia("(scripting: enabled)").matches))) await taken(page);
  return answer;
}
