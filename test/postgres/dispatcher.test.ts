import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { doctorId, type DoctorId } from '../../src/engine/index.ts';
import type {
  ExecutionListener,
  ExecutionOutcome,
} from '../../src/store/postgres/command-executor.ts';
import { Dispatcher } from '../../src/store/postgres/dispatcher.ts';
import type { PendingRead } from '../../src/store/postgres/pending-reads.ts';
import type { Command } from '../../src/store/postgres/queue.ts';
import { NotDurableError, UnknownOutcomeError } from '../../src/store/store.ts';
import { found } from '../support/engine/clinic.ts';

const BROKEN = new Error('of the test');

/** A transaction whose outcome the test decides. */
interface Attempt extends PromiseWithResolvers<ExecutionOutcome> {
  readonly commands: readonly Command[];
  readonly listener: ExecutionListener;
}

/** A dispatcher with fake executors: the test ends each transaction and each read. */
class ControlledDispatcher {
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

  /** Sends a command that is named after its doctors: `ab` has two doctors, `!a` is a setup command. */
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

  /** Waits until all sent commands have been started and all outcomes have been handled. */
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

let controlled: ControlledDispatcher;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  controlled = new ControlledDispatcher();
});
afterEach(() => {
  vi.useRealTimers();
});

it('the commands of one turn share a transaction, and their answers have its order', async () => {
  for (const name of ['a', 'b', 'ab']) controlled.send(name);
  expect(controlled.attempts).toEqual([]);
  await controlled.turn();
  expect(controlled.transactions).toEqual(['a b ab']);
  expect(controlled.settled).toEqual([]);
  await controlled.commit(0);
  expect(controlled.settled).toEqual(['a: answer 0', 'b: answer 1', 'ab: answer 2']);
});

it('two transactions run at once; later commands wait for the end of one', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    controlled.send(name);
    await controlled.turn();
  }
  expect(controlled.transactions).toEqual(['a', 'b']);
  await controlled.commit(1);
  expect(controlled.transactions).toEqual(['a', 'b', 'c d']);
});

it('each slow transaction makes room for another one, six at most, and starts a health check', async () => {
  for (const name of 'abcdefghijk') {
    controlled.send(name);
    await controlled.turn();
    if (controlled.watched === 0) expect(controlled.transactions.length).toBeLessThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(199);
    await controlled.turn();
    await vi.advanceTimersByTimeAsync(1);
    await controlled.turn();
  }
  expect(controlled.watched).toBe(8);
  expect(controlled.transactions).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  await controlled.commit(0);
  expect(controlled.transactions.slice(8)).toEqual(['i j k']);
});

it('a setup command runs alone, and reads that arrive meanwhile run before the next setup command', async () => {
  for (const name of ['a', '!b', '!c', 'd']) controlled.send(name);
  await controlled.turn();
  controlled.read('e');
  await controlled.turn();
  expect([controlled.transactions, controlled.reads]).toEqual([['a'], []]);
  await controlled.commit(0);
  expect([controlled.transactions, controlled.reads]).toEqual([['a', 'b'], []]);
  await controlled.commit(1);
  expect(controlled.reads.map(({ ids }) => ids)).toEqual([['e']]);
  expect(controlled.transactions).toEqual(['a', 'b']);
  await controlled.endRead(0);
  await controlled.commit(2);
  expect(controlled.transactions).toEqual(['a', 'b', 'c', 'd']);
});

it('a read of a busy doctor runs when the transaction has locked the doctor, before its commands are answered', async () => {
  controlled.send('a');
  await controlled.turn();
  controlled.read('a');
  controlled.read('b');
  await controlled.turn();
  expect(controlled.reads.map(({ ids }) => ids)).toEqual([['b']]);
  found(controlled.attempts[0]).listener.onLocked(new Set<DoctorId>([doctorId('a')]));
  await controlled.turn();
  expect(controlled.settled).toEqual(['?a: read']);
  await controlled.endRead(0);
  expect(controlled.settled).toEqual(['?a: read', '?b: read']);
});

it('after a rollback, the reads of its doctors run first, then its commands again, before later commands', async () => {
  controlled.send('a');
  await controlled.turn();
  controlled.send('a');
  controlled.read('a');
  await controlled.turn();
  await controlled.rollBack(0);
  expect(controlled.reads.map(({ ids }) => ids)).toEqual([['a']]);
  expect(controlled.transactions).toEqual(['a']);
  await controlled.endRead(0);
  expect(controlled.settled).toEqual(['?a: read']);
  const [first, second] = found(controlled.attempts[1]).commands;
  expect(first).toBe(found(controlled.attempts[0]).commands[0]);
  expect(second?.id).not.toBe(first?.id);
});

it('a read that must be retried waits and is executed again', async () => {
  controlled.read('a');
  await controlled.turn();
  const { promise, resolve } = found(controlled.reads[0]);
  const read: PendingRead = {
    doctorId: doctorId('a'),
    read: () => controlled.settled.push('again'),
    reject: () => undefined,
    deadlineMs: 0,
  };
  resolve([read]);
  await promise;
  await controlled.turn();
  expect(controlled.reads).toHaveLength(2);
  await controlled.endRead(1);
  expect(controlled.settled).toContain('again');
});

it('a doctor is settled as soon as the read of the doctor is answered', async () => {
  const read = controlled.dispatcher.read(doctorId('a'), () => 'read');
  await controlled.turn();
  expect(controlled.dispatcher.isSettled(doctorId('a'))).toBe(false);
  const settled = read.then(() => controlled.dispatcher.isSettled(doctorId('a')));
  await controlled.endRead(0);
  expect(await settled).toBe(true);
});

it('a doctor is settled as soon as the command of the doctor is answered', async () => {
  const decide = () => {
    throw new Error('the fake executor decides no command');
  };
  const answer = controlled.dispatcher.transact({ doctorIds: [doctorId('a')] }, decide);
  await controlled.turn();
  const settled = answer.then(() => controlled.dispatcher.isSettled(doctorId('a')));
  await controlled.commit(0);
  expect(await settled).toBe(true);
});

it('a fatal error rejects the commands of the transaction and makes the store fail', async () => {
  controlled.send('a');
  await controlled.turn();
  await controlled.throw(0, BROKEN);
  expect(controlled.settled).toEqual(['a: Error']);
  expect(controlled.failed).toEqual([BROKEN]);
});

it('an outcome that stays unknown when the store closes rejects the commands, and the store does not fail', async () => {
  controlled.send('a');
  await controlled.turn();
  await controlled.throw(0, new UnknownOutcomeError());
  expect(controlled.settled).toEqual(['a: UnknownOutcomeError']);
  expect(controlled.failed).toEqual([]);
});

it('when the store fails, all waiting commands and reads are rejected', async () => {
  controlled.send('a');
  await controlled.turn();
  controlled.send('a');
  controlled.read('a');
  await controlled.failStore();
  expect(controlled.settled).toEqual(
    [NotDurableError.name, NotDurableError.name].map(
      (name, place) => `${place === 0 ? 'a' : '?a'}: ${name}`,
    ),
  );
});

it('commands and reads that wait beyond their deadline are rejected, a command in flight is not', async () => {
  controlled.send('a');
  await controlled.turn();
  controlled.send('a');
  controlled.read('a');
  await controlled.turn();
  controlled.dispatcher.expireOverdue();
  await controlled.turn();
  expect(controlled.settled).toEqual([]);
  controlled.isOver = true;
  // The deadlines are checked here, because the doctors of a lost commit stay busy during its look-up.
  found(controlled.attempts[0]).listener.onLookUpRetry();
  await controlled.turn();
  expect(controlled.settled).toEqual(['a: NotDurableError', '?a: NotDurableError']);
  await controlled.commit(0);
  expect(controlled.settled.at(-1)).toBe('a: answer 0');
});

it('drain waits for the work in flight and for commands of this turn; then their doctors are settled', async () => {
  controlled.send('a');
  let isDrained = false;
  void controlled.dispatcher.drain().then(() => (isDrained = true));
  expect(controlled.dispatcher.isSettled(doctorId('a'))).toBe(false);
  await controlled.turn();
  expect([isDrained, controlled.dispatcher.isSettled(doctorId('a'))]).toEqual([false, false]);
  await controlled.commit(0);
  await controlled.turn();
  expect([isDrained, controlled.dispatcher.isSettled(doctorId('a'))]).toEqual([true, true]);
});
