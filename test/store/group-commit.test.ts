import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PENDING_MAX, TransientWriteError } from '../../src/store/group-commit.ts';
import { NotDurableError, OverloadedError } from '../../src/store/index.ts';
import { doctorFacts, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { Disk, handled, named, statesOf, throwing } from '../support/store/disk.ts';

const FULL = new TransientWriteError('the disk is full');
const BROKEN = new Error('the disk is broken');

let disk: Disk;

beforeEach(() => {
  disk = Disk.open();
});

/** Lets the pause between two attempts pass. */
async function retry(): Promise<void> {
  await vi.advanceTimersToNextTimerAsync();
  await turn();
}

describe('a batch', () => {
  it('holds the commands of one turn of the event loop', async () => {
    const answers = [disk.send('a'), disk.send('b', SEN)];
    expect(disk.calls).toEqual([]);
    await turn();
    expect(disk.calls).toEqual([['a', 'b']]);
    expect(await statesOf(answers)).toEqual(['pending', 'pending']);
    await disk.succeed();
    expect(await statesOf(answers)).toEqual(['a', 'b']);
  });

  it('collects commands while another batch is written, and is written a turn after it', async () => {
    const first = disk.send('a');
    await turn();
    const second = [disk.send('b'), disk.send('c')];
    await turn();
    expect(disk.calls).toEqual([['a']]);
    await disk.succeed();
    expect(disk.calls).toEqual([['a'], ['b', 'c']]);
    expect(await statesOf([first, ...second])).toEqual(['a', 'pending', 'pending']);
    await disk.succeed();
    expect(await statesOf(second)).toEqual(['b', 'c']);
  });

  it('is not made for commands that have nothing to store', async () => {
    const answer = disk.commits.transact([RAO], () => ({ ...named('a'), response: null }));
    expect(await answer).toBe('a');
    expect(disk.calls).toEqual([]);
  });

  it('holds a limited number of commands, and further ones are refused without being decided', async () => {
    const answers = Array.from({ length: PENDING_MAX }, (_, index) => disk.send(String(index)));
    let runs = 0;
    const tooMany = () =>
      disk.commits.transact([RAO], () => {
        runs += 1;
        return named('more');
      });
    await expect(tooMany()).rejects.toThrow(OverloadedError);
    expect(runs).toBe(0);
    await turn();
    const more = tooMany();
    await disk.succeed();
    await disk.succeed();
    expect(await statesOf([found(answers.at(-1)), more])).toEqual([
      String(PENDING_MAX - 1),
      'more',
    ]);
  });
});

describe('settled', () => {
  it('waits for the batch in progress and for the next one', async () => {
    void disk.send('a', RAO);
    await turn();
    void disk.send('b', SEN);
    await turn();
    const waits = [disk.read(RAO), disk.read(SEN)];
    await disk.succeed();
    expect(await statesOf(waits)).toEqual([undefined, 'pending']);
    expect(disk.commits.settled(RAO)).toBeUndefined();
    await disk.succeed();
    expect(await statesOf(waits)).toEqual([undefined, undefined]);
  });

  it('for the facts of a doctor, or of all, waits only for a change of such facts', async () => {
    void disk.send('a', RAO);
    await turn();
    expect(disk.commits.factsSettled()).toBeUndefined();
    const doctor = doctorFacts({ id: SEN });
    const change = { kind: 'doctor_set', doctorId: SEN, version: 1, at: NOW, doctor } as const;
    void disk.commits.transact([SEN], () => ({ ...named('b'), changes: [change] }));
    await turn();
    expect(disk.commits.factsSettled(RAO)).toBeUndefined();
    const waits = [undefined, SEN].map((id) => handled(found(disk.commits.factsSettled(id))));
    await disk.succeed();
    expect(await statesOf(waits)).toEqual(['pending', 'pending']);
    await disk.succeed();
    expect(await statesOf(waits)).toEqual([undefined, undefined]);
  });

  it('waits for the later of two batches of one doctor', async () => {
    void disk.send('a');
    await turn();
    void disk.send('b');
    await turn();
    const wait = disk.read(RAO);
    await disk.succeed();
    expect(await statesOf([wait])).toEqual(['pending']);
    await disk.succeed();
    expect(await statesOf([wait])).toEqual([undefined]);
  });

  it('delays the answer of a command that has nothing to store', async () => {
    void disk.send('a');
    const refused = disk.commits.transact([RAO], () => ({ ...named('b'), response: null }));
    await turn();
    expect(await statesOf([refused])).toEqual(['pending']);
    await disk.succeed();
    expect(await statesOf([refused])).toEqual(['b']);
  });
});

describe('while a batch does not fit', () => {
  let inFlight: Promise<string>[];
  let readers: Promise<void>[];

  beforeEach(async () => {
    inFlight = [disk.send('a', RAO)];
    await turn();
    inFlight.push(disk.send('b', SEN));
    await turn();
    readers = [disk.read(RAO), disk.read(SEN)];
    await disk.fail(FULL);
  });

  it('the state is stalled, and waiting reads are rejected at once', async () => {
    expect(disk.commits.state).toBe('stalled');
    expect(await statesOf(readers)).toEqual(['NotDurableError', 'NotDurableError']);
    await expect(disk.read(RAO)).rejects.toThrow(NotDurableError);
    await expect(disk.read(SEN)).rejects.toThrow(NotDurableError);
  });

  it('a doctor without pending changes can still be read', () => {
    expect(disk.commits.settled('nobody' as typeof RAO)).toBeUndefined();
  });

  it('new commands are refused without being decided', async () => {
    let runs = 0;
    const refused = disk.commits.transact([RAO], () => named(String((runs += 1))));
    await expect(refused).rejects.toThrow(NotDurableError);
    expect(runs).toBe(0);
  });

  it('commands in flight stay unanswered until the same batch fits', async () => {
    await retry();
    expect(disk.calls).toEqual([['a'], ['a']]);
    await disk.fail(FULL);
    await retry();
    expect(await statesOf(inFlight)).toEqual(['pending', 'pending']);
    expect(disk.commits.state).toBe('stalled');
    await disk.succeed();
    expect(disk.commits.state).toBe('ready');
    expect(await statesOf(inFlight)).toEqual(['a', 'pending']);
    await disk.succeed();
    expect(await statesOf(inFlight)).toEqual(['a', 'b']);
    expect(disk.calls).toEqual([['a'], ['a'], ['a'], ['b']]);
  });

  it('commands and reads succeed again after the recovery', async () => {
    await retry();
    await disk.succeed();
    await disk.succeed();
    expect(disk.commits.settled(RAO)).toBeUndefined();
    const answer = disk.send('c');
    await turn();
    const reader = disk.read(RAO);
    await disk.succeed();
    expect(await statesOf([answer, reader])).toEqual(['c', undefined]);
  });

  it('an error of another kind is final', async () => {
    await retry();
    await disk.fail(BROKEN);
    expect(await statesOf(inFlight)).toEqual(['Error', 'Error']);
    expect(disk.commits.state).toBe('failed');
  });
});

describe('after a final error', () => {
  it('everything in flight is rejected with the error, and failure resolves with it', async () => {
    const inFlight = [disk.send('a')];
    await turn();
    inFlight.push(disk.send('b'));
    await turn();
    const readers = [disk.read(RAO)];
    await disk.fail(BROKEN);
    expect(await statesOf([...inFlight, ...readers])).toEqual(['Error', 'Error', 'Error']);
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(disk.commits.state).toBe('failed');
  });

  it('nothing more is decided, read or written', async () => {
    const answer = disk.send('a');
    await turn();
    await disk.fail('a string');
    expect(await statesOf([answer])).toEqual(['Error']);
    expect((await disk.commits.failure).message).toBe('a string');
    await expect(disk.send('b')).rejects.toThrow(NotDurableError);
    await expect(disk.read(SEN)).rejects.toThrow(NotDurableError);
    expect(vi.getTimerCount()).toBe(0);
    expect(disk.calls).toEqual([['a']]);
  });
});

describe('a decide that throws', () => {
  it('prevents the write of commands that were decided before it', async () => {
    const before = disk.send('a');
    const bug = handled(disk.commits.transact([RAO], throwing(BROKEN)));
    expect(await statesOf([before, bug])).toEqual(['Error', 'Error']);
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(disk.calls).toEqual([]);
  });

  it('is the same failure as a change of a doctor that the command does not name', async () => {
    const at = NOW;
    const doctor = doctorFacts({ id: SEN });
    const change = { kind: 'doctor_set', doctorId: SEN, version: 1, at, doctor } as const;
    const stray = handled(
      disk.commits.transact([RAO], () => ({ ...named('a'), changes: [change] })),
    );
    await expect(stray).rejects.toThrow('a command changes only the doctors it names');
    expect(disk.commits.state).toBe('failed');
  });

  it.each<[string, (writing: Disk) => Promise<void>]>([
    ['succeeds', (writing) => writing.succeed()],
    ['does not fit', (writing) => writing.fail(FULL)],
    ['fails', (writing) => writing.fail(new Error('another'))],
  ])('is final also when the write in progress %s', async (_outcome, end) => {
    const inFlight = [disk.send('a')];
    await turn();
    inFlight.push(disk.send('b'));
    await expect(disk.commits.transact([RAO], throwing(BROKEN))).rejects.toBe(BROKEN);
    await end(disk);
    expect(disk.commits.state).toBe('failed');
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(await statesOf(inFlight)).toEqual(['Error', 'Error']);
    expect(vi.getTimerCount()).toBe(0);
    expect(disk.calls).toEqual([['a']]);
  });
});

describe('drain', () => {
  it('resolves at once when nothing is in flight', async () => {
    await disk.commits.drain();
    expect(disk.calls).toEqual([]);
  });

  it('resolves after the batch in progress and the next one', async () => {
    const answers = [disk.send('a')];
    await turn();
    answers.push(disk.send('b'));
    const drained = disk.commits.drain();
    await disk.succeed();
    expect(await statesOf([drained])).toEqual(['pending']);
    await disk.succeed();
    expect(await statesOf([drained, ...answers])).toEqual([undefined, 'a', 'b']);
  });

  it('waits for commands of the same turn', async () => {
    const answer = disk.send('a');
    const drained = disk.commits.drain();
    await turn();
    await disk.succeed();
    expect(await statesOf([drained, answer])).toEqual([undefined, 'a']);
  });

  it('resolves when a write fails finally', async () => {
    const answer = disk.send('a');
    await turn();
    const drained = disk.commits.drain();
    await disk.fail(BROKEN);
    expect(await statesOf([drained, answer])).toEqual([undefined, 'Error']);
    await disk.commits.drain();
  });

  const retriesOnce = (stalls: 'before' | 'meanwhile') => async (fits: boolean) => {
    const answer = disk.send('a');
    await turn();
    if (stalls === 'before') await disk.fail(FULL);
    const drained = disk.commits.drain();
    if (stalls === 'meanwhile') await disk.fail(FULL);
    expect(disk.calls).toEqual([['a'], ['a']]);
    await (fits ? disk.succeed() : disk.fail(FULL));
    expect(await statesOf([drained, answer])).toEqual([undefined, fits ? 'a' : 'NotDurableError']);
    const { state } = disk.commits;
    expect([state, vi.getTimerCount(), disk.calls.length]).toEqual([
      fits ? 'ready' : 'failed',
      0,
      2,
    ]);
  };
  it.each([true, false])('retries a stalled batch once: fits %s', retriesOnce('before'));
  it.each([true, false])('retries a batch once that stalls: fits %s', retriesOnce('meanwhile'));

  it('does not write a stalled batch twice when a retry is in progress', async () => {
    const answers = [disk.send('a')];
    await turn();
    answers.push(disk.send('b'));
    await turn();
    await disk.fail(FULL);
    await retry();
    const drained = disk.commits.drain();
    await turn();
    expect(disk.calls).toEqual([['a'], ['a']]);
    await disk.succeed();
    await disk.succeed();
    expect(await statesOf([drained, ...answers])).toEqual([undefined, 'a', 'b']);
    expect(disk.calls).toEqual([['a'], ['a'], ['b']]);
  });
});
