import { expect, it } from 'vitest';
import { accessOf, accessRulesOf } from '../../src/cli/access.ts';
import { readSettings } from '../../src/settings.ts';

const OIDC = { OIDC_ISSUER: 'https://login.example', OIDC_AUDIENCE: 'opd' };

it.each<[state: 'none' | 'some', environment: Record<string, string>, access: RegExp]>([
  ['none', {}, /^everybody who reaches/],
  ['none', { HOST: '0.0.0.0' }, /^nobody: there is no access key yet$/],
  ['none', { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' }, /^everybody who reaches/],
  ['some', {}, /^with an access key$/],
  ['none', OIDC, /^with an access key, or a token of https:\/\/login\.example$/],
  ['some', { ...OIDC, ALLOW_ANONYMOUS: 'true' }, /^with an access key, or a token of/],
])('with keys: %s and %o the banner says who may do what', (state, environment, access) => {
  const read = readSettings(environment);
  if ('faults' in read) throw new Error(read.faults.join(' '));
  expect(accessOf({ state }, accessRulesOf(read.settings))).toMatch(access);
});
