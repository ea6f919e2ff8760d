import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { DATABASE_URL_PATTERN } from './store/index.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A list with commas between its items. */
const listOf = (pattern: string, description: string) =>
  Type.Array(Type.String({ pattern }), { description });

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
  ALLOWED_HOSTS: Type.Optional(
    listOf(
      '^([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\\[[0-9a-f:.]+\\])$',
      'Host names that requests may have in their header Host, with commas between them: in lower case and without a port, such as opd.hospital.example. The names of the machine itself (localhost, 127.0.0.1, [::1]), HOST and the address to which a request was sent are always accepted; a request with another name gets 421.',
    ),
  ),
  CORS_ORIGINS: Type.Optional(
    listOf(
      '^\\*$|^(?!http://[^/]*:80$|https://[^/]*:443$)https?://([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?$',
      'The origins whose web pages may use the service, with commas between them. Each is exactly as a browser sends it: in lower case, with its port if that is not the usual one, without a path, such as https://desk.hospital.example,http://localhost:5173. The origin * means every origin, but only while the service answers callers without an access key. Without this setting, only the pages of the service itself may.',
    ),
  ),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?$',
      description:
        "The URL under which patients reach the service, without a path, such as https://opd.hospital.example. With it, a booking's answer has status_url, the link to the patient's own page. Its host is accepted like those of ALLOWED_HOSTS.",
    }),
  ),
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
      description: `The lowest level that is logged: one of ${LOG_LEVELS.join(', ')}. Requests are logged at \`info\`.`,
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
    default: 600,
    description:
      'How many commands, and how many reads, are handled at the same time. Further ones are refused as `overloaded`.',
  }),
  RETENTION_DAYS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 36_500,
      description:
        'How many days after the day of a token the name and the id of the patient are erased. Without it, they are never erased.',
    }),
  ),
  ALLOW_ANONYMOUS: Type.Boolean({
    default: false,
    description:
      '`true` lets everybody who reaches the service do everything while there is no access key. On a loopback address that is so without it; from the first key on, every request needs a key in any case.',
  }),
  OIDC_ISSUER: Type.Optional(
    Type.String({
      pattern: '^(https://[^/?#]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:\\d+)?)(/[^?#]*)?$',
      description:
        'The identity provider of the hospital (OpenID Connect), exactly as its tokens name it in the claim iss, such as https://login.hospital.example/realms/opd. Requests may then carry its tokens (JWTs) in place of an access key, and no request is anonymous. It must begin with https, unless it is on this machine.',
    }),
  ),
  OIDC_AUDIENCE: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'What the tokens of OIDC_ISSUER must name in their claim aud.',
    }),
  ),
  OIDC_ROLE_CLAIM: Type.String({
    minLength: 1,
    default: 'roles',
    description:
      'The claim of the tokens of OIDC_ISSUER that names the role: a text, or a list in which exactly one is a role of the service.',
  }),
  OIDC_DOCTORS_CLAIM: Type.String({
    minLength: 1,
    default: 'doctors',
    description:
      'The claim of the tokens of OIDC_ISSUER with the ids of the doctors to whom the token is limited. A token without it is not limited.',
  }),
  REQUESTS_PER_MINUTE: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'How many requests an access key or a token may send within a minute, and an address without one. Further ones get 429. Without it, there is no limit. Each process counts its own requests.',
    }),
  ),
  REFUSED_PER_MINUTE: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 10,
    description:
      'How many requests with a wrong key or token an address may send within a minute, and how many that its role forbids an access key or a token. Further ones get 429. Other requests are not affected.',
  }),
  TRUST_PROXY: Type.Optional(
    listOf(
      '^((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}(/([12]?\\d|3[0-2]))?|[0-9a-f]*:[0-9a-f:.]*(/\\d{1,3})?)$',
      'The addresses or networks of proxies, with commas between them, such as 127.0.0.1,10.1.0.0/16. Only their header X-Forwarded-For says from which address a request comes.',
    ),
  ),
  WEBHOOK_ALLOW_PRIVATE: Type.Boolean({
    default: false,
    description:
      '`true` lets webhooks lead to private addresses, such as those of the hospital or of this machine, and to http:// URLs. Otherwise events are sent to public addresses by https:// only.',
  }),
  METRICS_HOST: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'The address at which METRICS_PORT is opened. Without it: 127.0.0.1.',
    }),
  ),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'The port at which `GET /metrics` is served, and nothing else; 0 means any free port. Without it, PORT serves the metrics too.',
    }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://[^/]+',
      description:
        'The URL of a receiver of traces, by OpenTelemetry over HTTP, for example http://127.0.0.1:4318. Without it, no trace is made.',
    }),
  ),
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
    return text === '' ? [] : [[name, valueOf(text, schema)]];
  });
  const settings = Value.Default(Settings, Object.fromEntries(given));
  if (Value.Check(Settings, settings)) return faultsOfPairs(settings) ?? { settings };
  // The path of a list's item has the place of the item as its second step.
  const paths = [...Value.Errors(Settings, settings)].map(({ path }) => path.split('/'));
  const names = new Set(paths.map(([, name = '']) => name));
  return { faults: Array.from(names, (name) => faultOf(name, environment[name] ?? '')) };
}

/** The settings that mean nothing without another one. */
const PAIRS = [
  ['METRICS_HOST', 'METRICS_PORT', 'only METRICS_PORT'],
  ['OIDC_ISSUER', 'OIDC_AUDIENCE', 'neither'],
  ['OIDC_AUDIENCE', 'OIDC_ISSUER', 'neither'],
] as const;

function faultsOfPairs(settings: Settings): { faults: readonly string[] } | undefined {
  const faults = PAIRS.filter(
    ([name, other]) => settings[name] !== undefined && settings[other] === undefined,
  ).map(([name, other, or]) => `${name} is set without ${other}. Set both, or ${or}.`);
  return faults.length > 0 ? { faults } : undefined;
}

/** The value of a setting. A text that does not fit stays a text, so that the schema refuses it. */
function valueOf(text: string, { type }: TSchema): unknown {
  if (type === 'array') return text.split(',').map((item) => item.trim());
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return type === 'integer' && /^\d+$/.test(text) ? Number(text) : text;
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
