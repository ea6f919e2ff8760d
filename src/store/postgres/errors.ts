import { StoreOpenError } from '../store.ts';

/**
 * What an error means for the transaction in which it came. `lost`: the connection is gone, and whether a commit that was
 * sent came about is unknown. `again`: nothing was changed, and another try may do. `final`: nothing else would help.
 */
export type Failure = 'lost' | 'again' | 'final';

/** Whole classes of SQLSTATE: connection exceptions; insufficient resources. */
const LOST_CLASSES = new Set(['08']);
const AGAIN_CLASSES = new Set(['53']);

const LOST_CODES = new Set([
  // The driver's own.
  ...['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'CONNECTION_ENDED', 'CONNECT_TIMEOUT'],
  // The server ends the session: shutdown, crash, start-up, idle too long in a transaction; or takes no more of them.
  ...['57P01', '57P02', '57P03', '57P05', '25P03', '53300', '55000'],
  // It lets nobody in: who has been in before waits until that is mended.
  ...['28000', '28P01', '3D000'],
  // A database of several nodes does not know itself whether it has committed.
  '40003',
]);

const AGAIN_CODES = new Set([
  // Serialisation failure, deadlock, lock timeout, statement timeout or cancel.
  ...['40001', '40P01', '55P03', '57014'],
  // A server that has become a standby takes no writes; the next connection finds the new one.
  '25006',
  // What another transaction has put there first: the next try sees it.
  '23505',
  // Another version of the program has altered a table: a new session plans anew.
  '0A000',
]);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Whether the operating system says so: it is about the connection. */
const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number';

export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  const category = code.length === 5 ? code.slice(0, 2) : '';
  if (LOST_CODES.has(code) || LOST_CLASSES.has(category) || isOfSystem(error)) return 'lost';
  return AGAIN_CODES.has(code) || AGAIN_CLASSES.has(category) ? 'again' : 'final';
}

/** Whether another command's answer is kept under the key of one of these. */
export const isKeyTaken = (error: unknown): boolean =>
  codeOf(error) === '23505' &&
  (error as { constraint_name?: string }).constraint_name === 'idempotency_keys_pkey';

/** What a database is called where people and logs read it: never with a password. */
export function nameOf(url: string): string {
  if (!URL.canParse(url)) return 'the database in DATABASE_URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** One sentence for the person who started the process. */
export function openError(url: string, error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  return new StoreOpenError(`The database ${nameOf(url)} cannot be opened: ${reason}.`);
}
