import { expect } from 'vitest';

/** Makes the first access key of a running server, an administrator's; returns its secret. */
export async function firstKey(url: string): Promise<string> {
  const answer = await fetch(`${url}/keys/first`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"role":"admin"}',
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { readonly secret: string }).secret;
}
