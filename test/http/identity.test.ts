import { Type } from '@sinclair/typebox';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import pino from 'pino';
import { expect, it } from 'vitest';
import { Access } from '../../src/http/access.ts';
import { RateLimiter } from '../../src/http/rate-limiter.ts';
import { InFlight } from '../../src/http/admission.ts';
import { Routes } from '../../src/http/route.ts';
import { closed } from '../../src/http/schema.ts';
import { ANONYMOUS, Permissions } from '../../src/service/index.ts';

const TEXTS = { tag: 'Tokens', summary: 'Test', description: 'A test.' } as const;
const Named = Type.Object({ name: Type.String() });

/** An app with a command and a read that answer with the name of the caller; each caller's body, as it was then. */
function appOf(): { app: FastifyInstance; bodies: unknown[] } {
  const app = Fastify();
  const bodies: unknown[] = [];
  const inFlight = { commands: new InFlight(), reads: new InFlight() };
  const identify = (request: FastifyRequest) => {
    bodies.push(request.body);
    return { ...ANONYMOUS, name: String(request.headers['x-name']) };
  };
  const permissions = new Permissions({} as never);
  const logger = pino({ level: 'silent' });
  const limiter = new RateLimiter({}, logger);
  const access = new Access(app, { identify, permissions, limiter, logger });
  const routes = new Routes(app, access, inFlight);
  routes.command({
    ...TEXTS,
    command: 'book',
    url: '/book',
    body: closed({}),
    success: Named,
    run: (_sent, { identity }) =>
      Promise.resolve({ result: { ok: true, value: { name: identity.name } }, isReplay: false }),
  });
  routes.read({
    ...TEXTS,
    name: 'listHolidays',
    url: '/name',
    success: Named,
    codes: [],
    run: (_sent, { identity }) => Promise.resolve({ ok: true, value: { name: identity.name } }),
  });
  return { app, bodies };
}

it.each([
  { method: 'POST', url: '/book', payload: {} },
  { method: 'GET', url: '/name' },
] as const)('$method gets the identity that is made of its request', async (request) => {
  const { app } = appOf();
  for (const name of ['front-desk', 'kiosk']) {
    const answer = await app.inject({ ...request, headers: { 'x-name': name } });
    expect(answer.json()).toEqual({ name });
  }
});

it('makes the identity once, before the body is read', async () => {
  const { app, bodies } = appOf();
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/book', headers, payload: '{' });
  expect([answer.statusCode, bodies]).toEqual([400, [undefined]]);
});
