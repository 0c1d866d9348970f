// The oldest browsers that the bundle is written for: the first ones with everything that Rust's WASM output needs
// (reference types, bulk memory) and CSS nesting or `:has()`, which lightningcss rewrites where it can.
export const javascript = ["chrome111", "firefox114", "safari16.4"];

const version = (major, minor = 0) => (major << 16) | (minor << 8);

export const css = {
  chrome: version(111),
  firefox: version(114),
  safari: version(16, 4),
  ios_saf: version(16, 4),
};
