// Makes one minified module of wasm-bindgen's JavaScript and the snippets that it imports.
// node bundle/glue.mjs INPUT OUTPUT
import { build } from "esbuild";
import { javascript as target } from "./targets.mjs";

const [input, outfile] = process.argv.slice(2);
// wasm-bindgen names the module of the parts once for each of them.
const logOverride = { "duplicate-object-key": "silent" };

await build({ entryPoints: [input], outfile, bundle: true, minify: true, format: "esm", target, charset: "utf8", legalComments: "none", logLevel: "warning", logOverride });
