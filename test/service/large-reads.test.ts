import { describe, expect, it } from 'vitest';
import { inTurns, LargeReads, RequestEndedError, slicesOf } from '../../src/service/large-reads.ts';

/** As many as are made at once, and as many as wait. */
const ACTIVE = 4;
const WAITING = 50;

/** A request, and whether its read has begun. */
class Request {
  readonly #ended = new AbortController();
  hasBegun = false;
  error: unknown;

  begin(reads: LargeReads): this {
    reads.begin(this.#ended.signal).then(
      () => (this.hasBegun = true),
      (error: unknown) => (this.error = error),
    );
    return this;
  }

  end(): void {
    this.#ended.abort(new RequestEndedError('The request has ended.'));
  }
}

const begun = (requests: readonly Request[]): number =>
  requests.filter(({ hasBegun }) => hasBegun).length;

const requestsOf = (count: number, reads: LargeReads): Request[] =>
  Array.from({ length: count }, () => new Request().begin(reads));

const settled = () => new Promise(setImmediate);

describe('large reads', () => {
  it('are made a few at a time, in the order in which they came', async () => {
    const reads = new LargeReads();
    const requests = requestsOf(ACTIVE + 3, reads);
    await settled();
    expect(requests.map(({ hasBegun }) => hasBegun)).toEqual([
      ...Array<boolean>(ACTIVE).fill(true),
      ...[false, false, false],
    ]);
    requests[2]?.end();
    await settled();
    expect(requests[ACTIVE]?.hasBegun).toBe(true);
    expect(begun(requests)).toBe(ACTIVE + 1);
    // Those that wait get a place and end before they can use it.
    for (const request of requests) request.end();
    await settled();
    const later = requestsOf(ACTIVE + 1, reads);
    await settled();
    expect(begun(later)).toBe(ACTIVE);
  });

  it('of one request have one place together', async () => {
    const reads = new LargeReads();
    const request = new Request();
    for (let nth = 0; nth < 2 * ACTIVE; nth += 1) request.begin(reads);
    await settled();
    const others = requestsOf(ACTIVE, reads);
    await settled();
    expect(begun(others)).toBe(ACTIVE - 1);
    request.end();
    await settled();
    expect(begun(others)).toBe(ACTIVE);
  });

  it('are refused when too many wait, and taken again when fewer wait', async () => {
    const reads = new LargeReads();
    const requests = requestsOf(ACTIVE + WAITING, reads);
    const refused = new Request().begin(reads);
    await settled();
    expect(refused.error).toMatchObject({ code: 'OPD_OVERLOADED' });
    requests[0]?.end();
    await settled();
    expect(begun(requests)).toBe(ACTIVE + 1);
    const taken = new Request().begin(reads);
    await settled();
    expect(taken.error).toBeUndefined();
  });

  it('whose client goes while they wait are not made, and leave no place empty', async () => {
    const reads = new LargeReads();
    const requests = requestsOf(ACTIVE + 2, reads);
    requests[ACTIVE]?.end();
    await settled();
    expect(requests[ACTIVE]?.error).toBeInstanceOf(RequestEndedError);
    requests[0]?.end();
    await settled();
    expect(requests[ACTIVE]?.hasBegun).toBe(false);
    expect(requests[ACTIVE + 1]?.hasBegun).toBe(true);
  });

  it('whose client has gone before are not made', async () => {
    const reads = new LargeReads();
    const gone = new Request();
    gone.end();
    gone.begin(reads);
    const others = requestsOf(ACTIVE, reads);
    await settled();
    expect(gone.error).toBeInstanceOf(RequestEndedError);
    expect(begun(others)).toBe(ACTIVE);
  });
});

describe('the slices of a large read', () => {
  it('are handled in one turn of the event loop each', async () => {
    let turn = 0;
    let isOver = false;
    const count = (): void => {
      turn += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const turns: number[] = [];
    const items = Array.from({ length: 1_001 }, (_, nth) => nth);
    const seen: number[] = [];
    for await (const slice of inTurns(slicesOf(items), new AbortController().signal)) {
      turns.push(turn);
      seen.push(...slice);
      expect(slice.length).toBeLessThanOrEqual(250);
    }
    isOver = true;
    expect(seen).toEqual(items);
    expect(new Set(turns).size).toBe(turns.length);
  });

  it('are not made any more when the request has ended', async () => {
    const request = new AbortController();
    let made = 0;
    const slices = function* (): Generator<number> {
      for (;;) yield (made += 1);
    };
    const read = async (): Promise<void> => {
      for await (const slice of inTurns(slices(), request.signal))
        if (slice === 3) request.abort(new RequestEndedError('The request has ended.'));
    };
    await expect(read()).rejects.toBeInstanceOf(RequestEndedError);
    expect(made).toBe(4);
  });
});
