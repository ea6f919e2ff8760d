import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { onTestFinished } from 'vitest';
import type { IdentityProviderOptions } from '../../../src/http/identity-provider.ts';

const AUDIENCE = 'opd';

type SigningKey = Awaited<ReturnType<typeof generateKeyPair>> & { readonly kid: string };

/** Claims of a token; an undefined one is left out. */
export type Claims = Readonly<Record<string, unknown>>;

/** A real identity provider on 127.0.0.1, with a key that it can rotate and with faults that a test sets. */
export class Issuer {
  readonly url: string;
  /** How often its list of keys was read. */
  keyReads = 0;
  /** The status of every answer; 200 by default. */
  status = 200;
  /** What it calls itself. */
  name: string;
  #key: SigningKey;

  private constructor(url: string, key: SigningKey) {
    this.url = url;
    this.name = url;
    this.#key = key;
  }

  /** Starts a provider. It stops when the test ends. */
  static async start(): Promise<Issuer> {
    const server = createServer((request, response) => {
      void issuer.#answer(request.url ?? '').then((body) => {
        response.writeHead(issuer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const issuer = new Issuer(`http://127.0.0.1:${port}/realms/opd`, await newKey());
    return issuer;
  }

  /** The options of an app that accepts its tokens. */
  get options(): IdentityProviderOptions {
    return {
      issuer: this.url,
      audience: AUDIENCE,
      claims: { role: 'roles', doctors: 'doctors' },
    };
  }

  /** Signs with a new key from now on, and publishes only this one. */
  async rotate(): Promise<void> {
    this.#key = await newKey();
  }

  /** The key that it publishes. */
  publicKey(): Promise<JWK> {
    return exportJWK(this.#key.publicKey);
  }

  /** The key's id, as tokens name it. */
  get kid(): string {
    return this.#key.kid;
  }

  /** A token of `now` for five minutes; `claims` changes or removes some of its claims. */
  token(now: string, claims: Claims = {}): Promise<string> {
    const second = Date.parse(now) / 1_000;
    const { kid, privateKey } = this.#key;
    return new SignJWT({
      ...{ iss: this.url, aud: AUDIENCE, sub: 'u-7', iat: second, exp: second + 300 },
      ...{ roles: ['desk'], ...claims },
    })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey);
  }

  async #answer(path: string): Promise<object> {
    if (path.endsWith('/.well-known/openid-configuration'))
      return { issuer: this.name, jwks_uri: `${this.url}/keys` };
    this.keyReads += 1;
    return { keys: [{ ...(await this.publicKey()), kid: this.kid, alg: 'ES256', use: 'sig' }] };
  }
}

let keys = 0;
async function newKey(): Promise<SigningKey> {
  keys += 1;
  return { ...(await generateKeyPair('ES256', { extractable: true })), kid: `key-${keys}` };
}
