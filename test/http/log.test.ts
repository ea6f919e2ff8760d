import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it } from 'vitest';
import { createRequestIds } from '../../src/http/log.ts';
import { UnknownOutcomeError } from '../../src/store/index.ts';
import { booking, openApp } from '../support/app/app.ts';

type Line = Readonly<Record<string, unknown>>;

const openLogged = async (level: string) => {
  const lines: Line[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  });
  const opd = await openApp({ logger: pino({ level }, stream) });
  lines.length = 0;
  return { opd, lines };
};

it('the log has one line per request, with the route but without names, ids or queries', async () => {
  const { opd, lines } = await openLogged('info');
  const { id } = await opd.book('W1', { patient_name: 'Jane Roe', patient_id: 'p-77' });
  await opd.get(`/tokens/${id}`);
  await opd.get('/schedule?doctor_id=doc1');
  await opd.post('/book', booking('Jane Roe', { patient_type: 'X' }));
  await opd.get('/Jane');
  await opd.get('/Jane%E0%A4%A');
  expect(lines.map(({ method, route, status, level }) => [method, route, status, level])).toEqual([
    ['POST', '/book', 201, 30],
    ['GET', '/tokens/:id', 200, 30],
    ['GET', '/schedule', 200, 30],
    ['POST', '/book', 400, 30],
    ['GET', '*', 404, 30],
    ['GET', null, 404, 30],
  ]);
  for (const line of lines) expect(typeof line['ms']).toBe('number');
  expect(JSON.stringify(lines)).not.toMatch(new RegExp(`Jane|p-77|${id}|doctor_id`));
});

it('the line of a request names its caller, also when the request has failed', async () => {
  const { opd, lines } = await openLogged('info');
  const boss = opd.as(await opd.key({ role: 'admin', name: 'boss' }));
  await boss.send({ method: 'DELETE', url: '/keys/nobody' });
  await opd.get('/health');
  expect(lines.map(({ status, caller }) => [status, caller])).toEqual([
    [404, 'boss'],
    [200, undefined],
  ]);
});

it('an unexpected error is logged completely, with the request id of the answer', async () => {
  const { opd, lines } = await openLogged('info');
  opd.archive.token = () => Promise.reject(new Error('the secret of the store'));
  const { body } = await opd.get<{ instance: string }>('/tokens/x');
  const [error, request] = lines;
  expect(error).toMatchObject({ level: 50, err: { message: 'the secret of the store' } });
  expect(body.instance).toBe(`urn:opd:request:${String(error?.['request_id'])}`);
  expect(request).toMatchObject({ level: 30, status: 500, request_id: error?.['request_id'] });
});

it('the level warn logs no requests, however many are refused with 503', async () => {
  const { opd, lines } = await openLogged('warn');
  await opd.book('W1');
  opd.service.stop();
  for (let nth = 0; nth < 100; nth += 1)
    expect(await opd.post('/book', booking('W2'))).toMatchObject({ status: 503 });
  expect(lines).toEqual([]);
});

it('the level warn logs the cause of a 500, once', async () => {
  const { opd, lines } = await openLogged('warn');
  opd.archive.token = () => Promise.reject(new Error('the secret of the store'));
  expect(await opd.get('/tokens/x')).toMatchObject({ status: 500 });
  expect(lines).toMatchObject([{ level: 50, msg: 'internal error' }]);
});

it('the level warn tells a command of unknown outcome in one line, because the service has no fault', async () => {
  const { opd, lines } = await openLogged('warn');
  opd.store.transact = () => Promise.reject(new UnknownOutcomeError());
  expect(await opd.post('/book', booking('W1'))).toMatchObject({ status: 500 });
  const line = { level: 40, msg: expect.stringMatching(/^The process stops before/) as string };
  expect(lines).toMatchObject([line]);
  expect(lines[0]).not.toHaveProperty('err');
});

it('every request has its own id, also after a restart', () => {
  const [first, second] = [createRequestIds(1_000), createRequestIds(1_001)];
  const ids = Array.from({ length: 100 }, () => [first(), second()]).flat();
  expect(new Set(ids).size).toBe(200);
});
