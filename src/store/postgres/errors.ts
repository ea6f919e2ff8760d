import { StoreOpenError } from '../store.ts';
import { serversOf } from './servers.ts';

/**
 * What an error means for the transaction in which it occurred.
 *
 * `connectionLost`: the connection is gone. If a commit was sent, its outcome is unknown.
 * `retryable`: the transaction changed nothing, and a retry may succeed.
 * `fatal`: a retry cannot help. The store fails and the process stops.
 */
export type Failure = 'connectionLost' | 'retryable' | 'fatal';

/** The connection of a session is lost. The session sends no other statement. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code = 'OPD_CONNECTION_LOST';

  constructor(message = 'the connection is lost') {
    super(message);
  }
}

/** A doctor in the engine was evicted, or became older than the database, while it was read: it must be read again. */
export class StaleDoctorError extends Error {
  override readonly name = 'StaleDoctorError';
  readonly code = 'OPD_STALE_DOCTOR';
}

/** A command threw an error while it decided. That is a bug, so nothing in memory can be trusted any more. */
export class DecideError extends Error {
  override readonly name = 'DecideError';
  readonly code = 'OPD_DECIDE';
  override readonly cause: Error;

  constructor(cause: Error) {
    super('A command could not decide.');
    this.cause = cause;
  }
}

/** Whole classes of SQLSTATE: 08 connection exceptions, 53 insufficient resources. */
const CONNECTION_LOST_CLASSES = new Set(['08']);
const RETRYABLE_CLASSES = new Set(['53']);

const CONNECTION_LOST_CODES = new Set([
  // The driver's own codes.
  ...['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'CONNECTION_ENDED', 'CONNECT_TIMEOUT'],
  // The server ends the session (shutdown, crash, start-up, idle too long in a transaction) or accepts no more sessions.
  ...['57P01', '57P02', '57P03', '57P05', '25P03', '53300', '55000'],
  // The server rejects the login. A process that has logged in before waits until an administrator has corrected that.
  ...['28000', '28P01', '3D000'],
  // A database of several nodes does not know itself whether it has committed.
  '40003',
]);

const RETRYABLE_CODES = new Set([
  // Serialisation failure, deadlock, lock timeout, statement timeout or cancel.
  ...['40001', '40P01', '55P03', '57014'],
  // A server that has become a standby accepts no writes; the next connection finds the new primary.
  '25006',
  // Another transaction has inserted the same key first; the retry sees its row.
  '23505',
  // Another version of the program has altered a table; a new session makes a new plan.
  '0A000',
]);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Whether the operating system reports the error. Such an error always concerns the connection. */
const isSystemError = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number';

/** Our own error classes are recognised first; the codes are those of the server, the driver and the system. */
export function classifyFailure(error: unknown): Failure {
  if (error instanceof ConnectionLostError) return 'connectionLost';
  if (error instanceof StaleDoctorError) return 'retryable';
  if (error instanceof DecideError || error instanceof StoreOpenError) return 'fatal';
  const code = codeOf(error);
  const sqlClass = code.length === 5 ? code.slice(0, 2) : '';
  const isLost = CONNECTION_LOST_CODES.has(code) || CONNECTION_LOST_CLASSES.has(sqlClass);
  if (isLost || isSystemError(error)) return 'connectionLost';
  return RETRYABLE_CODES.has(code) || RETRYABLE_CLASSES.has(sqlClass) ? 'retryable' : 'fatal';
}

/** Whether the server can store nothing now: it has no disk space or memory, or it accepts no writes. */
export const isServerUnwritable = (error: unknown): error is Error =>
  RETRYABLE_CLASSES.has(codeOf(error).slice(0, 2)) || codeOf(error) === '25006';

/** Whether the server rejected a row because another command has stored its response under the same idempotency key. */
export const isKeyTaken = (error: unknown): boolean =>
  codeOf(error) === '23505' &&
  (error as { constraint_name?: string }).constraint_name === 'idempotency_keys_pkey';

/** The name of a database for logs and messages. It never contains a password. */
export function nameOf(url: string): string {
  const urls = serversOf(url).map((each) => URL.parse(each));
  const [first] = urls;
  if (!first || urls.includes(null)) return 'the database in DATABASE_URL';
  const hosts = urls.map((each) => each?.host).join(',');
  return `${first.protocol}//${hosts}${first.pathname}`;
}

/** An error whose message is one sentence for the person who started the process. */
export function openError(url: string, error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  return new StoreOpenError(`The database ${nameOf(url)} cannot be opened: ${reason}.`);
}
