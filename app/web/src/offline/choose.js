const cookie = (name) => document.cookie.match(`(?:^|; )${name}=(\\w+)`)?.[1];
const root = document.documentElement;
const wanted = [cookie("lang"), ...navigator.languages.map((language) => language.slice(0, 2))];
root.lang = wanted.find((language) => ["es", "en"].includes(language)) ?? "es";
root.dataset.theme = cookie("theme") ?? "system";
for (const words of document.querySelectorAll("main > [lang]")) words.hidden = words.lang !== root.lang;
document.title = document.querySelector("main > :not([hidden]) h1").textContent;

// The page that was wanted comes by itself. Where this page is looked at for its own sake there is nothing to wait for. A file would come
// again and again, and this page would stay: whoever wanted one is led back to where it is offered.
const isFile = location.pathname.endsWith(".csv");
const goOn = () => {
  clearInterval(asking);
  if (!isFile) location.reload();
  else if (history.length > 1) history.back();
  else location.replace("/");
};
const ask = async () => {
  if (await fetch("/healthz", { cache: "no-store" }).catch(() => undefined)) goOn();
};
const asking = location.pathname === "/offline" ? undefined : setInterval(ask, 5000);
if (asking) addEventListener("online", goOn, { once: true });
