/** Where Debian's package installs Chromium. */
export const CHROMIUM = '/usr/bin/chromium';

/** How Chromium is started for tests and pictures: without a window, and without requests of its own. */
export const CHROMIUM_FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
