import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BookingServer,
  checkBookings,
  importBookings,
  parseBookings,
} from '../../src/booking-import/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const none = (): void => undefined;

/** A list of these bookings, and the service that it is imported into. */
async function listOf(bookings: readonly object[], given?: TestApp) {
  const opd = given ?? (await openApp());
  const url = `http://127.0.0.1:${(await listen(opd)).port}`;
  const text = bookings.map((each) => `${JSON.stringify(each)}\n`).join('');
  const parsed = parseBookings(text, 'ndjson');
  expect(parsed.faults).toEqual([]);
  const server = new BookingServer(url, undefined, 0);
  return { opd, url, text, server, list: { content: Buffer.from(text), ...parsed } };
}

/** 250 bookings, which are three requests: 249 of one slot, whose waitlist is long enough, and one without a slot. */
const MANY = [
  ...Array.from({ length: 249 }, (_, nth) =>
    booking(`W${nth}`, { doctor_id: 'doc3', slot_id: 'doc3_slot1', patient_id: `p${nth}` }),
  ),
  booking('W249', { slot_id: 'nowhere' }),
];

/** A server that answers with these statuses in turn, the last one again and again; null breaks the connection. */
async function fakeServer(...statuses: readonly (number | null)[]) {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']);
    const status = statuses[Math.min(keys.length, statuses.length) - 1];
    if (typeof status !== 'number') return request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' });
    return response.end(
      JSON.stringify(status === 200 ? { outcomes: [{ status: 201 }] } : { title: 'a title' }),
    );
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys };
}

const tokensOf = async (opd: TestApp): Promise<number> => {
  const { text } = await opd.get('/schedule?doctor_id=doc3');
  return new Set(text.match(/"patient_name":"W\d+"/g)).size;
};

describe('an import of bookings', () => {
  it('books in the order of the file, names the refused lines, and books nothing twice when it is repeated', async () => {
    const { opd, server, list } = await listOf(MANY);
    const refused = [{ line: 250, detail: 'slot_not_found: There is no such slot' }];
    const done: number[] = [];
    expect(await importBookings(server, list, (count) => done.push(count))).toEqual({
      ...{ made: 249, madeBefore: 0, refused },
    });
    expect(done).toEqual([100, 200, 250]);
    expect(await tokensOf(opd)).toBe(249);
    expect(await importBookings(server, list, none)).toEqual({
      ...{ made: 249, madeBefore: 249, refused },
    });
    expect(await tokensOf(opd)).toBe(249);
  });

  it('goes on where a killed run has stopped, also when the answer to its last request was lost', async () => {
    const { opd, server, list } = await listOf(MANY);
    let sent = 0;
    const killed = {
      post: async (...request: Parameters<BookingServer['post']>) => {
        const answer = await server.post(...request);
        if ((sent += 1) === 2) throw new Error('killed');
        return answer;
      },
    };
    await expect(importBookings(killed, list, none)).rejects.toThrow('killed');
    expect(await tokensOf(opd)).toBe(200);
    expect(await importBookings(server, list, none)).toMatchObject({ made: 249, madeBefore: 200 });
    expect(await tokensOf(opd)).toBe(249);
  });

  it('books a changed file again, because its keys are new', async () => {
    const { server, list } = await listOf(MANY.slice(0, 1));
    await importBookings(server, list, none);
    const content = Buffer.from(`${list.content.toString()}\n`);
    expect(await importBookings(server, { ...list, content }, none)).toMatchObject({
      made: 0,
      refused: [{ line: 1, detail: expect.stringContaining('duplicate_booking') as string }],
    });
  });

  it('a dry run names the lines of unknown doctors, slots and classes, and changes nothing', async () => {
    const { opd, server, list } = await listOf([
      booking('W1'),
      booking('W2', { doctor_id: 'nobody' }),
      booking('W3', { slot_id: 'nowhere' }),
      booking('W4', { slot_id: 'doc2_slot1' }),
      booking('W5', { patient_type: 'EMERGANCY' }),
    ]);
    await opd.post('/slots/doc1_slot2@2026-11-23/close', { reason: 'ill' });
    const closed = parseBookings(
      JSON.stringify(booking('W6', { slot_id: 'doc1_slot2@2026-11-23' })),
      'ndjson',
    );
    const before = (await opd.get('/queue?doctor_id=doc1')).text;
    const faults = await checkBookings(server, list.bookings, none);
    expect(faults.map(({ line, detail }) => `${line} ${detail}`)).toEqual([
      expect.stringMatching(/^2 doctor_id nobody: There is no such doctor/),
      expect.stringMatching(/^3 slot_id nowhere: There is no such slot/),
      '4 slot_id doc2_slot1: the slot is of doctor doc2',
      expect.stringMatching(/^5 patient_type: must be one of EMERGENCY, /),
    ]);
    expect(await checkBookings(server, closed.bookings, none)).toEqual([
      { line: 1, detail: 'slot_id doc1_slot2@2026-11-23: the slot is CLOSED' },
    ]);
    expect((await opd.get('/queue?doctor_id=doc1')).text).toBe(before);
  });

  it('sends a request again with the same key when the server breaks off or is busy', async () => {
    const { url, keys } = await fakeServer(null, 503, 429, 200);
    const { list } = await listOf(MANY.slice(0, 1));
    const server = new BookingServer(url, undefined, 0);
    expect(await importBookings(server, list, none)).toMatchObject({ made: 1, refused: [] });
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^import-bookings-[\da-f]{32}-1$/);
  });

  it.each<[string, number | null, RegExp]>([
    ['no server answers', null, /^http:\S+ does not answer as it should: .+\.$/],
    ['the server stays busy', 503, /^http:\S+ does not answer as it should: a title\.$/],
    ['the key is wrong', 401, /^http:\S+ refuses the access key: a title\.$/],
    ['the key may not do it', 403, /^POST \/bookings is refused: a title\.$/],
  ])('fails with a sentence when %s', async (_, answer, sentence) => {
    const { url } = await fakeServer(answer);
    const { list } = await listOf(MANY.slice(0, 1));
    const server = new BookingServer(url, 'opd_secret', 0);
    await expect(importBookings(server, list, none)).rejects.toThrow(sentence);
  });
});

describe('npm run import-bookings', () => {
  it('is a dry run without --apply, and prints lines and counts', async () => {
    const { opd, url, text } = await listOf(MANY.slice(-2));
    const file = join(tempDir(), 'day.ndjson');
    writeFileSync(file, `\uFEFF${text}`);
    const run = (...args: readonly string[]) =>
      runTool('src/cli/import-bookings.ts', [file, '--url', url, ...args]);
    const line = /^line 2: slot_id nowhere: There is no such slot.*\n$/;
    expect(await run()).toEqual({
      code: 1,
      output: expect.stringMatching(line) as string,
      errors:
        '2 bookings, 1 would be refused. A dry run: nothing was booked. --apply makes the bookings.\n',
    });
    expect(await tokensOf(opd)).toBe(0);
    expect(await run('--apply')).toEqual({
      code: 1,
      output: 'line 2: slot_not_found: There is no such slot\n',
      errors: '1 of 2 bookings are made, 0 of them by an earlier run; 1 are refused.\n',
    });
    expect(await tokensOf(opd)).toBe(1);
  });

  it('explains itself with --help', async () => {
    const { code, output } = await runTool('src/cli/import-bookings.ts', ['--help']);
    expect([code, output]).toEqual([0, expect.stringMatching(/^npm run import-bookings -- FILE/)]);
  });

  it.each<[string, string, Buffer | string, RegExp]>([
    ['another ending', 'a.xlsx', '', /^The name of the list must end with \.csv or \.ndjson: /],
    [
      'another encoding',
      'a.csv',
      Buffer.from('doctor_id\n\xE9', 'latin1'),
      /is not written in UTF-8\. /,
    ],
    ['faults', 'a.csv', 'doctor_id\n', /is not valid:\nline 1: the first line names the fields: /],
  ])('refuses a file with %s in plain words', async (_, name, content, sentence) => {
    const file = join(tempDir(), name);
    writeFileSync(file, content);
    const run = await runTool('src/cli/import-bookings.ts', [file, '--apply']);
    expect(run).toEqual({
      code: 1,
      output: '',
      errors: expect.stringMatching(sentence) as string,
    });
  });
});
