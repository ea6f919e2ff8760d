import { expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import { doctorsOf, Queue, type Command } from '../../src/store/postgres/queue.ts';

/** Makes a command from its name: `1a` is of doctor a, `2ab` of both, `3!a` a setup command, `4?a` an isolated one. */
const command = (name: string): Command => {
  const doctors = name.replace(/[^a-z]/g, '');
  return {
    id: name,
    scope: { doctorIds: Array.from(doctors, doctorId), isSetup: name.includes('!') },
    decide: () => {
      throw new Error('a queue decides no command');
    },
    resolve: () => undefined,
    reject: () => undefined,
    deadlineMs: 0,
    isIsolated: name.includes('?'),
  };
};

const commands = (names: string): Command[] =>
  names.split(' ').flatMap((name) => (name === '' ? [] : command(name)));

const namesOf = (taken: readonly Command[]): string => taken.map(({ id }) => id).join(' ');

const filled = (names: string): Queue => {
  const queue = new Queue();
  for (const each of commands(names)) queue.add(each);
  return queue;
};

/** Takes all transactions that can start now. */
const takeAll = (queue: Queue): Command[][] => {
  const taken = queue.take();
  return taken.length === 0 ? [] : [taken, ...takeAll(queue)];
};

it.each([
  // waiting commands, the transactions that start now, and those that start when these have ended
  ['', [], []],
  ['1a 2b 3a', ['1a 2b 3a'], []],
  ['1ab 2b 3c', ['1ab 2b 3c'], []],
  // A setup command runs alone, and no later command overtakes it.
  ['1!a', ['1!a'], []],
  ['1!a 2b', ['1!a'], ['2b']],
  ['1a 2!b 3c', ['1a'], ['2!b']],
  ['1!a 2!b', ['1!a'], ['2!b']],
  // An isolated command shares a transaction only with commands of its own doctor.
  ['1?a 2?a 3?b', ['1?a 2?a', '3?b'], []],
  ['1?a 2b 3c', ['1?a', '2b 3c'], []],
  ['1a 2?b 3a', ['1a 3a', '2?b'], []],
  ['1?a 2a 3b', ['1?a 2a', '3b'], []],
  // An isolated command of two doctors runs alone, and later commands of either doctor wait for it.
  ['1?ab 2a 3b 4c', ['1?ab', '4c'], ['2a 3b']],
  ['1?a 2ab 3b 4c', ['1?a', '4c'], ['2ab 3b']],
  ['1a 2?ab 3b', ['1a'], ['2?ab']],
])('of the commands "%s", the transactions %j start now, and then %j', (waiting, first, then) => {
  const queue = filled(waiting);
  const taken = takeAll(queue);
  expect(taken.map(namesOf)).toEqual(first);
  for (const each of taken) queue.finish(each);
  expect(takeAll(queue).map(namesOf)).toEqual(then);
});

it('commands of a busy doctor wait, and no later command overtakes them', () => {
  const queue = filled('1a');
  const first = queue.take();
  for (const each of commands('2ab 3b 4c 5bd 6d')) queue.add(each);
  expect(namesOf(queue.take())).toBe('4c');
  expect(queue.take()).toEqual([]);
  queue.finish(first);
  expect(namesOf(queue.take())).toBe('2ab 3b 5bd 6d');
});

it('requeued commands come before all later ones', () => {
  const queue = filled('1a 2b 3a');
  const taken = queue.take();
  queue.add(command('4a'));
  queue.finish(taken);
  queue.requeue(taken);
  expect(namesOf(queue.take())).toBe('1a 2b 3a 4a');
});

it('a read makes commands of its doctor wait, and no read starts while its doctor is busy or a setup command is next', () => {
  const queue = new Queue();
  const [a, b] = [doctorId('a'), doctorId('b')];
  const busy = (): boolean[] => [queue.isBusy(a), queue.isBusy(b)];
  expect(busy()).toEqual([false, false]);
  queue.occupy([a]);
  queue.add(command('1a'));
  expect(busy()).toEqual([true, false]);
  expect(queue.take()).toEqual([]);
  expect([queue.hasWaiting(a), queue.hasWaiting(b)]).toEqual([true, false]);
  queue.release([a]);
  const taken = queue.take();
  expect(namesOf(taken)).toBe('1a');
  expect(busy()).toEqual([true, false]);
  // A setup command waits for doctor a, and all other commands and reads wait for it.
  queue.add(command('2!b'));
  expect(busy()).toEqual([true, true]);
  expect(queue.take()).toEqual([]);
  queue.finish(taken);
  const setup = queue.take();
  expect(namesOf(setup)).toBe('2!b');
  expect(busy()).toEqual([true, true]);
  queue.finish(setup);
  expect(busy()).toEqual([false, false]);
});

it('a transaction has 256 commands at most, in their order', () => {
  const queue = filled(Array.from({ length: 600 }, (_, count) => `${count}a`).join(' '));
  expect(queue.size).toBe(600);
  const sizes = [0, 1, 2].map(() => {
    const taken = queue.take();
    queue.finish(taken);
    return [taken[0]?.id, taken.length];
  });
  expect(sizes).toEqual([
    ['0a', 256],
    ['256a', 256],
    ['512a', 88],
  ]);
});

it('removeIf removes the waiting commands that match, and none of those in flight', () => {
  const queue = filled('1a 2b');
  const taken = queue.take();
  for (const each of commands('3a 4c 5?d')) queue.add(each);
  expect(namesOf(queue.removeIf(({ isIsolated }) => isIsolated))).toBe('5?d');
  expect(namesOf(queue.removeIf(() => true))).toBe('3a 4c');
  expect([queue.size, queue.isBusy(doctorId('a'))]).toEqual([0, true]);
  expect([...doctorsOf(taken)]).toEqual(['a', 'b']);
});
