import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserServer } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { CHROMIUM, CHROMIUM_FLAGS } from '../../../bench/lib/chromium.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL from which the test files of a run get the address of the browser that they share. */
    readonly sharedBrowser: string;
  }
}

const FLAGS = [
  ...CHROMIUM_FLAGS,
  // Pages of tests have origins such as http://desk.example:4000.
  '--host-resolver-rules=MAP *.example 127.0.0.1',
];

/** Starts Chromium without a window. It ends with this process, however this process ends. */
async function startBrowser(): Promise<BrowserServer> {
  const { chromium } = await import('playwright-core');
  return chromium.launchServer({ executablePath: CHROMIUM, args: FLAGS, host: '127.0.0.1' });
}

/** Runs before all test files. It starts one browser for all of them when the first file asks for it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<BrowserServer> | undefined;
  const endpoint = createServer((_, response) => {
    shared ??= startBrowser();
    shared.then(
      (browser) => response.end(browser.wsEndpoint()),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  project.provide('sharedBrowser', `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`);
  return async () => {
    endpoint.close();
    endpoint.closeAllConnections();
    await (await shared?.catch(() => undefined))?.close();
  };
}
