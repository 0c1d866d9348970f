// Bundles style/main.css and what it imports into one minified file.
// node bundle/styles.mjs OUTPUT '{"inter.woff2": "/assets/inter-0123.woff2"}'
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { bundle } from "lightningcss";
import { css as targets } from "./targets.mjs";

const [output, addresses] = process.argv.slice(2);
const known = JSON.parse(addresses);

function address({ url, loc }) {
  if (/^(\/|#|data:)/.test(url)) return url;
  const found = known[basename(url)];
  if (found) return found;
  throw new Error(
    `${loc.filePath}:${loc.start.line}: url("${url}") is not part of the bundle. ` +
      `Put the file into public/ and write url("/its-name"); by a bare name there are only: ${Object.keys(known).join(", ")}`,
  );
}

try {
  const { code, dependencies, warnings } = bundle({
    filename: "style/main.css",
    minify: true,
    targets,
    analyzeDependencies: true,
    errorRecovery: false,
  });
  for (const { message, loc } of warnings) console.error(`style: ${loc.filename}:${loc.line}: ${message}`);
  let text = code.toString();
  for (const dependency of dependencies) {
    if (dependency.type === "url") text = text.replaceAll(dependency.placeholder, address(dependency));
  }
  writeFileSync(output, text);
} catch (error) {
  const at = error.loc ? `${error.fileName ?? error.loc.filePath}:${error.loc.line}:${error.loc.column}: ` : "";
  console.error(`style: ${at}${error.message}`);
  process.exit(1);
}
