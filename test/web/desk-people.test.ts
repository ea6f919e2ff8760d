import { expect, it } from 'vitest';
import { latePeopleOf, peopleOf } from '../../src/web/desk/people.ts';
import { planOf } from '../../src/web/desk/plan.ts';
import type { SlotView, TokenView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { bookAll, NINE, postOk, TEN } from '../support/app/front-desk.ts';

const NOW = '2026-11-23T09:05:00Z';

/** The tokens of a slot by their ids, as the desk shows them. */
async function shown(
  opd: TestApp,
  id: string,
): Promise<{ slot: SlotView; tokens: Map<string, TokenView> }> {
  const { body: slot } = await opd.get<SlotView>(`/slots/${id}`);
  const all = [...slot.tokens, ...slot.waitlist];
  return { slot, tokens: new Map(all.map((token) => [token.id, token])) };
}

it('a patient who was here before losing the seat is told in the waiting room, others by phone', async () => {
  const opd = await openApp({ now: NOW });
  const ids = await bookAll(opd, 'W1+ P2+ O3');
  const { tokens } = await shown(opd, NINE);
  const first = await opd.book('E4');
  const second = await opd.book('E5');
  expect(peopleOf(first, tokens)).toEqual([
    { tokenId: ids['W1'], number: 1, news: { kind: 'bumped', position: 1 }, isHere: true },
  ]);
  expect(peopleOf(second, tokens)).toMatchObject([{ tokenId: ids['O3'], isHere: false }]);
  const cancelled = await postOk(opd, '/cancel', { token_id: first.id });
  expect(peopleOf(cancelled, tokens)).toMatchObject([
    { tokenId: ids['O3'], news: { kind: 'promoted' }, isHere: false },
  ]);
});

it('a late doctor concerns those who have a seat and were not seen', async () => {
  const opd = await openApp({ now: NOW });
  await bookAll(opd, 'O1! O2+ O3 W4');
  const { slot } = await shown(opd, NINE);
  expect(latePeopleOf([slot], 20).map(({ number, isHere }) => [number, isHere])).toEqual([
    [2, true],
    [3, false],
  ]);
});

it('a plan lists the patients whose place changes, and those of other slots who lose a seat', async () => {
  const opd = await openApp({ now: NOW });
  await bookAll(opd, 'P1 O2');
  await bookAll(opd, 'W3 W4 W5', TEN);
  const before = await shown(opd, NINE);
  const closed = await postOk<SlotView>(opd, `/slots/${NINE}/close?dry_run=true`, {
    reason: 'ill',
    move_to: TEN,
  });
  const { slots, tokens } = planOf([before.slot], [closed]);
  expect(slots.map((each) => [each.before?.status, each.after.status])).toEqual([
    ['OPEN', 'CLOSED'],
  ]);
  expect(
    tokens.map(({ number, after, bumpedTo }) => [number, after?.status ?? null, bumpedTo]),
  ).toEqual([
    [1, 'BOOKED', null],
    [2, 'BOOKED', null],
    [5, null, expect.any(Number)],
    [4, null, expect.any(Number)],
  ]);
});
