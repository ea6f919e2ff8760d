import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { booking, openApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { eventually } from '../support/eventually.ts';
import { blocksOf, readDocument, sectionOf } from '../support/markdown.ts';

/** Serves a page on an origin of its own. */
async function serve(html: () => string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(html());
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.skipIf(noBrowser !== null)(
  `the board in API.md shows who is called, also after its connection broke${needsBrowser}`,
  async () => {
    const [board = ''] = blocksOf(sectionOf(readDocument('API.md'), '## Live feed'), 'html');
    expect(board.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    let html = '';
    const origin = await serve(() => html);
    const opd = await openApp({ origins: [origin] });
    const { port } = await listen(opd);
    html = board.replaceAll('http://127.0.0.1:8080', `http://127.0.0.1:${port}`);
    const page = await openPage();
    await page.goto(origin);
    const callNext = async (name: string): Promise<void> => {
      const { id } = await opd.book(name, { ...booking(name) });
      await opd.post('/check-in', { token_id: id });
      await opd.post('/call-next', { doctor_id: 'doc1', room: '4', complete_current: true });
    };
    const shows = (text: string) => async () => (await page.textContent('#called')) === text;
    await eventually(() => opd.service.eventFeed.subscriberCount === 1);
    await callNext('W1');
    await eventually(shows('1 room 4'));
    opd.app.server.closeAllConnections();
    await eventually(() => opd.service.eventFeed.subscriberCount === 0);
    await callNext('W2');
    await eventually(shows('2 room 4'));
  },
);
