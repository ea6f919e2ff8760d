import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { doctorId, type DoctorId } from '../../src/engine/index.ts';
import type {
  ExecutionListener,
  ExecutionOutcome,
} from '../../src/store/postgres/command-executor.ts';
import { Dispatcher } from '../../src/store/postgres/dispatcher.ts';
import { UnknownOutcomeError } from '../../src/store/postgres/errors.ts';
import type { PendingRead } from '../../src/store/postgres/pending-reads.ts';
import type { Command } from '../../src/store/postgres/queue.ts';
import { NotDurableError } from '../../src/store/store.ts';
import { found } from '../support/engine/clinic.ts';

const BROKEN = new Error('of the test');

/** A transaction that a test ends. */
interface Attempt extends PromiseWithResolvers<ExecutionOutcome> {
  readonly commands: readonly Command[];
  readonly listener: ExecutionListener;
}

/** A dispatcher whose transactions and reads do what the test says, when it says it. */
class Bench {
  readonly attempts: Attempt[] = [];
  /** The doctors of each call of the read executor. */
  readonly reads: (PromiseWithResolvers<readonly PendingRead[]> & { ids: string[] })[] = [];
  readonly failed: unknown[] = [];
  readonly settled: string[] = [];
  readonly dispatcher: Dispatcher;
  isOver = false;
  watched = 0;
  readonly #failure = Promise.withResolvers<Error>();

  constructor() {
    this.dispatcher = new Dispatcher({
      commands: {
        execute: (commands, listener) => {
          const attempt = { commands, listener, ...Promise.withResolvers<ExecutionOutcome>() };
          this.attempts.push(attempt);
          return attempt.promise;
        },
      },
      reads: {
        execute: (reads, onCurrent) => {
          const ids = reads.map((read) => read.doctorId);
          const call = { ids, ...Promise.withResolvers<readonly PendingRead[]>() };
          this.reads.push(call);
          return call.promise.then((retried) => {
            if (retried.length === 0) onCurrent();
            return retried;
          });
        },
      },
      health: {
        assertReadable: () => undefined,
        assertWritable: () => undefined,
        deadlineMs: () => 0,
        isOver: () => this.isOver,
        failure: this.#failure.promise,
        fail: (error) => this.failed.push(error),
        watch: () => (this.watched += 1),
      },
    });
  }

  /** The doctors of the commands of each transaction so far. */
  get transactions(): string[] {
    return this.attempts.map(({ commands }) =>
      commands.map(({ scope }) => scope.doctorIds.join('')).join(' '),
    );
  }

  /** Sends a command by its doctors: `ab` is of two, `!a` sets one up. */
  send(name: string): void {
    const scope = {
      doctorIds: Array.from(name.replace('!', ''), doctorId),
      isSetup: name.startsWith('!'),
    };
    const decide = () => {
      throw new Error('the fake executor decides no command');
    };
    this.#settle(name, this.dispatcher.transact<string>(scope, decide));
  }

  read(name: string): void {
    this.#settle(
      `?${name}`,
      this.dispatcher.read(doctorId(name), () => 'read'),
    );
  }

  async commit(nth: number): Promise<void> {
    const { commands, resolve } = found(this.attempts[nth]);
    resolve({ isCommitted: true, answers: commands.map((_, place) => `answer ${place}`) });
    await this.turn();
  }

  async rollBack(nth: number): Promise<void> {
    const { commands, resolve } = found(this.attempts[nth]);
    resolve({ isCommitted: false, requeued: commands });
    await this.turn();
  }

  async throw(nth: number, error: Error): Promise<void> {
    found(this.attempts[nth]).reject(error);
    await this.turn();
  }

  async endRead(nth: number): Promise<void> {
    found(this.reads[nth]).resolve([]);
    await this.turn();
  }

  async failStore(): Promise<void> {
    this.#failure.resolve(BROKEN);
    await this.turn();
  }

  /** All commands sent have been started, and all outcomes have been handled. */
  async turn(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }

  #settle(name: string, promise: Promise<string>): void {
    void promise.then(
      (answer) => this.settled.push(`${name}: ${answer}`),
      (error: unknown) => this.settled.push(`${name}: ${(error as Error).name}`),
    );
  }
}

let bench: Bench;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  bench = new Bench();
});
afterEach(() => {
  vi.useRealTimers();
});

it('the commands of one turn share a transaction, and get their answers in its order', async () => {
  for (const name of ['a', 'b', 'ab']) bench.send(name);
  expect(bench.attempts).toEqual([]);
  await bench.turn();
  expect(bench.transactions).toEqual(['a b ab']);
  expect(bench.settled).toEqual([]);
  await bench.commit(0);
  expect(bench.settled).toEqual(['a: answer 0', 'b: answer 1', 'ab: answer 2']);
});

it('two transactions run at once; later commands wait for the end of one', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    bench.send(name);
    await bench.turn();
  }
  expect(bench.transactions).toEqual(['a', 'b']);
  await bench.commit(1);
  expect(bench.transactions).toEqual(['a', 'b', 'c d']);
});

it('each slow transaction makes room for another one, six at most, and has the health checked', async () => {
  for (const name of 'abcdefghijk') {
    bench.send(name);
    await bench.turn();
    if (bench.watched === 0) expect(bench.transactions.length).toBeLessThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(199);
    await bench.turn();
    await vi.advanceTimersByTimeAsync(1);
    await bench.turn();
  }
  expect(bench.watched).toBe(8);
  expect(bench.transactions).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  await bench.commit(0);
  expect(bench.transactions.slice(8)).toEqual(['i j k']);
});

it('a setup command runs alone, and reads that came meanwhile run before the next one', async () => {
  for (const name of ['a', '!b', '!c', 'd']) bench.send(name);
  await bench.turn();
  bench.read('e');
  await bench.turn();
  expect([bench.transactions, bench.reads]).toEqual([['a'], []]);
  await bench.commit(0);
  expect([bench.transactions, bench.reads]).toEqual([['a', 'b'], []]);
  await bench.commit(1);
  expect(bench.reads.map(({ ids }) => ids)).toEqual([['e']]);
  expect(bench.transactions).toEqual(['a', 'b']);
  await bench.endRead(0);
  await bench.commit(2);
  expect(bench.transactions).toEqual(['a', 'b', 'c', 'd']);
});

it('a read of a busy doctor runs when the transaction has locked the doctor, before its commands are answered', async () => {
  bench.send('a');
  await bench.turn();
  bench.read('a');
  bench.read('b');
  await bench.turn();
  expect(bench.reads.map(({ ids }) => ids)).toEqual([['b']]);
  found(bench.attempts[0]).listener.onLocked(new Set<DoctorId>([doctorId('a')]));
  await bench.turn();
  expect(bench.settled).toEqual(['?a: read']);
  await bench.endRead(0);
  expect(bench.settled).toEqual(['?a: read', '?b: read']);
});

it('after a rollback the reads of its doctors run first, then its commands again, before what came later', async () => {
  bench.send('a');
  await bench.turn();
  bench.send('a');
  bench.read('a');
  await bench.turn();
  await bench.rollBack(0);
  expect(bench.reads.map(({ ids }) => ids)).toEqual([['a']]);
  expect(bench.transactions).toEqual(['a']);
  await bench.endRead(0);
  expect(bench.settled).toEqual(['?a: read']);
  const [first, second] = found(bench.attempts[1]).commands;
  expect(first).toBe(found(bench.attempts[0]).commands[0]);
  expect(second?.id).not.toBe(first?.id);
});

it('a read that must be tried again waits and is executed once more', async () => {
  bench.read('a');
  await bench.turn();
  const { promise, resolve } = found(bench.reads[0]);
  const read: PendingRead = {
    doctorId: doctorId('a'),
    read: () => bench.settled.push('again'),
    reject: () => undefined,
    deadlineMs: 0,
  };
  resolve([read]);
  await promise;
  await bench.turn();
  expect(bench.reads).toHaveLength(2);
  await bench.endRead(1);
  expect(bench.settled).toContain('again');
});

it('a doctor who was read is settled as soon as the read is answered', async () => {
  const read = bench.dispatcher.read(doctorId('a'), () => 'read');
  await bench.turn();
  expect(bench.dispatcher.isSettled(doctorId('a'))).toBe(false);
  const settled = read.then(() => bench.dispatcher.isSettled(doctorId('a')));
  await bench.endRead(0);
  expect(await settled).toBe(true);
});

it('a doctor whose command is answered is settled as soon as that', async () => {
  const decide = () => {
    throw new Error('the fake executor decides no command');
  };
  const answer = bench.dispatcher.transact({ doctorIds: [doctorId('a')] }, decide);
  await bench.turn();
  const settled = answer.then(() => bench.dispatcher.isSettled(doctorId('a')));
  await bench.commit(0);
  expect(await settled).toBe(true);
});

it('a fatal error rejects the commands of the transaction and makes the store fail', async () => {
  bench.send('a');
  await bench.turn();
  await bench.throw(0, BROKEN);
  expect(bench.settled).toEqual(['a: Error']);
  expect(bench.failed).toEqual([BROKEN]);
});

it('an outcome that stays unknown when the store closes rejects the commands, and the store does not fail', async () => {
  bench.send('a');
  await bench.turn();
  await bench.throw(0, new UnknownOutcomeError());
  expect(bench.settled).toEqual(['a: UnknownOutcomeError']);
  expect(bench.failed).toEqual([]);
});

it('when the store fails, all waiting commands and reads are rejected', async () => {
  bench.send('a');
  await bench.turn();
  bench.send('a');
  bench.read('a');
  await bench.failStore();
  expect(bench.settled).toEqual(
    [NotDurableError.name, NotDurableError.name].map(
      (name, place) => `${place === 0 ? 'a' : '?a'}: ${name}`,
    ),
  );
});

it('commands and reads that wait beyond their deadline are rejected, a command in flight is not', async () => {
  bench.send('a');
  await bench.turn();
  bench.send('a');
  bench.read('a');
  await bench.turn();
  bench.dispatcher.expireOverdue();
  await bench.turn();
  expect(bench.settled).toEqual([]);
  bench.isOver = true;
  // The look-up of a lost commit keeps its doctors busy: the deadlines of what waits for them are checked then.
  found(bench.attempts[0]).listener.onLookUpRetry();
  await bench.turn();
  expect(bench.settled).toEqual(['a: NotDurableError', '?a: NotDurableError']);
  await bench.commit(0);
  expect(bench.settled.at(-1)).toBe('a: answer 0');
});

it('drain waits for the work in flight and for commands of this turn; then their doctors are settled', async () => {
  bench.send('a');
  let isDrained = false;
  void bench.dispatcher.drain().then(() => (isDrained = true));
  expect(bench.dispatcher.isSettled(doctorId('a'))).toBe(false);
  await bench.turn();
  expect([isDrained, bench.dispatcher.isSettled(doctorId('a'))]).toEqual([false, false]);
  await bench.commit(0);
  await bench.turn();
  expect([isDrained, bench.dispatcher.isSettled(doctorId('a'))]).toEqual([true, true]);
});
