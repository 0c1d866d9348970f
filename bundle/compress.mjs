// Writes .br and .gz beside every file of a folder that gets smaller by it.
// node bundle/compress.mjs FOLDER
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const compressible = new Set([
  ".css", ".html", ".ico", ".js", ".json", ".map", ".mjs", ".svg", ".txt", ".wasm", ".webmanifest", ".xml",
]);

async function* filesOf(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else yield path;
  }
}

// Code packs a quarter of a per cent better in smaller blocks and with the nearest distances written as they are; texts do not.
const ofCode = { [constants.BROTLI_PARAM_LGBLOCK]: 16, [constants.BROTLI_PARAM_NDIRECT]: 15 };

async function compress(path) {
  const raw = await readFile(path);
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(raw, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        ...(extname(path) === ".wasm" ? ofCode : {}),
      },
    }),
    promisify(gzip)(raw, { level: 9 }),
  ]);
  if (br.length < raw.length) await writeFile(`${path}.br`, br);
  if (gz.length < raw.length) await writeFile(`${path}.gz`, gz);
}

const files = [];
for await (const path of filesOf(process.argv[2])) {
  if (compressible.has(extname(path))) files.push(path);
}
await Promise.all(files.map(compress));
