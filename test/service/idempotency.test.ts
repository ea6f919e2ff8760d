import { expect, it } from 'vitest';
import { AllocationEngine, epochMs } from '../../src/engine/index.ts';
import { Idempotency, type BuildResponse } from '../../src/service/idempotency.ts';
import type { Result } from '../../src/service/index.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { RULES } from '../support/engine/clinic.ts';
import { booking, openApp } from '../support/app/app.ts';

const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));
const CALLER = { name: 'desk', idempotencyKey: 'k' };

const open = () => {
  const store = new MemoryStore(new AllocationEngine(RULES));
  const origin = { actor: 'desk', reason: null };
  let runs = 0;
  /** A command that answers how often it has run, kept as a real one is. */
  const run = (keep: BuildResponse): Promise<Result<number>> =>
    store.transact({ doctorIds: [] }, () => {
      const answer: Result<number> = { ok: true, value: (runs += 1) };
      return { changes: [], answer, origin, response: keep(answer, NOW) };
    });
  return { idempotency: new Idempotency(store), run, runs: () => runs };
};

it('runs a command without a key every time', async () => {
  const { idempotency, run, runs } = open();
  const caller = { name: 'desk', idempotencyKey: null };
  for (const value of [1, 2])
    expect(await idempotency.runOnce(caller, ['book'], NOW, run)).toEqual({
      result: { ok: true, value },
      isReplay: false,
    });
  expect(runs()).toBe(2);
});

it('runs a command with a key once and replays its answer', async () => {
  const { idempotency, run, runs } = open();
  const first = await idempotency.runOnce(CALLER, ['book', { a: 1 }], NOW, run);
  const again = await idempotency.runOnce(CALLER, ['book', { a: 1 }], NOW, run);
  expect([first, again]).toEqual([
    { result: { ok: true, value: 1 }, isReplay: false },
    { result: { ok: true, value: 1 }, isReplay: true },
  ]);
  expect(runs()).toBe(1);
});

it.each([[['book', { a: 2 }]], [['cancel', { a: 1 }]], [['book', { a: 1, b: undefined, c: 0 }]]])(
  'refuses the key for %j',
  async (request) => {
    const { idempotency, run, runs } = open();
    await idempotency.runOnce(CALLER, ['book', { a: 1 }], NOW, run);
    const other = await idempotency.runOnce(CALLER, request, NOW, run);
    expect(other.result).toMatchObject({ refusal: { code: 'idempotency_key_reused' } });
    expect(runs()).toBe(1);
  },
);

it('refuses a repeat while the first is still running, whatever it asks for', async () => {
  const { idempotency, run, runs } = open();
  const first = idempotency.runOnce(CALLER, ['book'], NOW, run);
  const second = await idempotency.runOnce(CALLER, ['cancel'], NOW, run);
  expect(second.result).toMatchObject({ refusal: { code: 'idempotency_in_progress' } });
  expect(await first).toMatchObject({ result: { ok: true } });
  expect(runs()).toBe(1);
});

it('forgets a command that threw: the key is free again', async () => {
  const { idempotency, run } = open();
  const fail = (): Promise<Result<number>> => Promise.reject(new Error('a bug'));
  await expect(idempotency.runOnce(CALLER, ['book'], NOW, fail)).rejects.toThrow('a bug');
  expect(await idempotency.runOnce(CALLER, ['book'], NOW, run)).toMatchObject({ isReplay: false });
});

it('keeps the keys of two callers apart', async () => {
  const opd = await openApp();
  const request = { ...booking('W1') } as unknown as Parameters<typeof opd.service.tokens.book>[0];
  const bookAs = (name: string) => opd.service.tokens.book(request, { name, idempotencyKey: 'k' });
  const answers = [await bookAs('desk'), await bookAs('web'), await bookAs('desk')];
  const numbers = answers.map(({ result }) => (result.ok ? result.value.number : 0));
  expect(numbers).toEqual([1, 2, 1]);
  expect(answers.map(({ isReplay }) => isReplay)).toEqual([false, false, true]);
});
