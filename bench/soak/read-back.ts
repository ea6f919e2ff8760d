import { holdsSeat } from '../../src/engine/index.ts';
import type {
  FoundTokensView,
  HistoryView,
  SlotView,
  TokenView,
} from '../../src/http/resources/index.ts';
import { bodyOf } from '../lib/client.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import type { Hospital } from './hospital.ts';
import type { Keyed, Traffic } from './traffic.ts';

const CONCURRENCY = 16;
const PAGE = 200;

/** How much the service has shown again at the end. */
export interface ReadBack {
  readonly tokens: number;
  readonly slots: number;
  readonly shown: number;
  readonly replays: number;
}

/**
 * Reads everything back after the end: every token that any answer has shown, with its history, every slot, and the
 * answers to commands with a key.
 */
export async function readBack(hospital: Hospital, traffic: Traffic): Promise<ReadBack> {
  const { ledger } = traffic.deps;
  const tokens = await allTokens(hospital, traffic);
  const byId = new Map(tokens.map((token) => [token.id, token]));
  checkBookings(tokens, hospital, traffic);
  const ids = new Set([...ledger.tokenIds, ...byId.keys()]);
  await forEachConcurrently([...ids], CONCURRENCY, (id) => checkToken(id, byId.get(id), traffic));
  const bySlot = Map.groupBy(tokens, ({ slot_id }) => slot_id);
  await forEachConcurrently([...bySlot], CONCURRENCY, ([id, inSlot]) =>
    checkSlot(id, inSlot, traffic),
  );
  const { keyed } = traffic;
  await forEachConcurrently(keyed, CONCURRENCY, (each) => checkReplay(each, traffic));
  return { tokens: ids.size, slots: bySlot.size, shown: ledger.shown, replays: keyed.length };
}

/** Searches all tokens of all doctors, of every status. */
async function allTokens(
  { doctorIds }: Hospital,
  { deps: { client, violations } }: Traffic,
): Promise<TokenView[]> {
  const tokens: TokenView[] = [];
  for (const id of doctorIds)
    for (let cursor: string | null = ''; cursor !== null;) {
      const path = `/tokens?doctor_id=${id}&limit=${PAGE}${cursor && `&cursor=${cursor}`}`;
      const answer = await client.get(path);
      violations.same(`GET ${path}: status`, answer.status, 200);
      if (answer.status !== 200) break;
      const page = answer.body as FoundTokensView;
      tokens.push(...page.tokens);
      cursor = page.next_cursor;
    }
  return tokens;
}

/** Every acknowledged booking has exactly one token, every other one that was sent at most one. */
function checkBookings(
  tokens: readonly TokenView[],
  hospital: Hospital,
  { deps: { ledger, violations } }: Traffic,
): void {
  const names = new Map<string, number>();
  for (const { patient_name: name, id } of tokens) {
    names.set(name, (names.get(name) ?? 0) + 1);
    violations.expect(ledger.wasSent(name), `token ${id} of "${name}" was booked by nobody`);
  }
  for (const [name, count] of names)
    violations.expect(count === 1, `"${name}" was booked once and has ${count} tokens`);
  for (const name of ledger.acknowledged)
    violations.expect(names.has(name), `the acknowledged booking of "${name}" is lost`);
  const numbers = tokens.map((token) =>
    [token.doctor_id, hospital.localDate(token.doctor_id, token.start_time), token.number].join(),
  );
  const printed = new Set(numbers);
  violations.same('R10: different numbers of a doctor and day', printed.size, numbers.length);
}

/** A token is as its last change record has left it, and the records explain all that was shown of it. */
async function checkToken(
  id: string,
  token: TokenView | undefined,
  { deps: { client, ledger, violations } }: Traffic,
): Promise<void> {
  const answer = await client.get(`/tokens/${id}/history`);
  if (token === undefined || answer.status !== 200) {
    violations.add(`token ${id} is lost: its history is answered with ${answer.status}`);
    return;
  }
  const { changes } = answer.body as HistoryView;
  const last = changes.at(-1);
  violations.same(
    `token ${id}`,
    `${token.status} in ${token.slot_id}`,
    `${last?.to ?? ''} in ${last?.slot_id ?? ''}`,
  );
  for (const fault of ledger.unexplained(id, changes))
    violations.add(`${fault}, but no change record at that time says so`);
}

/** A slot has exactly its live tokens, no more of them seated than it has seats, and no free seat beside a waiting token. */
async function checkSlot(
  id: string,
  inSlot: readonly TokenView[],
  { deps: { client, violations } }: Traffic,
): Promise<void> {
  const slot = bodyOf(await client.get(`/slots/${id}`), `GET /slots/${id}`) as SlotView;
  const seated = inSlot.filter(({ status }) => holdsSeat(status)).length;
  const waiting = inSlot.filter(({ status }) => status === 'WAITING').length;
  violations.same(`seated tokens of ${id}`, slot.tokens.length, seated);
  violations.same(`waiting tokens of ${id}`, slot.waitlist.length, waiting);
  violations.expect(
    seated <= slot.capacity,
    `R1: ${id} has ${slot.capacity} seats and ${seated} seated tokens`,
  );
  violations.expect(
    slot.status !== 'OPEN' || waiting === 0 || seated === slot.capacity,
    `R5: ${id} has a free seat beside ${waiting} waiting tokens`,
  );
}

/** A command that is sent again with its key gets its first answer again. */
async function checkReplay(keyed: Keyed, traffic: Traffic): Promise<void> {
  const { violations } = traffic.deps;
  const again = await traffic.replay(keyed);
  const { operation, key = '' } = keyed.call;
  const what = `R9: ${operation} repeated with the key "${key}"`;
  violations.same(`${what}: status`, again?.status, keyed.answer.status);
  violations.same(`${what}: replayed`, again?.headers['idempotency-replayed'], 'true');
  violations.same(`${what}: answer`, plain(again?.body), plain(keyed.answer.body));
}

/** An answer without the field that depends on the request. */
const plain = (body: unknown): string => JSON.stringify(body).replace(/"instance":"[^"]*"/, '');
