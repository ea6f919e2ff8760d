import { expect, it } from 'vitest';
import { AllocationEngine, doctorId, epochMs, slotId } from '../../src/engine/index.ts';
import { bookingOf } from '../../src/http/resources/booking.ts';
import {
  Idempotency,
  type BuildResponse,
  type KeyedContext,
} from '../../src/service/idempotency.ts';
import { ANONYMOUS, type Result } from '../../src/service/index.ts';
import { openMemoryDatabase } from '../../src/store/memory/database.ts';
import { RULES } from '../support/engine/clinic.ts';
import { booking, openApp } from '../support/app/app.ts';

const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));
const IDENTITY = { ...ANONYMOUS, name: 'desk' };

/** The context of a command with the key `k` and this request. */
const keyed = (request: readonly unknown[]): KeyedContext => ({
  identity: IDENTITY,
  idempotency: { key: 'k', request },
});

const open = () => {
  const { store, archive } = openMemoryDatabase(new AllocationEngine(RULES));
  const origin = { actor: 'desk', reason: null };
  let runs = 0;
  /** A command that answers how often it has run. Its response is stored like that of a real command. */
  const run = (buildResponse: BuildResponse): Promise<Result<number>> =>
    store.transact({ doctorIds: [] }, () => {
      const answer: Result<number> = { ok: true, value: (runs += 1) };
      return { changes: [], answer, origin, response: buildResponse(answer, NOW) };
    });
  return { idempotency: new Idempotency(archive), run, runs: () => runs };
};

it('a command with a key runs once, and its answer is replayed', async () => {
  const { idempotency, run, runs } = open();
  const first = await idempotency.runOnce(keyed(['book', { a: 1 }]), NOW, run);
  const again = await idempotency.runOnce(keyed(['book', { a: 1 }]), NOW, run);
  expect([first, again]).toEqual([
    { result: { ok: true, value: 1 }, isReplay: false },
    { result: { ok: true, value: 1 }, isReplay: true },
  ]);
  expect(runs()).toBe(1);
});

it.each([[['book', { a: 2 }]], [['cancel', { a: 1 }]], [['book', { a: 1, b: undefined, c: 0 }]]])(
  'the key is refused for another request, %j',
  async (request) => {
    const { idempotency, run, runs } = open();
    await idempotency.runOnce(keyed(['book', { a: 1 }]), NOW, run);
    const other = await idempotency.runOnce(keyed(request), NOW, run);
    expect(other.result).toMatchObject({ refusal: { code: 'idempotency_key_reused' } });
    expect(runs()).toBe(1);
  },
);

it('a repeat is refused while the first request still runs, even if it is another request', async () => {
  const { idempotency, run, runs } = open();
  const first = idempotency.runOnce(keyed(['book']), NOW, run);
  const second = await idempotency.runOnce(keyed(['cancel']), NOW, run);
  expect(second.result).toMatchObject({ refusal: { code: 'idempotency_in_progress' } });
  expect(await first).toMatchObject({ result: { ok: true } });
  expect(runs()).toBe(1);
});

it('a command that throws frees its key', async () => {
  const { idempotency, run } = open();
  const fail = (): Promise<Result<number>> => Promise.reject(new Error('a bug'));
  await expect(idempotency.runOnce(keyed(['book']), NOW, fail)).rejects.toThrow('a bug');
  expect(await idempotency.runOnce(keyed(['book']), NOW, run)).toMatchObject({ isReplay: false });
});

it('the same key of two callers is two keys', async () => {
  const opd = await openApp();
  const patient = { patientName: 'W1', patientId: null, patientType: 'WALK_IN' };
  const command = { doctorId: doctorId('doc1'), slotId: slotId('doc1_slot1'), ...patient };
  const idempotency = { key: 'k', request: ['book', booking('W1')] };
  const bookAs = (name: string) =>
    opd.service.tokens.book(command, { identity: { ...ANONYMOUS, name }, idempotency }, bookingOf);
  const answers = [await bookAs('desk'), await bookAs('web'), await bookAs('desk')];
  const numbers = answers.map(({ result }) => (result.ok ? result.value.number : 0));
  expect(numbers).toEqual([1, 2, 1]);
  expect(answers.map(({ isReplay }) => isReplay)).toEqual([false, false, true]);
});
