import { userInfo } from 'node:os';
import { doctorId, epochMs, type EpochMs } from '../engine/index.ts';
import {
  expiryOf,
  instantOf,
  isId,
  KeyRegistry,
  ROLE_NAMES,
  ROLES,
  type PutKey,
  type Role,
} from '../service/index.ts';
import {
  databaseName,
  NotDurableError,
  openKeyStore,
  StoreOpenError,
  type StoredKey,
} from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { ProgramFailure, runProgram, type ProgramInput } from './program.ts';

const HELP = `npm run -s keys -- create NAME --role ROLE [--doctor ID]... [--expires DATE]
  Adds an access key to the database that DATABASE_URL names and prints its secret, once. A client sends the secret in
  the header Authorization: Bearer SECRET. From the first key on, the service answers no request without one.
  --doctor limits the key to a doctor and can be given several times. --expires takes a date, to the end of which
  (UTC) the key is valid, or an instant such as 2027-01-31T18:00:00Z.

npm run -s keys -- list
  Prints the keys, one a line: name, role, doctors, state and last use.

npm run -s keys -- rotate NAME
  Gives a key a new secret and prints it, once. The old secret is not valid any more.

npm run -s keys -- revoke NAME
  Revokes a key. It stays in the list.

The service may be running: it follows within a second. Only the secret is written to the standard output by create
and rotate, so that it can be piped into a file or a secret store.

Roles:
${ROLE_NAMES.map((role) => `  ${role.padEnd(12)}${ROLES[role]}\n`).join('')}
Exits with 0, or with 1 and a sentence when it cannot be done.
`;

const USAGE =
  'Say what to do: npm run -s keys -- create NAME --role ROLE, list, rotate NAME, or revoke NAME; --help says more.';

/** Who changes keys here, on record: no access key can have this name. */
const ACTOR = `command line/${userInfo().username}`;

const clock = (): EpochMs => epochMs(Date.now());

type Options = ProgramInput['options'];

/** Writes a secret to the standard output, and what it is to the standard error. */
function printSecret({ key, secret }: PutKey, what: string): void {
  process.stdout.write(`${secret ?? ''}\n`);
  process.stderr.write(
    `The key ${key.name} with the role ${key.role} ${what}. Its secret is printed only now.\n`,
  );
}

async function create(registry: KeyRegistry, name: string, options: Options): Promise<void> {
  const keys = await registry.list();
  if (keys.some((key) => key.name === name && key.revokedAt === null))
    throw new ProgramFailure(
      `There is a key ${name} already: npm run -s keys -- rotate ${name} gives it a new secret.`,
    );
  const input = {
    name,
    role: roleOf(options['role']),
    doctorIds: doctorIdsOf(options['doctor']),
    expiresAt: expiresAtOf(options['expires']),
  };
  const put = await registry.put(input, false, ACTOR);
  if ('faults' in put)
    throw new ProgramFailure(
      put.faults
        .map(({ pointer, detail }) => `${pointer.slice(1) || 'The key'} ${detail}.`)
        .join('\n'),
    );
  printSecret(put, 'was added');
}

function roleOf(given: Options[string]): Role {
  const role = ROLE_NAMES.find((name) => name === given);
  if (role !== undefined) return role;
  throw new ProgramFailure(`--role must be one of ${ROLE_NAMES.join(', ')}; --help says more.`);
}

function doctorIdsOf(given: Options[string]) {
  const ids = [given ?? []].flat().map(String);
  const wrong = ids.find((id) => !isId(id));
  if (wrong === undefined) return ids.map(doctorId);
  throw new ProgramFailure(`--doctor=${wrong} is not an id of a doctor.`);
}

function expiresAtOf(given: Options[string]): EpochMs | null {
  if (given === undefined) return null;
  const expiresAt = expiryOf(String(given));
  if (expiresAt !== undefined) return expiresAt;
  throw new ProgramFailure(
    `--expires must be a date or an instant, such as 2027-01-31 or 2027-01-31T18:00:00Z.`,
  );
}

async function list(registry: KeyRegistry): Promise<void> {
  const now = clock();
  for (const key of await registry.list()) process.stdout.write(`${lineOf(key, now)}\n`);
}

function lineOf(key: StoredKey, now: EpochMs): string {
  const doctors = key.doctorIds.length === 0 ? 'all doctors' : key.doctorIds.join(',');
  const used = key.lastUsedAt === null ? 'never used' : `last used ${instantOf(key.lastUsedAt)}`;
  return [key.name, key.role, doctors, stateOf(key, now), used].join('\t');
}

function stateOf({ revokedAt, expiresAt }: StoredKey, now: EpochMs): string {
  if (revokedAt !== null) return `revoked ${instantOf(revokedAt)}`;
  if (expiresAt === null) return 'valid';
  return `${expiresAt <= now ? 'expired' : 'valid until'} ${instantOf(expiresAt)}`;
}

async function change(registry: KeyRegistry, command: string, name: string): Promise<void> {
  const changed =
    command === 'rotate' ? await registry.rotate(name, ACTOR) : await registry.revoke(name, ACTOR);
  if (changed === undefined)
    throw new ProgramFailure(`There is no key ${name}: npm run -s keys -- list shows all keys.`);
  if ('secret' in changed) printSecret(changed, 'has a new secret');
  else process.stderr.write(`The key ${name} is revoked.\n`);
}

async function run(registry: KeyRegistry, { arguments: given, options }: ProgramInput) {
  const [command = '', name] = given;
  const hasOptions = Object.keys(options).length > 0;
  if (command === 'create' && name !== undefined) return create(registry, name, options);
  if (command === 'list' && name === undefined && !hasOptions) return list(registry);
  if ((command === 'rotate' || command === 'revoke') && name !== undefined && !hasOptions)
    return change(registry, command, name);
  throw new ProgramFailure(USAGE);
}

await runProgram({
  help: HELP,
  usage: USAGE,
  argumentCount: [1, 2],
  options: {
    role: { type: 'string' },
    doctor: { type: 'string', multiple: true },
    expires: { type: 'string' },
  },
  failures: [StoreOpenError, NotDurableError],
  async run(input) {
    const { DATABASE_URL } = settingsFromEnvironment();
    if (DATABASE_URL === 'memory:')
      throw new ProgramFailure(
        `${databaseName(DATABASE_URL)} stores nothing: PUT /keys/NAME adds a key to a running service.`,
      );
    const store = await openKeyStore(DATABASE_URL);
    try {
      await run(new KeyRegistry(store, clock), input);
    } finally {
      await store.close();
    }
    return 0;
  },
});
