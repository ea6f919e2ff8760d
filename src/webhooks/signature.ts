import { createHmac, randomBytes } from 'node:crypto';

/** Bytes of a secret, by Standard Webhooks 1.0 between 24 and 64. */
const SECRET_BYTES = 32;
const PREFIX = 'whsec_';

/** Makes a secret that signs. */
export const newSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/** What is signed. */
export interface SignedMessage {
  /** The same at each try of the same event for the same webhook. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/** The headers of Standard Webhooks 1.0. With several secrets, a receiver that knows one of them can check the message. */
export function signedHeaders(
  { id, timestamp, body }: SignedMessage,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
