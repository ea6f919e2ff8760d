import { SignJWT, UnsecuredJWT } from 'jose';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { IdentityProviderOptions } from '../../src/http/identity-provider.ts';
import { openApp, type AppOptions, type TestApp } from '../support/app/app.ts';
import { Issuer, type Claims } from '../support/app/issuer.ts';

const NOW = '2026-11-23T08:00:00Z';
const SECOND = Date.parse(NOW) / 1_000;

interface Started {
  readonly issuer: Issuer;
  readonly opd: TestApp;
  /** The program as the holder of a token with these claims calls it. */
  readonly as: (claims?: Claims) => Promise<TestApp>;
}

/** An identity provider, and the program that accepts its tokens. */
async function start(
  more: Partial<IdentityProviderOptions> = {},
  options: AppOptions = {},
): Promise<Started> {
  const issuer = await Issuer.start();
  const identityProvider = { ...issuer.options, ...more };
  const opd = await openApp({ now: NOW, identityProvider, ...options });
  return { issuer, opd, as: async (claims) => opd.as(await issuer.token(NOW, claims)) };
}

const actorOf = async (caller: TestApp): Promise<string | undefined> => {
  const { id } = await caller.book('W1');
  const { body } = await caller.get<{ changes: { actor: string }[] }>(`/tokens/${id}/history`);
  return body.changes[0]?.actor;
};

const refusal = async (caller: TestApp): Promise<string> => {
  const { status, body } = await caller.get<{ detail: string }>('/patient-types');
  return `${status} ${body.detail}`;
};

it('a token of the provider may do what its role may do, and nobody is anonymous', async () => {
  const { opd, as } = await start();
  expect(await opd.get('/doctors')).toMatchObject({ status: 401 });
  const desk = await as();
  expect((await desk.get('/doctors')).status).toBe(200);
  expect(await desk.get('/audit')).toMatchObject({ status: 403 });
});

it('an access key works beside the provider, also while the provider is away', async () => {
  const { issuer, opd } = await start();
  issuer.status = 500;
  const desk = opd.as(await opd.key({ role: 'desk' }));
  expect((await desk.get('/doctors')).status).toBe(200);
  expect(issuer.keyReads).toBe(0);
});

describe('the actor on record', () => {
  it.each<[string, Claims, string]>([
    ['the subject', {}, 'oidc:u-7'],
    ['the subject and its name', { preferred_username: 'asha' }, 'oidc:u-7/asha'],
    ['the subject without its slash', { sub: 'google/7%' }, 'oidc:google%2F7%25'],
    ['the subject if its name cannot stand there', { preferred_username: 'aç' }, 'oidc:u-7'],
  ])('is %s', async (_, claims, actor) => {
    const { as } = await start();
    expect(await actorOf(await as(claims))).toBe(actor);
  });

  it('has no name of a patient, and names a person of the header Opd-Actor', async () => {
    const { issuer, opd, as } = await start();
    const claims = { roles: 'patient_app', preferred_username: 'wanda' };
    const app = await as(claims);
    const { id } = await app.book('F1', { patient_id: 'p1' });
    const desk = opd.as(await issuer.token(NOW, { sub: 'd' }), { 'opd-actor': 'ben' });
    await desk.post('/cancel', { token_id: id });
    const { body } = await desk.get<{ changes: { actor: string }[] }>(`/tokens/${id}/history`);
    expect(body.changes.map(({ actor }) => actor)).toEqual(['oidc:u-7', 'oidc:d/ben']);
    expect(await refusal(opd.as(await issuer.token(NOW, claims), { 'opd-actor': 'x' }))).toMatch(
      /^403 Only a caller/,
    );
  });

  it('is never that of an access key, so neither sees what the other has booked', async () => {
    const { opd, as } = await start();
    const key = opd.as(await opd.key({ role: 'patient_app', name: 'app' }));
    const { id } = await key.book('F1', { patient_id: 'p1' });
    const token = await as({ roles: 'patient_app', sub: 'app' });
    expect(await token.get(`/tokens/${id}`)).toMatchObject({ status: 404 });
  });
});

describe('the claims', () => {
  it('limit a token to doctors', async () => {
    const { as } = await start();
    const limited = await as({ roles: 'doctor', doctors: ['doc1'] });
    expect((await limited.get('/queue?doctor_id=doc1')).status).toBe(200);
    expect(await limited.get('/queue?doctor_id=doc2')).toMatchObject({ status: 403 });
  });

  it('may have other names', async () => {
    const claims = { role: 'https://opd/role', doctors: 'who' };
    const { as } = await start({ claims });
    const limited = await as({ roles: undefined, 'https://opd/role': 'doctor', who: 'doc1' });
    expect((await limited.get('/queue?doctor_id=doc1')).status).toBe(200);
    expect(await limited.get('/queue?doctor_id=doc2')).toMatchObject({ status: 403 });
  });

  it('may name roles of other programs beside the one of the service', async () => {
    const { as } = await start();
    const caller = await as({ roles: ['offline_access', 'desk', 'desk'] });
    expect((await caller.get('/doctors')).status).toBe(200);
  });

  it('must name one role and doctors who fit it, otherwise the token is refused', async () => {
    const wrong: [claims: Claims, sentence: RegExp][] = [
      [{ roles: ['king'] }, /^403 The claim roles .* exactly one role/],
      [{ roles: undefined }, /^403 The claim roles .* exactly one role/],
      [{ roles: ['desk', 'admin'] }, /^403 The claim roles .* exactly one role/],
      [{ roles: [7, 'desk'] }, /^403 The claim roles/],
      [{ roles: 'toString' }, /^403 The claim roles/],
      [{ doctors: [] }, /^403 The claim doctors .* list of ids/],
      [{ doctors: ['doc1', ''] }, /^403 The claim doctors .* list of ids/],
      [{ doctors: { doc1: true } }, /^403 The claim doctors/],
      [{ doctors: null }, /^403 The claim doctors/],
      [{ roles: 'admin', doctors: 'doc1' }, /^403 .* must be empty/],
      [{ roles: 'doctor' }, /^403 .* must name the doctor/],
      [{ sub: 'a\nb' }, /^401 The claim sub/],
    ];
    const { as } = await start();
    for (const [claims, sentence] of wrong)
      expect(await refusal(await as(claims))).toMatch(sentence);
  });
});

describe('a token is refused', () => {
  it('of another issuer or audience, of another time, without an expiry or a subject', async () => {
    const wrong: [claims: Claims, sentence: string][] = [
      [{ iss: 'https://evil.example' }, 'The token is of another issuer than OIDC_ISSUER.'],
      [{ aud: ['shop'] }, 'The token is for another audience than OIDC_AUDIENCE.'],
      [{ exp: SECOND - 31 }, 'The token of the identity provider has expired. Get a new one.'],
      [{ nbf: SECOND + 31 }, 'The token is not valid yet.'],
      [{ exp: undefined }, 'The token must have an expiry.'],
      [{ sub: undefined }, 'The token must name its subject.'],
    ];
    const { as } = await start();
    for (const [claims, detail] of wrong) {
      const { status, body, headers } = await (await as(claims)).get('/doctors');
      expect({ status, body }).toMatchObject({ status: 401, body: { detail } });
      expect(headers['www-authenticate']).toBe('Bearer realm="opd", error="invalid_token"');
    }
  });

  it('that is not signed, or signed with the public key as a shared secret', async () => {
    const { issuer, opd } = await start();
    const claims = { iss: issuer.url, aud: 'opd', sub: 'u-7', exp: SECOND + 300, roles: ['admin'] };
    const secret = new TextEncoder().encode(JSON.stringify(await issuer.publicKey()));
    const header = { alg: 'HS256', kid: issuer.kid };
    for (const jwt of [
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader(header).sign(secret),
    ])
      expect(await refusal(opd.as(jwt))).toMatch(/^401 /);
    expect(issuer.keyReads).toBe(0);
  });

  it('whose claims were changed, and one that is no token', async () => {
    const { issuer, opd } = await start();
    const [header, , signature] = (await issuer.token(NOW)).split('.');
    const claims = { iss: issuer.url, aud: 'opd', sub: 'u-7', exp: SECOND + 300, roles: ['admin'] };
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await refusal(opd.as(`${header}.${forged}.${signature}`))).toBe(
      '401 The signature of the token is wrong.',
    );
    for (const text of ['a.b', 'a.b.c', '..', '{}.{}.{}'])
      expect(await refusal(opd.as(text))).toMatch(/^401 /);
  });

  it('when it has expired since it was verified', async () => {
    const { opd, as } = await start();
    const caller = await as({ exp: SECOND + 10 });
    expect((await caller.get('/doctors')).status).toBe(200);
    opd.now = '2026-11-23T08:00:39Z';
    expect((await caller.get('/doctors')).status).toBe(200);
    opd.now = '2026-11-23T08:00:40Z';
    expect(await refusal(caller)).toMatch(/^401 .* has expired/);
  });

  it('and the log says why, without the token', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const { issuer, opd } = await start({}, { logger });
    const jwt = await issuer.token(NOW, { aud: 'shop' });
    await opd.as(jwt).get('/doctors');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { failure: 'aud', key_id: null, address: '127.0.0.1' },
    ]);
    for (const part of jwt.split('.')) expect(lines.join('')).not.toContain(part);
  });
});

describe('the keys of the provider', () => {
  it('are read again when a token has an unknown key, because the provider rotates them', async () => {
    const { issuer, as } = await start({ cooldownMs: 0 });
    expect((await (await as()).get('/doctors')).status).toBe(200);
    await issuer.rotate();
    expect((await (await as()).get('/doctors')).status).toBe(200);
    expect(issuer.keyReads).toBe(2);
  });

  it('are not read for every token with an unknown key', async () => {
    const { issuer, as } = await start();
    await (await as()).get('/doctors');
    await issuer.rotate();
    for (let count = 0; count < 3; count += 1)
      expect(await refusal(await as())).toMatch(/^401 .* does not publish/);
    expect(issuer.keyReads).toBe(1);
  });

  it('are read once for the requests that come at the same time', async () => {
    const { issuer, as } = await start();
    const callers = await Promise.all(['a', 'b', 'c', 'd'].map((sub) => as({ sub })));
    const answers = await Promise.all(callers.map((caller) => caller.get('/doctors')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(issuer.keyReads).toBe(1);
  });
});

describe('while the provider is away', () => {
  it('its tokens get 503, and those that were verified a moment ago are accepted', async () => {
    const { issuer, as } = await start({ cooldownMs: 0 });
    const before = await as();
    await before.get('/doctors');
    issuer.status = 500;
    await issuer.rotate();
    const answer = await (await as()).get('/doctors');
    expect(answer).toMatchObject({ status: 503, body: { code: 'identity_unavailable' } });
    expect(answer.headers['retry-after']).toBe('5');
    expect((await before.get('/doctors')).status).toBe(200);
  });

  it('it is asked only once in a few seconds, and one line of the log tells of it', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    const { issuer, as } = await start({}, { logger });
    issuer.status = 500;
    for (let count = 0; count < 3; count += 1)
      expect((await (await as()).get('/doctors')).status).toBe(503);
    issuer.status = 200;
    expect((await (await as()).get('/doctors')).status).toBe(503);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('The identity provider cannot be used');
  });
});

it('a provider that calls itself otherwise is not used', async () => {
  const { issuer, as } = await start();
  issuer.name = 'https://evil.example';
  expect(await (await as()).get('/doctors')).toMatchObject({ status: 503 });
  expect(issuer.keyReads).toBe(0);
});
