// Passkeys, with the authenticator that Chromium has for tests. They belong to a name, so the server is reached by one.
import { test } from "./test.mjs";

export const named = test.extend({ baseURL: async ({ server }, use) => use(server.url.replace("//127.0.0.1:", "//localhost:")) });

/** What keeps somebody's passkeys in this page's browser, and says yes whenever it is asked. */
export async function authenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { kept: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials };
}
