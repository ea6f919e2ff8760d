import { METHODS } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { InjectOptions } from 'fastify';
import { expect, it } from 'vitest';
import { PAGES } from '../../src/http/pages/page.ts';
import { booking, openApp } from '../support/app/app.ts';
import { doctorInput } from '../support/app/doctor-input.ts';

/** Every route of the service, with its methods. */
const ROUTES: Readonly<Record<string, string>> = {
  '/book': 'POST',
  '/cancel': 'POST',
  '/no-show': 'POST',
  '/check-in': 'POST',
  '/call-next': 'POST',
  '/start': 'POST',
  '/complete': 'POST',
  '/move': 'POST',
  '/reclassify': 'POST',
  '/tokens': 'GET, HEAD',
  '/tokens/search': 'POST',
  '/tokens/x': 'GET, HEAD, PATCH',
  '/tokens/x/history': 'GET, HEAD',
  '/schedule': 'GET, HEAD',
  '/queue': 'GET, HEAD',
  '/doctors': 'GET, HEAD',
  '/doctors/doc1': 'GET, HEAD, DELETE, PUT',
  '/doctors/doc1/leave': 'POST',
  '/doctors/doc1/leave/x': 'DELETE',
  '/holidays': 'GET, HEAD, PUT',
  '/announcement': 'GET, HEAD, PUT',
  '/doctors/doc1/delay': 'POST',
  '/slots': 'POST',
  '/slots/x': 'GET, HEAD, PATCH',
  '/slots/x/close': 'POST',
  '/reports/day': 'GET, HEAD',
  '/reports/range': 'GET, HEAD',
  '/patient-types': 'GET, HEAD',
  '/changes': 'GET, HEAD',
  '/events/ticket': 'POST',
  '/health': 'GET, HEAD',
  '/ready': 'GET, HEAD',
  '/openapi.json': 'GET, HEAD',
  '/': 'GET, HEAD',
  '/board': 'GET, HEAD',
  '/web/x/start/main.ts': 'GET, HEAD',
  '/docs': 'GET, HEAD',
  '/docs/': 'GET, HEAD',
  '/docs/static/index.css': 'GET, HEAD',
};

it.each(Object.entries(ROUTES))(
  '%s accepts %s, and answers 405 to other methods',
  async (url, allow) => {
    const { app } = await openApp();
    const allowed = allow.split(', ');
    for (const method of METHODS) {
      const reply = await app.inject({ method, url } as InjectOptions);
      if (allowed.includes(method)) expect([method, reply.statusCode]).not.toEqual([method, 405]);
      else {
        expect([method, reply.statusCode, reply.headers.allow]).toEqual([method, 405, allow]);
        const code = method === 'HEAD' ? '' : reply.json<{ code: string }>().code;
        expect(code).toBe(method === 'HEAD' ? '' : 'method_not_allowed');
      }
    }
  },
);

it('HEAD is answered like GET, without the body', async () => {
  const opd = await openApp();
  await opd.book('W1');
  const url = '/schedule?doctor_id=doc1';
  const [get, head] = [await opd.get(url), await opd.send({ method: 'HEAD', url })];
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.text)));
});

it('/docs/static/x is a route without a file', async () => {
  const answer = await (await openApp()).get('/docs/static/x');
  expect(answer).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
});

it.each(['/book/', '//book', '/BOOK', '/token', '/tokens/x/y', '/book%20', '/openapi-json'])(
  '%s is not a route, whatever the method is',
  async (url) => {
    const { app } = await openApp();
    for (const method of METHODS) {
      const reply = await app.inject({ method, url } as InjectOptions);
      expect([method, reply.statusCode, reply.headers.allow]).toEqual([method, 404, undefined]);
      if (method !== 'HEAD') expect(reply.json()).toMatchObject({ code: 'route_not_found' });
    }
  },
);

/** The routes that take a body of the usual size, each with the method that takes it. */
const WITH_BODY = Object.entries(ROUTES).flatMap(([url, allow]) =>
  allow
    .split(', ')
    .filter((method) => method === 'POST' || method === 'PATCH')
    .map((method) => [url, method] as const),
);

it.each(WITH_BODY)('%s accepts a body of 16 KiB and not one byte more', async (url, method) => {
  const opd = await openApp();
  const bytes = (length: number) => ({
    method,
    url,
    payload: JSON.stringify({ token_id: 'x' }).padEnd(length),
    headers: { 'content-type': 'application/json' },
  });
  expect((await opd.send(bytes(16_384))).status).not.toBe(413);
  expect(await opd.send(bytes(16_385))).toMatchObject({ status: 413 });
});

it('PUT of a doctor accepts a hundred sessions, and refuses a body of more than 256 KiB', async () => {
  const opd = await openApp();
  const week = (id: number) => ({
    ...(doctorInput()['sessions'] as object[])[0],
    id: `${'s'.repeat(115)}${id}`,
  });
  const input = doctorInput({ sessions: Array.from({ length: 100 }, (_, id) => week(id)) });
  expect(Buffer.byteLength(JSON.stringify(input))).toBeGreaterThan(16_384);
  expect(await opd.put('/doctors/new', input)).toMatchObject({ status: 201 });
  const url = '/doctors/other';
  const headers = { 'content-type': 'application/json' };
  const payload = JSON.stringify(doctorInput()).padEnd(256 * 1024 + 1);
  expect(await opd.send({ method: 'PUT', url, payload, headers })).toMatchObject({ status: 413 });
});

it.each([
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
  ['application/json-seq', 415],
  ['multipart/form-data; boundary=x', 415],
  ['not a type', 415],
  ['application/json', 201],
  ['APPLICATION/JSON; Charset=UTF-8', 201],
])('a body with the content type %s is answered with %i', async (type, status) => {
  const opd = await openApp();
  const payload = JSON.stringify(booking('W1'));
  const headers = { 'content-type': type };
  const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
  expect(answer).toMatchObject({ status });
});

it.each(['gzip', 'br', 'deflate', 'GZIP', 'identity, gzip', 'x-unknown'])(
  'a body with the encoding %s is refused, whatever its bytes are',
  async (encoding) => {
    const opd = await openApp();
    const json = JSON.stringify(booking('W1'));
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    for (const payload of [json, gzipSync(json)]) {
      const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
      expect(answer).toMatchObject({
        status: 415,
        body: { code: 'unsupported_media_type' },
        headers: { 'accept-encoding': 'identity' },
      });
    }
    expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
  },
);

it('a body with the encoding identity is plain JSON', async () => {
  const opd = await openApp();
  const answer = await opd.post('/book', booking('W1'), { 'content-encoding': 'Identity' });
  expect(answer).toMatchObject({ status: 201 });
});

// The query of a page is for the script of the page.
const READS = Object.keys(ROUTES).filter(
  (url) => ROUTES[url]?.startsWith('GET') && !Object.hasOwn(PAGES, url),
);

it.each([...READS, '/docs/json', '/docs/yaml', '/docs/static/nothing'])(
  '%s refuses a query parameter that it does not know',
  async (url) => {
    const answer = await (await openApp()).get<{ errors: object[] }>(`${url}?nonsense=1`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toContainEqual({
      pointer: '/nonsense',
      detail: expect.stringMatching(/^unknown field `nonsense`/) as string,
    });
  },
);

it('a request without a body is refused', async () => {
  const answer = await (await openApp()).send({ method: 'POST', url: '/book' });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '' }] } });
});
