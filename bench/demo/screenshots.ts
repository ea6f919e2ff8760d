import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { Temporal } from 'temporal-polyfill';
import { openLog } from '../../src/cli/log.ts';
import { CHROMIUM, CHROMIUM_FLAGS } from '../lib/chromium.ts';
import { print, runTool } from '../lib/tool.ts';
import { STEP_SECONDS } from './clinic-days.ts';
import { openDemo } from './open-demo.ts';

const HELP = `npm run screenshots -- [options]

Plays the demo's day with a fixed date and seed, and writes the pictures of README.md anew, as the pages look in Chromium (${CHROMIUM}). The pictures change only if the pages, the rules or the day change.

  --help              prints this text
  --version           prints the version`;

const FOLDER = new URL('../../.screenshots/', import.meta.url);
const SEED = 2;
const DATE = Temporal.PlainDate.from('2027-01-18');
const TIME_ZONE = 'Asia/Kolkata';
/** Minutes after the opening of the day: at 10:21 every room is taken and a doctor has a break, at 16:55 the day has a report. */
const [MORNING, EVENING] = [96, 490];
/** The quality of a WebP picture, of 100: less makes letters blurred. */
const QUALITY = 80;

const DESKTOP = { viewport: { width: 1_280, height: 800 }, deviceScaleFactor: 1 };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true };

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly screen: typeof DESKTOP;
  readonly colorScheme: 'light' | 'dark';
  /** When it is taken, in minutes after the opening of the day. */
  readonly minutes: number;
  /** What the page shows when all its data is there, as selectors. */
  readonly shows: readonly string[];
}

/** The clock of a page in the morning; before the first answer of the service it shows the time of the machine. */
const CLOCK = '.clock:has-text("10:21")';

/** The pictures in the order of their times. */
const picturesOf = (ticketPath: string): readonly Picture[] => [
  {
    ...{ name: 'board', path: '/board?sound=off', screen: DESKTOP, colorScheme: 'light' },
    ...{ minutes: MORNING, shows: ['.doctor .number', CLOCK] },
  },
  {
    ...{ name: 'desk', path: '/desk?doctor_id=iyer', screen: DESKTOP, colorScheme: 'light' },
    ...{ minutes: MORNING, shows: ['.slot', CLOCK] },
  },
  {
    ...{ name: 'room', path: '/room?doctor_id=das&room=11', screen: PHONE, colorScheme: 'dark' },
    ...{ minutes: MORNING, shows: ['.number'] },
  },
  {
    ...{ name: 'ticket', path: ticketPath, screen: PHONE, colorScheme: 'light' },
    ...{ minutes: MORNING, shows: ['.number'] },
  },
  {
    ...{ name: 'start', path: '/', screen: DESKTOP, colorScheme: 'light' },
    ...{ minutes: MORNING, shows: ['.good'] },
  },
  {
    ...{
      name: 'reports',
      path: `/reports?from=${DATE.toString()}`,
      screen: DESKTOP,
      colorScheme: 'light',
    },
    ...{ minutes: EVENING, shows: ['canvas'] },
  },
];

/** Takes a picture of a page; returns its bytes. */
async function take(browser: Browser, url: string, picture: Picture): Promise<Buffer> {
  const { path, screen, colorScheme, shows } = picture;
  const context = await browser.newContext({
    ...screen,
    ...{ colorScheme, timezoneId: TIME_ZONE, locale: 'en-IN', reducedMotion: 'reduce' },
  });
  const page = await context.newPage();
  await page.goto(new URL(path, url).href);
  for (const selector of shows) await page.locator(selector).first().waitFor();
  const session = await context.newCDPSession(page);
  // Playwright itself writes PNG and JPEG alone.
  const { data } = await session.send('Page.captureScreenshot', {
    ...{ format: 'webp', quality: QUALITY },
  });
  await context.close();
  return Buffer.from(data, 'base64');
}

async function run(): Promise<number> {
  const demo = await openDemo({
    ...{ port: 0, seed: SEED, date: DATE, timeZone: TIME_ZONE },
    logger: openLog('warn').logger,
    onNews: () => undefined,
  });
  let seconds = 0;
  const playUntil = async (minutes: number): Promise<void> => {
    for (; seconds < minutes * 60; seconds += STEP_SECONDS) await demo.days.step();
  };
  await playUntil(MORNING);
  const ticket = new URL((await demo.days.patientLink()) ?? demo.url).pathname;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  mkdirSync(FOLDER, { recursive: true });
  for (const picture of picturesOf(ticket)) {
    await playUntil(picture.minutes);
    const file = new URL(`${picture.name}.webp`, FOLDER);
    const bytes = await take(browser, demo.url, picture);
    writeFileSync(file, bytes);
    print(`${fileURLToPath(file)}  ${Math.ceil(bytes.length / 1_000)} kB`);
  }
  await browser.close();
  await demo.close();
  return 0;
}

await runTool({ help: HELP, options: {}, run });
