import { expect, it } from 'vitest';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { describedRoutes } from '../support/app/described-routes.ts';

// test/browser has the same from the side of a page.

const DESK = 'https://desk.example';

const openForDesk = (): Promise<TestApp> => openApp({ origins: [DESK] });

/** Asks for permission as a browser does before it sends a request that a form could not send. */
const preflight = (opd: TestApp, url: string, origin: string, method = 'POST'): Promise<Answer> =>
  opd.send({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  });

const permissionsIn = ({ headers }: Answer): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

const listIn = (header: unknown): string[] => String(header).split(', ');

it('a preflight of an allowed origin is granted, with every method and header that the routes take', async () => {
  const answer = await preflight(await openForDesk(), '/book', DESK);
  expect(answer).toMatchObject({ status: 204, text: '' });
  const { headers } = answer;
  expect(headers['access-control-allow-origin']).toBe(DESK);
  const methods = (await describedRoutes()).map(({ name }) => name.split(' ')[0] ?? '');
  expect(new Set(listIn(headers['access-control-allow-methods']))).toEqual(
    new Set([...methods, 'HEAD']),
  );
  expect(listIn(headers['access-control-allow-headers'])).toEqual([
    ...['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'Opd-Actor'],
  ]);
});

it.each(['/book', '/doctors/doc1', '/slots/x', '/openapi.json', '/nope'])(
  'a preflight for %s is granted to the allowed origin and to no other',
  async (url) => {
    const opd = await openForDesk();
    expect(await preflight(opd, url, DESK)).toMatchObject({ status: 204 });
    for (const origin of ['https://other.example', 'null', '', `${DESK}.other`, `${DESK}:444`]) {
      const answer = await preflight(opd, url, origin);
      expect([404, 405]).toContain(answer.status);
      expect(permissionsIn(answer)).toEqual([]);
    }
  },
);

it('an answer names the allowed origin and the headers that its pages may read, an error too', async () => {
  const opd = await openForDesk();
  for (const body of [booking('W1'), {}]) {
    const { headers } = await opd.post('/book', body, { origin: DESK });
    expect(headers).toMatchObject({ 'access-control-allow-origin': DESK, vary: 'Origin' });
    expect(listIn(headers['access-control-expose-headers'])).toEqual([
      ...['Location', 'Retry-After', 'ETag', 'Idempotency-Replayed', 'WWW-Authenticate'],
      ...['RateLimit', 'RateLimit-Policy'],
    ]);
  }
});

it('an answer to another origin, or to a program, has no permission but says that it depends on the origin', async () => {
  const opd = await openForDesk();
  for (const headers of [{ origin: 'https://other.example' }, {}]) {
    const answer = await opd.post('/book', booking('W1'), headers);
    expect(answer).toMatchObject({ status: 201, headers: { vary: 'Origin' } });
    expect(permissionsIn(answer)).toEqual([]);
  }
});

it('OPTIONS that asks for no permission is a method that no route takes', async () => {
  const opd = await openForDesk();
  const answer = await opd.send({ method: 'OPTIONS', url: '/book', headers: { origin: DESK } });
  expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  const nowhere = await opd.send({ method: 'OPTIONS', url: '/nope', headers: { origin: DESK } });
  expect(nowhere).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
});

it('without allowed origins nothing is granted', async () => {
  const opd = await openApp();
  const asked = await preflight(opd, '/book', DESK);
  const booked = await opd.post('/book', booking('W1'), { origin: DESK });
  expect([asked.status, booked.status]).toEqual([405, 201]);
  for (const answer of [asked, booked]) expect(permissionsIn(answer)).toEqual([]);
});

it('* grants every origin until the first key is made, because from then on the allowed pages must be named', async () => {
  const opd = await openApp({ origins: ['*', DESK] });
  const grants = async (origin: string): Promise<unknown> => {
    const { headers } = await preflight(opd, '/book', origin);
    return headers['access-control-allow-origin'];
  };
  expect(await grants('https://other.example')).toBe('https://other.example');
  await opd.key({ role: 'admin' });
  expect(await grants('https://other.example')).toBeUndefined();
  expect(await grants('*')).toBeUndefined();
  expect(await grants(DESK)).toBe(DESK);
});
