import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PENDING_MAX, TransientWriteError } from '../../src/store/group-commit.ts';
import { NotDurableError, OverloadedError } from '../../src/store/index.ts';
import { doctorFacts, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { Disk, heard, named, standing } from '../support/store/disk.ts';

const FULL = new TransientWriteError('the disk is full');
const BROKEN = new Error('the disk is broken');

let disk: Disk;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  disk = new Disk();
});

afterEach(() => {
  expect(disk.together).toBe(0);
  vi.useRealTimers();
});

/** The pause between two tries is over. */
async function retry(): Promise<void> {
  await vi.advanceTimersToNextTimerAsync();
  await turn();
}

const throwing = (error: Error) => () => {
  throw error;
};

describe('a batch', () => {
  it('holds the commands of one turn of the event loop', async () => {
    const answers = [disk.send('a'), disk.send('b', SEN)];
    expect(disk.calls).toEqual([]);
    await turn();
    expect(disk.calls).toEqual([['a', 'b']]);
    expect(await standing(answers)).toEqual(['pending', 'pending']);
    await disk.succeed();
    expect(await standing(answers)).toEqual(['a', 'b']);
  });

  it('gathers while another is written, and is written right after it', async () => {
    const first = disk.send('a');
    await turn();
    const second = [disk.send('b'), disk.send('c')];
    await turn();
    expect(disk.calls).toEqual([['a']]);
    await disk.succeed();
    expect(disk.calls).toEqual([['a'], ['b', 'c']]);
    expect(await standing([first, ...second])).toEqual(['a', 'pending', 'pending']);
    await disk.succeed();
    expect(await standing(second)).toEqual(['b', 'c']);
  });

  it('is not made for commands that have nothing to keep', async () => {
    const answer = disk.commits.transact([RAO], () => ({ ...named('a'), response: null }));
    expect(await answer).toBe('a');
    expect(disk.calls).toEqual([]);
  });

  it('takes a limited number of commands, and refuses more without deciding them', async () => {
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
    expect(await standing([found(answers.at(-1)), more])).toEqual([
      String(PENDING_MAX - 1),
      'more',
    ]);
  });
});

describe('settled', () => {
  it('waits for the batch that is written and for the one that gathers', async () => {
    void disk.send('a', RAO);
    await turn();
    void disk.send('b', SEN);
    const waits = [disk.read(RAO), disk.read(SEN), disk.read()];
    await disk.succeed();
    expect(await standing(waits)).toEqual([undefined, 'pending', 'pending']);
    expect(disk.commits.settled(RAO)).toBeUndefined();
    await disk.succeed();
    expect(await standing(waits)).toEqual([undefined, undefined, undefined]);
  });

  it('waits for the later of two batches of one doctor', async () => {
    void disk.send('a');
    await turn();
    void disk.send('b');
    const wait = disk.read(RAO);
    await disk.succeed();
    expect(await standing([wait])).toEqual(['pending']);
    await disk.succeed();
    expect(await standing([wait])).toEqual([undefined]);
  });

  it('holds back a command that has nothing to keep', async () => {
    void disk.send('a');
    const refused = disk.commits.transact([RAO], () => ({ ...named('b'), response: null }));
    await turn();
    expect(await standing([refused])).toEqual(['pending']);
    await disk.succeed();
    expect(await standing([refused])).toEqual(['b']);
  });
});

describe('while a batch does not fit', () => {
  let inFlight: Promise<string>[];
  let readers: Promise<void>[];

  beforeEach(async () => {
    inFlight = [disk.send('a', RAO)];
    await turn();
    inFlight.push(disk.send('b', SEN));
    readers = [disk.read(RAO), disk.read(SEN)];
    await disk.fail(FULL);
  });

  it('it is stalled, and says so at once to those who wait to read', async () => {
    expect(disk.commits.state).toBe('stalled');
    expect(await standing(readers)).toEqual(['NotDurableError', 'NotDurableError']);
    await expect(disk.read(RAO)).rejects.toThrow(NotDurableError);
    await expect(disk.read(SEN)).rejects.toThrow(NotDurableError);
    await expect(disk.read()).rejects.toThrow(NotDurableError);
  });

  it('what is durable can still be read', () => {
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
    expect(await standing(inFlight)).toEqual(['pending', 'pending']);
    expect(disk.commits.state).toBe('stalled');
    await disk.succeed();
    expect(disk.commits.state).toBe('ready');
    expect(await standing(inFlight)).toEqual(['a', 'pending']);
    await disk.succeed();
    expect(await standing(inFlight)).toEqual(['a', 'b']);
    expect(disk.calls).toEqual([['a'], ['a'], ['a'], ['b']]);
  });

  it('recovery is complete: commands and readers are as before', async () => {
    await retry();
    await disk.succeed();
    await disk.succeed();
    expect(disk.commits.settled()).toBeUndefined();
    const answer = disk.send('c');
    const reader = disk.read(RAO);
    await turn();
    await disk.succeed();
    expect(await standing([answer, reader])).toEqual(['c', undefined]);
  });

  it('an error of another kind ends it', async () => {
    await retry();
    await disk.fail(BROKEN);
    expect(await standing(inFlight)).toEqual(['Error', 'Error']);
    expect(disk.commits.state).toBe('failed');
  });
});

describe('after a final error', () => {
  it('everything in flight is rejected with it, and failure tells it', async () => {
    const inFlight = [disk.send('a')];
    await turn();
    inFlight.push(disk.send('b'));
    const readers = [disk.read(RAO)];
    await disk.fail(BROKEN);
    expect(await standing([...inFlight, ...readers])).toEqual(['Error', 'Error', 'Error']);
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(disk.commits.state).toBe('failed');
  });

  it('nothing is decided, read or written any more', async () => {
    const answer = disk.send('a');
    await turn();
    await disk.fail('a string');
    expect(await standing([answer])).toEqual(['Error']);
    expect((await disk.commits.failure).message).toBe('a string');
    await expect(disk.send('b')).rejects.toThrow(NotDurableError);
    await expect(disk.read(SEN)).rejects.toThrow(NotDurableError);
    expect(vi.getTimerCount()).toBe(0);
    expect(disk.calls).toEqual([['a']]);
  });
});

describe('a decide that throws', () => {
  it('keeps what was decided before it off the disk', async () => {
    const before = disk.send('a');
    const bug = heard(disk.commits.transact([RAO], throwing(BROKEN)));
    expect(await standing([before, bug])).toEqual(['Error', 'Error']);
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(disk.calls).toEqual([]);
  });

  it('is one that changes a doctor whom its command does not name', async () => {
    const at = NOW;
    const doctor = doctorFacts({ id: SEN });
    const change = { kind: 'doctor_set', doctorId: SEN, version: 1, at, doctor } as const;
    const stray = heard(disk.commits.transact([RAO], () => ({ ...named('a'), changes: [change] })));
    await expect(stray).rejects.toThrow('a command changes only the doctors it names');
    expect(disk.commits.state).toBe('failed');
  });

  it.each<[string, (writing: Disk) => Promise<void>]>([
    ['succeeds', (writing) => writing.succeed()],
    ['does not fit', (writing) => writing.fail(FULL)],
    ['fails', (writing) => writing.fail(new Error('another'))],
  ])('stays the end when the write of that moment %s', async (_outcome, end) => {
    const inFlight = [disk.send('a')];
    await turn();
    inFlight.push(disk.send('b'));
    await expect(disk.commits.transact([RAO], throwing(BROKEN))).rejects.toBe(BROKEN);
    await end(disk);
    expect(disk.commits.state).toBe('failed');
    expect(await disk.commits.failure).toBe(BROKEN);
    expect(await standing(inFlight)).toEqual(['Error', 'Error']);
    expect(vi.getTimerCount()).toBe(0);
    expect(disk.calls).toEqual([['a']]);
  });
});

describe('drain', () => {
  it('is over at once when nothing is in flight', async () => {
    await disk.commits.drain();
    expect(disk.calls).toEqual([]);
  });

  it('waits for the batch that is written and the one that gathers', async () => {
    const answers = [disk.send('a')];
    await turn();
    answers.push(disk.send('b'));
    const drained = disk.commits.drain();
    await disk.succeed();
    expect(await standing([drained])).toEqual(['pending']);
    await disk.succeed();
    expect(await standing([drained, ...answers])).toEqual([undefined, 'a', 'b']);
  });

  it('waits for commands of this very turn', async () => {
    const answer = disk.send('a');
    const drained = disk.commits.drain();
    await turn();
    await disk.succeed();
    expect(await standing([drained, answer])).toEqual([undefined, 'a']);
  });

  it('is over when a write fails for good', async () => {
    const answer = disk.send('a');
    await turn();
    const drained = disk.commits.drain();
    await disk.fail(BROKEN);
    expect(await standing([drained, answer])).toEqual([undefined, 'Error']);
    await disk.commits.drain();
  });

  it.each([true, false])('tries a stalled batch once more: fits %s', async (fits) => {
    const answer = disk.send('a');
    await turn();
    await disk.fail(FULL);
    const drained = disk.commits.drain();
    expect(disk.calls).toEqual([['a'], ['a']]);
    await (fits ? disk.succeed() : disk.fail(FULL));
    expect(await standing([drained, answer])).toEqual([undefined, fits ? 'a' : 'NotDurableError']);
    expect(disk.commits.state).toBe(fits ? 'ready' : 'failed');
    expect(vi.getTimerCount()).toBe(0);
    expect(disk.calls).toHaveLength(2);
  });

  it('does not write a stalled batch twice when it is being tried already', async () => {
    const answers = [disk.send('a')];
    await turn();
    answers.push(disk.send('b'));
    await disk.fail(FULL);
    await retry();
    const drained = disk.commits.drain();
    await turn();
    expect(disk.calls).toEqual([['a'], ['a']]);
    await disk.succeed();
    await disk.succeed();
    expect(await standing([drained, ...answers])).toEqual([undefined, 'a', 'b']);
    expect(disk.calls).toEqual([['a'], ['a'], ['b']]);
  });
});
