import { describe, expect, it } from 'vitest';
import {
  classifyFailure,
  ConnectionLostError,
  DecideError,
  isKeyTaken,
  nameOf,
  openError,
  StaleDoctorError,
  type Failure,
} from '../../src/store/postgres/errors.ts';
import { StoreOpenError, UnknownOutcomeError } from '../../src/store/store.ts';

const withCode = (code: unknown, more: object = {}): Error =>
  Object.assign(new Error('of the test'), { code, ...more });

describe('what an error means for its transaction', () => {
  it.each<[Failure, string, string]>([
    // The connection is lost, or the server ends it or accepts none.
    ['connectionLost', 'CONNECTION_CLOSED', 'the driver'],
    ['connectionLost', 'CONNECTION_DESTROYED', 'the driver'],
    ['connectionLost', 'CONNECTION_ENDED', 'the driver'],
    ['connectionLost', 'CONNECT_TIMEOUT', 'the driver'],
    ['connectionLost', '08006', 'connection failure'],
    ['connectionLost', '08P01', 'protocol violation'],
    ['connectionLost', '57P01', 'the server shuts down'],
    ['connectionLost', '57P02', 'the server crashes'],
    ['connectionLost', '57P03', 'the server starts up'],
    ['connectionLost', '57P05', 'idle for too long'],
    ['connectionLost', '25P03', 'idle in a transaction for too long'],
    ['connectionLost', '53300', 'too many connections'],
    ['connectionLost', '28P01', 'the password has changed'],
    ['connectionLost', '3D000', 'the database does not exist'],
    ['connectionLost', '40003', 'a database of several nodes that does not know the outcome'],
    // The transaction changed nothing, and a retry may succeed.
    ['retryable', '40001', 'serialisation failure'],
    ['retryable', '40P01', 'deadlock'],
    ['retryable', '55P03', 'lock timeout'],
    ['retryable', '57014', 'statement timeout'],
    ['retryable', '53100', 'disk full'],
    ['retryable', '53200', 'out of memory'],
    ['retryable', '25006', 'a standby accepts no writes'],
    ['retryable', '23505', 'another process has inserted the row'],
    ['retryable', '0A000', 'a table has been altered'],
    // No retry can help.
    ['fatal', '23502', 'null in a column that allows none'],
    ['fatal', '42P01', 'no such table'],
    ['fatal', '22P05', 'a character that cannot be converted'],
    ['fatal', '25P02', 'a statement after a failure in the transaction'],
    ['fatal', 'XX001', 'damaged data'],
    ['fatal', '', 'no code'],
    ['fatal', '0800', 'a text that only looks like a code'],
  ])('is %s for %s: %s', (failure, code) => {
    expect(classifyFailure(withCode(code))).toBe(failure);
  });

  it('is connectionLost for every error that the operating system reports', () => {
    expect(classifyFailure(withCode('EHOSTDOWN', { errno: -112 }))).toBe('connectionLost');
  });

  it.each<[Failure, Error]>([
    ['connectionLost', new ConnectionLostError()],
    ['retryable', new StaleDoctorError('of the test')],
    ['fatal', new DecideError(withCode('40001'))],
    ['fatal', new UnknownOutcomeError()],
    ['fatal', Object.assign(new StoreOpenError('of the test'), { errno: -112 })],
  ])('is %s for our own error class, for any cause: %s', (failure, error) => {
    expect(classifyFailure(error)).toBe(failure);
  });

  it.each([[new Error('without a code')], ['a text'], [undefined], [{ code: '40001' }]])(
    'is fatal for a value that is no error of the database: %s',
    (error) => {
      expect(classifyFailure(error)).toBe('fatal');
    },
  );
});

it('an idempotency key that is taken differs from other duplicate rows', () => {
  const taken = { constraint_name: 'idempotency_keys_pkey' };
  expect(isKeyTaken(withCode('23505', taken))).toBe(true);
  expect(isKeyTaken(withCode('23505', { constraint_name: 'changes_pkey' }))).toBe(false);
  expect(isKeyTaken(withCode('40001', taken))).toBe(false);
});

it.each([
  ['postgres://opd:secret@db.example:5432/opd', 'postgres://db.example:5432/opd'],
  ['postgresql://opd:secret@[::1]/opd?password=secret', 'postgresql://[::1]/opd'],
  ['postgres://opd:sec/ret@db/opd', 'the database in DATABASE_URL'],
  ['not a URL: secret', 'the database in DATABASE_URL'],
])('the name of a database contains no password: %s', (url, name) => {
  expect(nameOf(url)).toBe(name);
});

it('the error of a database that cannot be opened gives the reason in one sentence', () => {
  const error = openError('postgres://opd:secret@db/opd', new Error('it is closed'));
  expect(error).toBeInstanceOf(StoreOpenError);
  expect(error.message).toBe('The database postgres://db/opd cannot be opened: it is closed.');
  expect(openError('postgres://db/opd', error)).toBe(error);
});
