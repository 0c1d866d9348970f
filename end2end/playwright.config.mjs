// The real program in a real browser. Nothing is downloaded: the browser is the system's Chromium.
import { defineConfig } from "@playwright/test";

import { args, executablePath } from "./support/chromium.mjs";

// Files whose tests no phone's width changes, or that set their widths themselves.
const DESKTOP = ["crossing", "demo", "design", "edge", "keyboard", "lost", "parts", "session", "tabs", "values"];

// Where nobody looks at them, traces and pictures of failures cost time and push the error itself out of sight.
const isCi = Boolean(process.env.CI);

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.mjs",
  outputDir: "output/failed",
  // Every worker starts its own server; two cores carry two. Each test has devices and people of its own, so any worker may take it.
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  // Pictures of design.spec.mjs. Letters may be drawn a little differently by another Chromium; what moved by 4 px or has another colour is more, even in small letters.
  expect: { timeout: 10_000, toHaveScreenshot: { threshold: 0.04, maxDiffPixelRatio: 0.001, scale: "device" } },
  snapshotPathTemplate: "{testDir}/design/{arg}{ext}",
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    headless: true,
    locale: "es-MX",
    timezoneId: "America/Mexico_City",
    screenshot: isCi ? "off" : "only-on-failure",
    trace: isCi ? "off" : "retain-on-failure",
    launchOptions: { executablePath, args },
  },
  projects: [
    { name: "desktop", use: { viewport: { width: 1440, height: 900 } } },
    {
      name: "phone",
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
      testIgnore: DESKTOP.map((name) => `**/${name}.spec.mjs`),
      grepInvert: /@desktop/,
    },
  ],
});
