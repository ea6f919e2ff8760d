import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { readDocument } from '../markdown.ts';
import { freePort } from '../../../bench/lib/free-port.ts';
import { changeOwner, runGuarded, unprivileged } from './postgres-programs.ts';

/** Where Debian's package has the program. */
export const PGBOUNCER = '/usr/sbin/pgbouncer';

/** A PgBouncer with the settings of deploy/pgbouncer.ini, before all databases of one server. */
export interface PgBouncer {
  /** The URL of a database of the server, through the pooler. */
  readonly through: (url: string) => string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a pooler.
 * @param server the URL of a database of the server, with the only user that may log in
 * @throws Error with the output of the pooler, when it ends at once
 */
export async function startPgBouncer(server: string): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(server);
  const directory = mkdtempSync(join(tmpdir(), 'opd-pgbouncer-'));
  const own = await freePort();
  const users = join(directory, 'userlist.txt');
  const settings = readDocument('deploy/pgbouncer.ini')
    .replace('opd = host=127.0.0.1 port=5432', `* = host=${hostname} port=${port}`)
    .replace('listen_port = 6432', `listen_port = ${own}`)
    .replace('/etc/pgbouncer/userlist.txt', users);
  writeFileSync(users, `"${username}" "${password}"\n`);
  writeFileSync(join(directory, 'pgbouncer.ini'), settings);
  const runAs = unprivileged();
  changeOwner(directory, runAs);
  const guard = runGuarded({ directory, program: PGBOUNCER, args: ['pgbouncer.ini'], runAs });
  const closed = once(guard, 'close');
  let log = '';
  guard.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  await eventually(() => {
    if (guard.exitCode !== null) throw new Error(log);
    return log.includes('process up');
  });
  return {
    through: (url) => {
      const pooled = new URL(url);
      pooled.host = `127.0.0.1:${own}`;
      return pooled.href;
    },
    stop: async () => {
      guard.send('SIGQUIT');
      await closed;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
