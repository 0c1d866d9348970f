// The system's Chromium, for tests and benches alike: nothing is downloaded, and it speaks to nobody but us.
export const executablePath = process.env.VIGIA_CHROMIUM ?? "/usr/bin/chromium";
export const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
