import { expect, it } from 'vitest';
import { readSettings, Settings } from '../src/settings.ts';

const DEFAULTS = {
  HOST: '127.0.0.1',
  ALLOW_ANONYMOUS: false,
  PORT: 8080,
  DATABASE_URL: 'sqlite:data/opd.db',
  LOG_LEVEL: 'info',
  SLOT_GRACE_MINUTES: 30,
  HORIZON_DAYS: 14,
  WAITLIST_MAX: 1000,
  WEBHOOK_ALLOW_PRIVATE: false,
  CONNECTIONS_MAX: 1000,
  HEADERS_MAX: 100,
  HEADER_BYTES_MAX: 16_384,
  HEADER_SECONDS: 10,
  REQUEST_SECONDS: 30,
  KEEP_ALIVE_SECONDS: 72,
  REQUESTS_MAX: 600,
  REFUSED_PER_MINUTE: 10,
  OIDC_ROLE_CLAIM: 'roles',
  OIDC_DOCTORS_CLAIM: 'doctors',
};

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  const read = readSettings(environment);
  return 'faults' in read ? read.faults : [];
};

it('every setting has a default, except the roster and the lists', () => {
  expect(readSettings({})).toEqual({ settings: DEFAULTS });
});

it('a variable that is empty or only white space counts as not set', () => {
  const names = Object.keys(Settings.properties);
  for (const text of ['', '  ', '\t\n'])
    expect(readSettings(Object.fromEntries(names.map((name) => [name, text])))).toEqual({
      settings: DEFAULTS,
    });
});

it('a setting is read without the white space around it, and other variables are ignored', () => {
  const read = readSettings({
    HOST: ' 0.0.0.0 ',
    PORT: ' 0 ',
    DATABASE_URL: 'memory:',
    ROSTER: 'roster.json',
    LOG_LEVEL: 'silent',
    SLOT_GRACE_MINUTES: '0',
    HORIZON_DAYS: '366',
    WAITLIST_MAX: '0',
    HOME: '/root',
  });
  expect(read).toEqual({
    settings: {
      ...DEFAULTS,
      HOST: '0.0.0.0',
      PORT: 0,
      DATABASE_URL: 'memory:',
      ROSTER: 'roster.json',
      LOG_LEVEL: 'silent',
      SLOT_GRACE_MINUTES: 0,
      HORIZON_DAYS: 366,
      WAITLIST_MAX: 0,
    },
  });
});

it.each([
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['PORT', '0x50'],
  ['PORT', '1e3'],
  ['PORT', 'http'],
  ['PORT', '99999999999999999999'],
  ['LOG_LEVEL', 'verbose'],
  ['LOG_LEVEL', 'INFO'],
  ['SLOT_GRACE_MINUTES', '1441'],
  ['SLOT_GRACE_MINUTES', '-5'],
  ['HORIZON_DAYS', '0'],
  ['HORIZON_DAYS', '367'],
  ['WAITLIST_MAX', '1000001'],
  ['WAITLIST_MAX', 'none'],
  ['ALLOW_ANONYMOUS', 'yes'],
  ['ALLOW_ANONYMOUS', 'True'],
  ['OIDC_ISSUER', 'http://login.example'],
  ['OIDC_ISSUER', 'http://localhost.evil.example'],
  ['OIDC_ISSUER', 'https://login.example/?a=b'],
  ['TRUST_PROXY', '10.0.0.256'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['TRUST_PROXY', 'proxy.example'],
])('%s=%s is refused with one sentence that names both', (name, text) => {
  const faults = faultsOf({ [name]: text });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(`${name}=${text} is not valid.`);
});

it.each(['sqlite:', 'sqlite', 'mysql://opd:secret@localhost/opd', 'memory:opd'])(
  'DATABASE_URL=%s is refused, and not repeated because it may contain a password',
  (text) => {
    const faults = faultsOf({ DATABASE_URL: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^DATABASE_URL is not valid\. /);
    expect(faults[0]).not.toMatch(/secret/);
  },
);

it('ALLOW_ANONYMOUS is true or false, and TRUST_PROXY a list of addresses and networks', () => {
  const TRUST_PROXY = '127.0.0.1, 10.1.0.0/16,::1,fd00::/8';
  expect(readSettings({ ALLOW_ANONYMOUS: 'true', TRUST_PROXY })).toMatchObject({
    settings: {
      ALLOW_ANONYMOUS: true,
      TRUST_PROXY: ['127.0.0.1', '10.1.0.0/16', '::1', 'fd00::/8'],
    },
  });
});

it('CORS_ORIGINS may be every origin', () => {
  expect(readSettings({ CORS_ORIGINS: '*' })).toMatchObject({ settings: { CORS_ORIGINS: ['*'] } });
});

it('the hosts and the origins are lists with commas between the items', () => {
  const read = readSettings({
    ALLOWED_HOSTS: 'opd.example, opd_1,[fe80::1],10.0.0.7',
    CORS_ORIGINS: 'https://desk.example ,http://localhost:5173',
  });
  expect(read).toMatchObject({
    settings: {
      ALLOWED_HOSTS: ['opd.example', 'opd_1', '[fe80::1]', '10.0.0.7'],
      CORS_ORIGINS: ['https://desk.example', 'http://localhost:5173'],
    },
  });
});

it.each([
  ['ALLOWED_HOSTS', '*'],
  ['ALLOWED_HOSTS', '*.example'],
  ['ALLOWED_HOSTS', 'Opd.example'],
  ['ALLOWED_HOSTS', 'opd.example:8080'],
  ['ALLOWED_HOSTS', 'https://opd.example'],
  ['ALLOWED_HOSTS', 'opd.example,'],
  ['ALLOWED_HOSTS', 'opd.example other.example'],
  ['CORS_ORIGINS', 'https://*'],
  ['CORS_ORIGINS', 'null'],
  ['CORS_ORIGINS', 'desk.example'],
  ['CORS_ORIGINS', 'https://desk.example/'],
  ['CORS_ORIGINS', 'https://Desk.example'],
  ['CORS_ORIGINS', 'https://desk.example:443'],
  ['CORS_ORIGINS', 'http://desk.example:80'],
  ['CORS_ORIGINS', 'https://*.example'],
  ['CORS_ORIGINS', 'https://a.example,,https://b.example'],
])('%s=%s is refused in words that say how a list is written', (name, text) => {
  const faults = faultsOf({ [name]: text });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(`${name}=${text} is not valid.`);
  expect(faults[0]).toContain('with commas between them');
});

it.each([
  ['PORT', '65535'],
  ['SLOT_GRACE_MINUTES', '1440'],
  ['HORIZON_DAYS', '1'],
  ['WAITLIST_MAX', '1000000'],
  ['DATABASE_URL', 'sqlite:/var/lib/opd/opd.db'],
])('the bound %s=%s is valid', (name, text) => {
  expect(faultsOf({ [name]: text })).toEqual([]);
});

it('all invalid settings are reported together, each once, with its bounds', () => {
  const faults = faultsOf({
    PORT: 'x',
    LOG_LEVEL: 'loud',
    HORIZON_DAYS: '0',
    DATABASE_URL: 'file',
  });
  expect(faults.map((fault) => /^\w+/.exec(fault)?.[0]).sort()).toEqual([
    'DATABASE_URL',
    'HORIZON_DAYS',
    'LOG_LEVEL',
    'PORT',
  ]);
  expect(faults.find((fault) => fault.startsWith('HORIZON_DAYS'))).toContain('from 1 to 366');
  expect(faults.find((fault) => fault.startsWith('LOG_LEVEL'))).toContain('silent');
});

it('every setting has a description', () => {
  for (const { description } of Object.values(Settings.properties))
    expect(description).toMatch(/\.$/);
});

it.each([
  [{ OIDC_ISSUER: 'https://login.example' }, 'OIDC_ISSUER is set without OIDC_AUDIENCE.'],
  [{ OIDC_AUDIENCE: 'opd' }, 'OIDC_AUDIENCE is set without OIDC_ISSUER.'],
  [{ METRICS_HOST: '::' }, 'METRICS_HOST is set without METRICS_PORT.'],
])('%o is refused, because one setting needs the other', (environment, sentence) => {
  expect(faultsOf(environment)).toEqual([expect.stringContaining(sentence)]);
});

it.each(['https://login.example/realms/opd', 'https://login.example/', 'http://[::1]:9000/x'])(
  'OIDC_ISSUER=%s is an identity provider',
  (OIDC_ISSUER) => {
    expect(faultsOf({ OIDC_ISSUER, OIDC_AUDIENCE: 'opd' })).toEqual([]);
  },
);
