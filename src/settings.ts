import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { DATABASE_URL_PATTERN } from './store/index.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** All settings with their defaults and bounds. README.md and `npm start -- --help` list the same ones. */
export const Settings = Type.Object({
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'The address to listen on.',
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 8_080,
    description: 'The port to listen on; 0 means any free port.',
  }),
  DATABASE_URL: Type.String({
    pattern: DATABASE_URL_PATTERN,
    default: 'sqlite:data/opd.db',
    description:
      'The database: `sqlite:` and the path of a file, for one process; `postgres://user:password@host:port/database`, for any number of processes; or `memory:`, which loses everything at a restart.',
  }),
  ROSTER: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'A JSON file with doctors, sessions, single slots and patient classes. It is applied at every start.',
    }),
  ),
  LOG_LEVEL: Type.Union(
    LOG_LEVELS.map((level) => Type.Literal(level)),
    {
      default: 'info',
      description: `The lowest level that is logged: one of ${LOG_LEVELS.join(', ')}. Requests are logged at \`info\`, and at \`warn\` when they fail with 500 or more.`,
    },
  ),
  SLOT_GRACE_MINUTES: Type.Integer({
    minimum: 0,
    maximum: 1_440,
    default: 30,
    description: 'How many minutes after its end a slot still takes bookings.',
  }),
  HORIZON_DAYS: Type.Integer({
    minimum: 1,
    maximum: 366,
    default: 14,
    description: 'How many days ahead the slots of the sessions are opened.',
  }),
  WAITLIST_MAX: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 1_000,
    description:
      'How many patients may wait in a slot. A booking that would make one more patient wait is refused.',
  }),
  CONNECTIONS_MAX: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 1_000,
    description:
      'How many connections are served at the same time. A new connection beyond them is refused.',
  }),
  HEADERS_MAX: Type.Integer({
    minimum: 20,
    maximum: 2_000,
    default: 100,
    description: 'How many headers a request may have.',
  }),
  HEADER_BYTES_MAX: Type.Integer({
    minimum: 4_096,
    maximum: 1_048_576,
    default: 16_384,
    description: 'How many bytes the request line and the headers may have together.',
  }),
  HEADER_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3_600,
    default: 10,
    description:
      'Within how many seconds the headers of a request must arrive. A connection that sends nothing is closed after the same time.',
  }),
  REQUEST_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3_600,
    default: 30,
    description:
      'Within how many seconds a whole request must arrive. A client that takes no byte of its answer for this time loses its connection.',
  }),
  KEEP_ALIVE_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3_600,
    default: 72,
    description: 'How many seconds a connection stays open after an answer without a new request.',
  }),
  REQUESTS_MAX: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 500,
    description:
      'How many commands, and how many reads, are handled at the same time. Further ones are refused as `overloaded`.',
  }),
});
export type Settings = Static<typeof Settings>;

/**
 * Reads the settings from the environment. An empty variable counts as not set.
 * @returns the settings, or one sentence for each setting that is wrong
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { settings: Settings } | { faults: readonly string[] } {
  const given = Object.entries(Settings.properties).flatMap(([name, schema]: [string, TSchema]) => {
    const text = environment[name]?.trim() ?? '';
    if (text === '') return [];
    return [[name, schema['type'] === 'integer' && /^\d+$/.test(text) ? Number(text) : text]];
  });
  const settings = Value.Default(Settings, Object.fromEntries(given));
  if (Value.Check(Settings, settings)) return { settings };
  const names = new Set([...Value.Errors(Settings, settings)].map(({ path }) => path.slice(1)));
  return { faults: Array.from(names, (name) => faultOf(name, environment[name] ?? '')) };
}

/** What `--help` says of the settings: for each its name, its default and its description, indented. */
export const settingsHelp = (): string =>
  Object.entries(Settings.properties)
    .map(([name, schema]: [string, TSchema]) => {
      const initial = schema.default === undefined ? '' : `, by default ${String(schema.default)}`;
      return `  ${name}${initial}\n      ${schema.description ?? ''}\n`;
    })
    .join('');

function faultOf(name: string, text: string): string {
  const schema = Settings.properties[name as keyof typeof Settings.properties] as TSchema;
  const { minimum, maximum, description } = schema as {
    minimum?: number;
    maximum?: number;
    description?: string;
  };
  const expectation =
    minimum === undefined || maximum === undefined
      ? description
      : `It must be a whole number from ${minimum} to ${maximum}.`;
  // The URL of a database may contain a password, and this sentence may be written to a log.
  const given = name === 'DATABASE_URL' ? name : `${name}=${text}`;
  return `${given} is not valid. ${expectation ?? ''}`;
}
