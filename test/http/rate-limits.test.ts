import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import { networkOf, Quota } from '../../src/http/rate-limiter.ts';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';

/** Both headers, without the seconds, which depend on the speed of the machine. */
const limitsOf = ({ headers }: Answer): unknown[] => [
  headers['ratelimit-policy'],
  headers['ratelimit']?.toString().replace(/t=([1-9]|[1-5]\d|60)\b/g, 't'),
];

const statusesOf = async (caller: TestApp, url: string, count: number): Promise<number[]> => {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) statuses.push((await caller.get(url)).status);
  return statuses;
};

describe('a quota', () => {
  it('counts each caller in minutes that begin with its first request', () => {
    let now = 1_000;
    const quota = new Quota('requests', 2, () => now);
    expect(quota.take('a')).toEqual({ remaining: 1, seconds: 60, excess: 0 });
    now += 30_500;
    expect(quota.take('a')).toEqual({ remaining: 0, seconds: 30, excess: 0 });
    expect(quota.take('a')).toEqual({ remaining: 0, seconds: 30, excess: 1 });
    expect(quota.take('b')).toEqual({ remaining: 1, seconds: 60, excess: 0 });
    now += 29_499;
    expect(quota.take('a')).toEqual({ remaining: 0, seconds: 1, excess: 2 });
    now += 1;
    expect(quota.take('a')).toEqual({ remaining: 1, seconds: 60, excess: 0 });
  });

  it('remembers a bounded number of callers, and forgets the one whose minute began first', () => {
    const quota = new Quota('requests', 1, () => 0);
    quota.take('first');
    quota.take('second');
    for (let other = 0; other < 9_999; other += 1) quota.take(`address 10.0.${other}`);
    expect(quota.callers).toBe(10_000);
    expect(quota.take('second').excess).toBe(1);
    expect(quota.take('first').excess).toBe(0);
  });
});

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['1:2::4:5:6:7:8', '1:2:0:4::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('requests from %s are counted for %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('the limit of all requests', () => {
  it('is that of a key, wherever its requests come from, and the answers say what is left', async () => {
    const rateLimits = { requestsPerMinute: 2 };
    const opd = await openApp({ rateLimits, trustedProxies: ['127.0.0.1'] });
    const [desk, kiosk] = [await opd.key({ role: 'desk' }), await opd.key({ role: 'kiosk' })];
    const from = (address: string, key = desk) => opd.as(key, { 'x-forwarded-for': address });
    const first = await from('10.0.0.1').post('/book', booking('W1'));
    expect(first.status).toBe(201);
    expect(limitsOf(first)).toEqual(['"requests";q=2;w=60', '"requests";r=1;t']);
    expect((await from('10.0.0.2').get('/doctors')).status).toBe(200);
    const third = await from('10.0.0.3').post('/book', booking('W2'));
    expect(third).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    const { retry_after: seconds } = third.body as { retry_after: number };
    expect(limitsOf(third)).toEqual(['"requests";q=2;w=60', '"requests";r=0;t']);
    expect(third.headers['retry-after']).toBe(String(seconds));
    expect((await from('10.0.0.1', kiosk).get('/doctors')).status).toBe(200);
  });

  it('is that of the address without a key, and that of no probe', async () => {
    const rateLimits = { requestsPerMinute: 2 };
    const opd = await openApp({ rateLimits, trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => opd.as('', { 'x-forwarded-for': address });
    expect(await statusesOf(from('10.0.0.1'), '/doctors', 3)).toEqual([200, 200, 429]);
    expect(await statusesOf(from('10.0.0.1'), '/health', 3)).toEqual([200, 200, 200]);
    expect(await statusesOf(from('10.0.0.2'), '/doctors', 1)).toEqual([200]);
    await opd.key({ role: 'desk' });
    expect(await statusesOf(opd, '/doctors', 3)).toEqual([401, 401, 429]);
  });

  it('does not exist by default, and no answer has the headers then', async () => {
    const opd = await openApp();
    expect(limitsOf(await opd.get('/doctors'))).toEqual([undefined, undefined]);
  });
});

describe('the limit of refused requests', () => {
  it('is that of an address for wrong keys; another address and a right key need not wait', async () => {
    const opd = await openApp({
      rateLimits: { refusedPerMinute: 2 },
      trustedProxies: ['127.0.0.1'],
    });
    const secret = await opd.key({ role: 'desk' });
    const from = (address: string, key: string) => opd.as(key, { 'x-forwarded-for': address });
    const wrong = from('10.0.0.1', 'opd_wrong');
    expect(limitsOf(await wrong.get('/doctors'))).toEqual([
      '"refused";q=2;w=60',
      '"refused";r=1;t',
    ]);
    expect(await statusesOf(wrong, '/doctors', 2)).toEqual([401, 429]);
    expect((await from('10.0.0.2', 'opd_wrong').get('/doctors')).status).toBe(401);
    expect((await from('10.0.0.1', secret).get('/doctors')).status).toBe(200);
  });

  it('does not trust X-Forwarded-For of everybody', async () => {
    const opd = await openApp({ rateLimits: { refusedPerMinute: 2 } });
    await opd.key({ role: 'desk' });
    const statuses: number[] = [];
    for (const last of [1, 2, 3]) {
      const caller = opd.as('opd_wrong', { 'x-forwarded-for': `10.0.0.${last}` });
      statuses.push((await caller.get('/doctors')).status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  });

  it('is that of a key for what its role or its doctors forbid, and bounds the log', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const opd = await openApp({ rateLimits: { refusedPerMinute: 2 }, logger });
    const doctorIds = [doctorId('doc1')];
    const limited = opd.as(await opd.key({ role: 'desk', doctorIds }));
    expect(await statusesOf(limited, '/audit', 1)).toEqual([403]);
    expect(await statusesOf(limited, '/queue?doctor_id=doc2', 3)).toEqual([403, 429, 429]);
    expect(await statusesOf(limited, '/queue?doctor_id=doc1', 1)).toEqual([200]);
    const other = opd.as(await opd.key({ role: 'display' }));
    expect(await statusesOf(other, '/audit', 1)).toEqual([403]);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'A request was forbidden.',
      'A request was forbidden.',
      'A caller has reached its limit: it gets 429 until its minute is over.',
      'A request was forbidden.',
    ]);
  });

  it('does not count a token that the caller may not see, because its existence is private', async () => {
    const opd = await openApp({ rateLimits: { refusedPerMinute: 1 } });
    const app = opd.as(await opd.key({ role: 'patient_app' }));
    const { id } = await opd.as(await opd.key({ role: 'desk' })).book('W1');
    expect(await statusesOf(app, `/tokens/${id}`, 3)).toEqual([404, 404, 404]);
    const missing = await app.get('/tokens/01234567-89ab-7def-8123-456789abcdef');
    expect(limitsOf(await app.get(`/tokens/${id}`))).toEqual(limitsOf(missing));
  });

  it('stands beside the limit of all requests', async () => {
    const opd = await openApp({ rateLimits: { requestsPerMinute: 9, refusedPerMinute: 2 } });
    const desk = opd.as(await opd.key({ role: 'desk' }));
    expect(limitsOf(await desk.get('/audit'))).toEqual([
      '"requests";q=9;w=60, "refused";q=2;w=60',
      '"requests";r=8;t, "refused";r=1;t',
    ]);
  });
});
