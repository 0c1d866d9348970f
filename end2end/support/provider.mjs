// A provider of OpenID Connect of a test's own: the real npm `oidc-provider` on a free port, with its own pages for signing in and agreeing.
import http from "node:http";
import { once } from "node:events";

import { Provider as Oidc } from "oidc-provider";

export const CLIENT = "vigia";
export const SECRET = "what-the-provider-gave-us";
/** What people know it by. */
export const LABEL = "Casa <b>Pozo</b>";

/** A port that nobody listens on: the provider has to know ours before we start. */
export async function freePort() {
  const probe = http.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export class Provider {
  /** Starts one. `back`: where it leads people back to; `people`: who has an account there, by the name that they sign in with. */
  static async start(back, people) {
    const provider = new Provider();
    provider.server = http.createServer();
    provider.server.listen(0, "127.0.0.1");
    await once(provider.server, "listening");
    // Another site than ours, which is at a number: what a browser sends along from there is what it would from anybody's.
    provider.issuer = `http://localhost:${provider.server.address().port}`;
    const oidc = new Oidc(provider.issuer, {
      clients: [{ client_id: CLIENT, client_secret: SECRET, redirect_uris: [back], grant_types: ["authorization_code"], response_types: ["code"] }],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "locale"] },
      pkce: { required: () => true },
      cookies: { keys: ["for this test alone"] },
      findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    });
    provider.server.on("request", oidc.callback());
    return provider;
  }

  /** What Vigía has to be told of it, as `own`; `port`: where Vigía is to listen. */
  settings(port) {
    return {
      VIGIA_HTTP__LISTEN: `127.0.0.1:${port}`,
      VIGIA_HTTP__PUBLIC_URL: `http://127.0.0.1:${port}`,
      VIGIA_OIDC__OWN__ISSUER: this.issuer,
      VIGIA_OIDC__OWN__CLIENT_ID: CLIENT,
      VIGIA_OIDC__OWN__CLIENT_SECRET: SECRET,
      VIGIA_OIDC__OWN__LABEL: LABEL,
    };
  }

  /** Ends it: nobody answers at its address. */
  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

/** The provider's own pages. */
export class ProviderPage {
  constructor(page) {
    this.page = page;
    this.name = page.locator("input[name=login]");
    this.password = page.locator("input[name=password]");
    this.submit = page.locator("button[type=submit]");
    this.cancel = page.getByRole("link", { name: "Cancel" });
  }

  /** Signs in there, and agrees that we learn who it is. */
  async enter(name) {
    await this.name.fill(name);
    await this.password.fill("any will do there");
    await this.submit.click();
    await this.agree();
  }

  async agree() {
    await this.page.getByRole("button", { name: "Continue" }).click();
  }
}
