// What the browser complains of, on every page of every context that a test opens: a refused script, an error that nobody
// caught, a file that is missing. Whatever a test did not say before that it would happen fails it.
import { expect } from "@playwright/test";

/** What comes of leaving a page early, or of having no script: no fault of the page. */
const IDLE = [
  // A live connection of a page that was left before it stood.
  /WebSocket is closed before the connection is established/,
  // The browser half, fetched ahead and not started yet on a busy machine, or never, without JavaScript.
  /\.wasm was preloaded using link preload but not used/,
];

/** What a page that a test goes to may answer by itself; the test looks at the status, or at what the page says. */
const REFUSED = [400, 401, 403, 404, 422];

/** A line that is down, and a server that is gone. */
const LOST = /net::ERR_|WebSocket connection to .* failed|^TypeError: Failed to fetch/;

/** How a browser says that a live connection was answered with 401. */
const UNKNOWN = /WebSocket connection .* HTTP Authentication failed/;

/** `wanted`: a path, or a pattern for paths. */
const isAt = (wanted, path) => (wanted instanceof RegExp ? wanted.test(path) : wanted === path);

export class Complaints {
  #said = [];
  #expected = [];
  #documents = new Set();

  /** Calls to these paths will be answered with this status, and the browser says so. */
  expect(status, ...paths) {
    this.#expected.push((told) => told.status === status && paths.some((path) => isAt(path, told.path)));
  }

  /** The line or the server will be away. */
  expectLost() {
    this.#expected.push(({ text }) => LOST.test(text));
  }

  /** Listens to every page of a context, also to those that it opens by itself. */
  listen(context) {
    context.on("request", (request) => request.isNavigationRequest() && this.#documents.add(request.url()));
    context.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const [text, url] = [message.text(), message.text().match(/'(wss?:\/\/[^']+)'/)?.[1] ?? message.location().url];
      const status = UNKNOWN.test(text) ? 401 : Number(text.match(/(?:with a status of|response code:) (\d+)/)?.[1] ?? 0);
      this.#said.push({ text, url, status, path: URL.canParse(url) ? new URL(url).pathname : "" });
    });
    context.on("weberror", (error) => this.#said.push({ text: String(error.error()), url: error.page()?.url() ?? "", status: 0, path: "" }));
    return context;
  }

  /** Listens to every context that a browser makes from now on; what ends that. */
  listenTo(browser) {
    const { newContext } = browser;
    browser.newContext = async (...args) => this.listen(await newContext.apply(browser, args));
    return () => {
      browser.newContext = newContext;
    };
  }

  /** Nothing was complained of that was not to be. */
  verify() {
    const isExpected = (told) =>
      IDLE.some((idle) => idle.test(told.text)) ||
      (REFUSED.includes(told.status) && this.#documents.has(told.url)) ||
      this.#expected.some((expected) => expected(told));
    const left = this.#said.filter((told) => !isExpected(told)).map(({ text, url }) => `${text} (${url})`);
    expect(left, "what the browser complained of").toEqual([]);
  }
}
