import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstKey } from '../support/process/first-key.ts';
import { startServer } from '../support/process/server-process.ts';
import { runTool } from '../support/process/tool.ts';

const load = (...args: readonly string[]) =>
  runTool('bench/load/load.ts', ['--seconds', '1', '--connections', '4', ...args]);

/** Starts a server with the three routes of the original service; `cancelStatus` is the status of every cancel. */
async function startOriginal(cancelStatus: number): Promise<string> {
  let booked = 0;
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    void text(request).then((body) => {
      if (request.url === '/book') answer(201, { id: `T${booked++}`, slot_id: body });
      else if (request.url === '/cancel') answer(cancelStatus, { status: 'CANCELLED' });
      else if (request.url?.startsWith('/schedule') === true) answer(200, []);
      else response.writeHead(404).end('404 page not found');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('load', () => {
  it('books slots of its own doctors, and tells every answer and how to repeat the run', async () => {
    const server = await startServer({ DATABASE_URL: 'memory:' });
    const { code, output } = await load('--url', server.url, '--mix', 'book,cancel,schedule,book');
    expect(output).toMatch(/^1120 slots of 20 new doctors, load-\w{8}-\*, from tomorrow on$/m);
    expect(output).toMatch(/^\d+ answers\/s over [\d.]+ s on 4 connections$/m);
    expect(output).toMatch(/^latency in ms: p50 \d+, p90 \d+, p99 \d+, longest \d+$/m);
    expect(output).toMatch(/^book 201 +\d+ +Created$/m);
    expect(output).toMatch(/^cancel 200 +\d+ +OK$/m);
    expect(output).toMatch(/^schedule 200 +\d+ +OK$/m);
    expect(output).toMatch(/^no answer +0$/m);
    expect(output).toContain(
      `Repeat: npm run load -- --url ${server.url} --connections 4 --seconds 1 --mix book,cancel,schedule,book\n`,
    );
    expect(code).toBe(0);
    const [doctor] = /load-\w{8}/.exec(output) ?? [];
    expect((await server.get(`/doctors/${doctor}-7`)).status).toBe(200);
    expect(await (await server.get('/schedule?doctor_id=doc1')).text()).not.toContain(
      'patient_name',
    );
  });

  it('books the demo slots of a server that adds no doctors', async () => {
    const { code, output } = await load('--url', await startOriginal(200));
    expect(output).toContain('does not add doctors (status 404), so the six demo slots are booked');
    expect(output).toMatch(/^cancel 200 +\d+ +OK$/m);
    expect(code).toBe(0);
  });

  it('sends the access key that a server needs, and does not print it', async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    const key = await firstKey(url);
    const refused = await load('--url', url);
    expect(refused).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/access key/) as string,
    });
    const { code, output } = await load('--url', url, '--key', key);
    expect(output).toMatch(/^book 201 +\d+ +Created$/m);
    expect(output).toMatch(/^cancel 200 +\d+ +OK$/m);
    expect(output).not.toContain(key);
    expect(code).toBe(0);
  });

  it('exits with 1 when the server fails', async () => {
    const { code, output } = await load('--url', await startOriginal(500));
    expect(output).toMatch(/^cancel 500 +\d+ +Internal Server Error$/m);
    expect(code).toBe(1);
  });

  it.each([
    ['an unknown request', ['--mix', 'book,move'], /--mix=book,move is not valid: it takes book, /],
    ['a cancel before a booking', ['--mix', 'cancel,book'], /a mix with cancel begins with book/],
    ['no connection', ['--connections', '0'], /--connections=0 is not valid/],
    [
      'a server that does not run',
      ['--url', 'http://127.0.0.1:1'],
      /:1 does not answer: .*REFUSED/,
    ],
  ])('says what is wrong with %s', async (_, args, sentence) => {
    const { code, errors } = await load(...args);
    expect(errors).toMatch(sentence);
    expect(code).toBe(1);
  });
});
