import { openApp, type AppOptions, type TestApp } from '../app/app.ts';
import { listen } from '../app/sockets.ts';

/** The program on a port of 127.0.0.1. */
export interface Site {
  readonly opd: TestApp;
  readonly url: string;
}

/** Opens the program for a browser. It is closed when the test ends. */
export async function openSite(options: AppOptions = {}): Promise<Site> {
  const opd = await openApp(options);
  // Pages take the time of the service from this header. The clock of a test is not that of the process.
  opd.app.server.prependListener('request', (_request, response) => {
    response.setHeader('date', new Date(opd.clock).toUTCString());
  });
  return { opd, url: `http://127.0.0.1:${(await listen(opd)).port}` };
}
