// The browser's own frame follows the theme that a switch on the page has chosen: `data-theme` says which.
const root = document.documentElement;
new MutationObserver(() => {
  const chosen = root.dataset.theme;
  for (const colour of document.getElementsByName("theme-color")) {
    const of = colour.dataset.of;
    colour.media = chosen === "system" ? `(prefers-color-scheme: ${of})` : chosen === of ? "all" : "not all";
  }
}).observe(root, { attributeFilter: ["data-theme"] });
