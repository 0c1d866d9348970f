// Builds the chart library: ECharts with only the parts that Vigía draws with.
// node bundle/echarts.mjs OUTPUT
import { build } from "esbuild";
import { javascript as target } from "./targets.mjs";

await build({
  entryPoints: ["bundle/echarts.entry.mjs"],
  outfile: process.argv[2],
  bundle: true,
  minify: true,
  format: "iife",
  target,
  // The licences stand in /licences/.
  legalComments: "none",
  logLevel: "warning",
});
