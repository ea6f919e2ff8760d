import { expect, it, onTestFinished, vi } from 'vitest';
import { serviceNow, setServiceTime } from '../../src/web/lib/service-time.ts';

const MACHINE = Date.UTC(2026, 0, 1);
const SERVICE = Date.UTC(2026, 10, 23, 9, 41);
const answer = (headers: Record<string, string>): Response => new Response(null, { headers });

it('the time of a page is that of the last answer of the service, and goes on between two answers', () => {
  vi.useFakeTimers({ now: MACHINE, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  expect(serviceNow()).toBe(MACHINE);
  setServiceTime(answer({ date: new Date(SERVICE).toUTCString() }));
  expect(serviceNow()).toBe(SERVICE);
  vi.setSystemTime(MACHINE + 90_000);
  expect(serviceNow()).toBe(SERVICE + 90_000);
  setServiceTime(answer({}));
  expect(serviceNow()).toBe(SERVICE + 90_000);
});
