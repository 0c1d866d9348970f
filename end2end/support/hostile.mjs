// Texts that nobody should send, and the proof that they are only text.
import { expect } from "@playwright/test";

/** What people and devices may write as a name, none longer than it may be. */
export const TEXTS = {
  long: "ñ".repeat(300),
  words: "Medidor de la casa ".repeat(15).trim(),
  rtl: "عداد الطاقة في المنزل 7",
  turned: "Pozo \u202Eonaip\u202C \u2067عربي",
  emoji: "🏡👩‍👩‍👧‍👦⚡️🇲🇽👨🏽‍🚀",
  script: "<script>window.ran=1</script>\"'><img src=x onerror=window.ran=1>",
  braces: "{{7*7}} ${7*7} <%= 7*7 %> {name} %s",
  quotes: "\" ' ` & &amp; </title></textarea> -->",
};

/** The same as keys and passkeys may be called, which is shorter. */
export const NAMES = Object.fromEntries(Object.entries(TEXTS).map(([kind, text]) => [kind, text.slice(0, 80).trim()]));

/** What a program may call itself: a header has no letters but those of ASCII, and its beginning alone is shown. */
export const PROGRAMS = Object.fromEntries(
  Object.entries({ ...TEXTS, long: "x".repeat(300) })
    .filter(([, text]) => /^[ -~]*$/.test(text))
    .map(([kind, agent]) => [kind, { agent, shown: agent.slice(0, 60) }]),
);

/** Listens from the first page on; the answer fails the test if anything of these texts was run. */
export async function watch(page) {
  const seen = [];
  page.on("dialog", (dialog) => {
    seen.push(`a dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on("request", (request) => new URL(request.url()).pathname.endsWith("/x") && seen.push(`asked for ${request.url()}`));
  await page.addInitScript(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return async () => {
    expect(seen).toEqual([]);
    expect(await page.evaluate(() => ({ ran: window.ran ?? null, refused: window.refused ?? [] }))).toEqual({ ran: null, refused: [] });
  };
}
