import fc from 'fast-check';
import type { Schema } from '../../test/support/app/described-routes.ts';
import type { Random } from '../lib/random.ts';
import type { KnownKind, KnownValues } from './known-values.ts';
import type { Operation } from './operations.ts';
import { fits } from './schemas.ts';

/**
 * What the parameters and fields of these names stand for. A path parameter `id` or `name` has the name of its
 * collection.
 */
const KINDS: Readonly<Record<string, readonly KnownKind[]>> = {
  doctor_id: ['doctor'],
  doctors: ['doctor'],
  token_id: ['token', 'overToken'],
  tokens: ['token', 'overToken'],
  slot_id: ['slot', 'overSlot', 'session'],
  slots: ['slot', 'overSlot'],
  move_to: ['slot', 'overSlot', 'session'],
  leave_id: ['leave'],
  keys: ['key'],
  cursor: ['cursor'],
  patient_id: ['patient'],
};

const IN_COLLECTION: ReadonlySet<string> = new Set(['id', 'name']);

const TIME_ZONES = [
  ...['UTC', 'Asia/Kolkata', 'America/New_York', 'Europe/London', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'America/St_Johns', 'Antarctica/Troll', 'Pacific/Kiritimati'],
];

/** Texts of many scripts; each schema takes those that fit it. */
const TEXTS = [
  ...['Asha Rao', 'John Doe', 'अमित शर्मा', '王小明', 'محمد علی', 'Łucja Żółć', 'นที', 'शि\u200dव'],
  ...['O’Brien-Smith', ' Ann ', 'İpek', 'ß', '👩‍⚕️', '𠮷野', 'e\u0301ve', 'é', 'a', 'chest pain'],
  ...[
    'UHID/2024/0012',
    'MR 00123',
    '^#|',
    '2',
    'Room 3',
    '7',
    '50',
    '200',
    '00:00',
    '23:59',
    '24:00',
  ],
  ...['09:00', '12:30', '02:30', 'x'.repeat(32), 'x'.repeat(128), '字'.repeat(200)],
];

/** Dates at which calendars and clocks do something unusual. */
const RARE_DATES = [
  ...['2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01', '2026-12-31', '2027-01-01'],
  ...[
    '2028-02-29',
    '2024-02-29',
    '2000-02-29',
    '0001-01-01',
    '1970-01-01',
    '2100-02-28',
    '9999-12-31',
  ],
];

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** Texts that a pattern is asked for, so that each pattern costs its time once. */
const SAMPLES = 40;

/** Makes values that fit a schema: known ids where the name of a field asks for one, and times near the clock's. */
export class Values {
  readonly #random: Random;
  readonly #known: KnownValues;
  readonly #clock: () => number;
  readonly #textsOf = new WeakMap<Schema, readonly string[]>();

  /** @param clock the time of the service, in milliseconds since the epoch */
  constructor(random: Random, known: KnownValues, clock: () => number) {
    this.#random = random;
    this.#known = known;
    this.#clock = clock;
  }

  /** A value that fits the schema. @param name of the field or the parameter that gets it */
  valid(schema: Schema, name = ''): unknown {
    const random = this.#random;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    if (schema.anyOf !== undefined) return this.valid(random.pick(schema.anyOf), name);
    switch ([schema.type].flat()[0]) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return this.#array(schema, name);
      case 'integer':
        return this.#integer(schema);
      case 'boolean':
        return random.chance(0.5);
      default:
        return this.#text(schema, name);
    }
  }

  #object({ properties = {}, required = [], minProperties = 0 }: Schema): unknown {
    const optional = Object.keys(properties).filter((name) => !required.includes(name));
    const missing = Math.max(0, minProperties - required.length);
    const chosen = this.#random.sample(optional, missing + this.#random.below(optional.length + 1));
    const value: Record<string, unknown> = Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => required.includes(name) || chosen.includes(name))
        .map(([name, schema]) => [name, this.valid(schema, name)]),
    );
    this.#relate(value);
    return value;
  }

  /** Valid values of the parameters of a path. In `/tokens/{id}` the parameter `id` is the id of a token. */
  ofPath({ path, parameters }: Operation): Readonly<Record<string, string>> {
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const values = Object.fromEntries(
      inPath.map(({ name, schema }) => {
        const collection = new RegExp(`(\\w+)/\\{${name}\\}`).exec(path)?.[1] ?? '';
        return [name, String(this.valid(schema, IN_COLLECTION.has(name) ? collection : name))];
      }),
    );
    const doctor = this.#known.doctorOf(String(values['leave_id']));
    return doctor === undefined ? values : { ...values, id: doctor };
  }

  /** Makes fields agree that belong together, because most commands with unrelated ids or times are refused. */
  #relate(value: Record<string, unknown>): void {
    if (this.#random.chance(0.1)) return;
    const doctor = this.#known.doctorOf(String(value['slot_id']));
    if ('doctor_id' in value && doctor !== undefined) value['doctor_id'] = doctor;
    for (const [first, last] of [
      ['from', 'to'],
      ['start_time', 'end_time'],
      ['valid_from', 'valid_until'],
    ] as const)
      if (String(value[first]) > String(value[last]) && last in value)
        [value[first], value[last]] = [value[last], value[first]];
  }

  #array({ items = {}, minItems = 0, maxItems = Infinity }: Schema, name: string): unknown[] {
    const length = Math.min(maxItems, minItems + this.#random.below(4));
    const values = Array.from({ length }, () => this.valid(items, name));
    return items.enum === undefined ? values : [...new Set(values)];
  }

  #integer({ minimum = -100, maximum = 1_000 }: Schema): number {
    const small = minimum + this.#random.below(Math.min(maximum - minimum + 1, 6));
    return this.#random.chance(0.8) ? small : this.#random.pick([minimum, maximum]);
  }

  #text(schema: Schema, name: string): string {
    const isFit = (text: string | undefined): text is string =>
      text !== undefined && fits(schema, text);
    const known = this.#known.pick(...(KINDS[name] ?? []));
    if (isFit(known) && this.#random.chance(0.9)) return known;
    if (name === 'time_zone') return this.#random.pick(TIME_ZONES);
    if (schema.format === 'date-time') return this.#instant();
    const date = this.#date();
    if (isFit(date) && !isFit('x')) return date;
    // A text that takes no space is an id. A new one must not collide with the ids of others.
    const id = `f${this.#random.below(1_000)}`;
    if (isFit(id) && !isFit('x y') && this.#random.chance(0.8)) return id;
    return this.#random.pick(this.#texts(schema));
  }

  /** Texts that fit the schema. @throws Error when there is none, so that a new pattern is not left out silently */
  #texts(schema: Schema): readonly string[] {
    const known = this.#textsOf.get(schema);
    if (known !== undefined) return known;
    const all = [...TEXTS, ...samplesOf(schema.pattern ?? '', this.#random.below(2 ** 31))];
    const texts = all.filter((text) => fits(schema, text));
    if (texts.length === 0) throw new Error(`no text is known that fits ${JSON.stringify(schema)}`);
    this.#textsOf.set(schema, texts);
    return texts;
  }

  #date(): string {
    if (this.#random.chance(0.1)) return this.#random.pick(RARE_DATES);
    const days = this.#random.pick([-400, -1, 0, 0, 0, 0, 1, 1, 2, 3, 7, 13, 14, 15, 60]);
    return new Date(this.#clock() + days * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length);
  }

  #instant(): string {
    if (this.#random.chance(0.1)) return `${this.#random.pick(RARE_DATES)}T02:30:00+05:30`;
    const quarters = Math.floor(this.#clock() / (15 * MINUTE_MS)) + this.#random.below(24) - 4;
    return new Date(quarters * 15 * MINUTE_MS).toISOString();
  }
}

/** Texts that match a pattern; none for a pattern that looks ahead, because fast-check cannot read it. */
function samplesOf(pattern: string, seed: number): readonly string[] {
  if (pattern === '' || pattern.includes('(?=')) return [];
  return fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { seed, numRuns: SAMPLES });
}
