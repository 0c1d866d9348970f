// Before this stand VERSION, which changes with the page for the time without a line, and KEPT: that page, and what it is drawn with. Nothing
// else is ever kept: what belongs to somebody stays with the server, and files with a hash in their names are the browser's own matter.
const FAMILY = "vigia-offline-";
const NAME = FAMILY + VERSION;
// What never has anything to do with this worker is not held up by waking it, in browsers that can be told so.
const BESIDE = ["/ui/*", "/api/*", "/assets/*.js", "/assets/*.wasm"].map((urlPattern) => ({ condition: { urlPattern }, source: "network" }));

const install = async (event) => {
  await event.addRoutes?.(BESIDE)?.catch(() => {});
  const cache = await caches.open(NAME);
  await cache.addAll(KEPT);
  await skipWaiting();
};

const activate = async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith(FAMILY) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  // The page is asked for while the worker wakes up: it costs nobody time.
  await registration.navigationPreload?.enable();
  await clients.claim();
};

const kept = async (request) => (await caches.open(NAME)).match(request);

const page = async (event) => {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await kept(KEPT[0])) ?? Response.error();
  }
};

addEventListener("install", (event) => event.waitUntil(install(event)));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (origin === location.origin && KEPT.slice(1).includes(pathname)) event.respondWith(kept(request).then((found) => found ?? fetch(request)));
});
