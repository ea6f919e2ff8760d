import { describe, expect, it } from 'vitest';
import {
  failureOf,
  isKeyTaken,
  nameOf,
  openError,
  type Failure,
} from '../../src/store/postgres/errors.ts';
import { StoreOpenError } from '../../src/store/store.ts';

const withCode = (code: unknown, more: object = {}): Error =>
  Object.assign(new Error('of the test'), { code, ...more });

describe('the fate of a transaction', () => {
  it.each<[Failure, string, string]>([
    // The connection is gone, or the server ends it or takes none.
    ['lost', 'CONNECTION_CLOSED', 'the driver'],
    ['lost', 'CONNECTION_DESTROYED', 'the driver'],
    ['lost', 'CONNECTION_ENDED', 'the driver'],
    ['lost', 'CONNECT_TIMEOUT', 'the driver'],
    ['lost', '08006', 'connection failure'],
    ['lost', '08P01', 'protocol violation'],
    ['lost', '57P01', 'the server shuts down'],
    ['lost', '57P02', 'the server crashes'],
    ['lost', '57P03', 'the server starts up'],
    ['lost', '57P05', 'idle for too long'],
    ['lost', '25P03', 'idle in a transaction for too long'],
    ['lost', '53300', 'too many connections'],
    ['lost', '28P01', 'the password is another by now'],
    ['lost', '3D000', 'the database is away'],
    ['lost', '40003', 'a database of several nodes that does not know'],
    // Nothing is changed, and the next try may do.
    ['again', '40001', 'serialisation failure'],
    ['again', '40P01', 'deadlock'],
    ['again', '55P03', 'lock timeout'],
    ['again', '57014', 'statement timeout'],
    ['again', '53100', 'disk full'],
    ['again', '53200', 'out of memory'],
    ['again', '25006', 'a standby takes no writes'],
    ['again', '23505', 'another has been first'],
    ['again', '0A000', 'a table has been altered'],
    // Nothing would help.
    ['final', '23502', 'null in a column that takes none'],
    ['final', '42P01', 'no such table'],
    ['final', '22P05', 'a character that cannot be'],
    ['final', '25P02', 'what comes after a failure in a transaction'],
    ['final', 'XX001', 'damaged data'],
    ['final', '', 'no code'],
    ['final', '0800', 'what only looks like one'],
  ])('is %s for %s: %s', (fate, code) => {
    expect(failureOf(withCode(code))).toBe(fate);
  });

  it('is lost where the operating system says so, whatever it says', () => {
    expect(failureOf(withCode('EHOSTDOWN', { errno: -112 }))).toBe('lost');
  });

  it.each([[new Error('without a code')], ['a text'], [undefined], [{ code: '40001' }]])(
    'is final for what is no error of the database: %s',
    (error) => {
      expect(failureOf(error)).toBe('final');
    },
  );
});

it('tells a key that is taken from other rows that are there already', () => {
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
])('a database goes by a name without its password: %s', (url, name) => {
  expect(nameOf(url)).toBe(name);
});

it('says in one sentence why a database cannot be opened', () => {
  const error = openError('postgres://opd:secret@db/opd', new Error('it is closed'));
  expect(error).toBeInstanceOf(StoreOpenError);
  expect(error.message).toBe('The database postgres://db/opd cannot be opened: it is closed.');
  expect(openError('postgres://db/opd', error)).toBe(error);
});
