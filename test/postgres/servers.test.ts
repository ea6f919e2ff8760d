import { expect, it } from 'vitest';
import { nameOf } from '../../src/store/postgres/errors.ts';
import { Servers, serversOf } from '../../src/store/postgres/servers.ts';

it.each<[string, readonly string[]]>([
  ['postgres://opd:a,b@one:5432/opd', ['postgres://opd:a,b@one:5432/opd']],
  ['postgres://opd@one,two:5433/opd', ['postgres://opd@one/opd', 'postgres://opd@two:5433/opd']],
  [
    'postgres://one:1,two:2/a,b?c=d,e',
    ['postgres://one:1/a,b?c=d,e', 'postgres://two:2/a,b?c=d,e'],
  ],
  ['not a URL', ['not a URL']],
])('the servers of %s', (url, servers) => {
  expect(serversOf(url)).toEqual(servers);
});

it('the name of a database on two servers has both, and no password', () => {
  const url = 'postgres://opd:secret@one:5432,two:5433/opd?password=secret';
  expect(nameOf(url)).toBe('postgres://one:5432,two:5433/opd');
  expect(nameOf('postgres://opd:secret@one:port,two/opd')).toBe('the database in DATABASE_URL');
});

it('a server is left once for all sessions that it refuses, and comes again after the others', () => {
  const servers = new Servers('postgres://one,two/opd');
  const [one, two] = ['postgres://one/opd', 'postgres://two/opd'];
  expect(servers.current).toBe(one);
  servers.leave(one);
  servers.leave(one);
  expect(servers.current).toBe(two);
  servers.leave(two);
  expect(servers.current).toBe(one);
});
