import { readFileSync } from 'node:fs';
import { ToolError } from '../lib/tool.ts';

/** A slot of the log: one day of one clinic. */
export interface LoggedSlot {
  readonly slot_id: string;
  readonly doctor_id: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly capacity: number;
}

/** A booking, or the no-show of the booking with the same `ref`. */
export interface LoggedEvent {
  readonly op: 'book' | 'no_show';
  readonly doctor_id: string;
  readonly slot_id: string;
  readonly patient_ref: string;
  readonly patient_type: string;
  readonly ref: string;
}

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

const SLOT_FIELDS = { slot_id: 'string', doctor_id: 'string', date: 'string', capacity: 'number' };
const EVENT_FIELDS = {
  op: 'string',
  doctor_id: 'string',
  slot_id: 'string',
  patient_ref: 'string',
  patient_type: 'string',
  ref: 'string',
};

/**
 * Reads the slots of the log.
 * @throws ToolError when the file cannot be read or a line is not a slot
 */
export const readSlots = (path: string): LoggedSlot[] => readLines(path, 'slots', SLOT_FIELDS);

/**
 * Reads the events in the order of the file, which is the order of their times.
 * @throws ToolError when the file cannot be read, or a line is not an event or names an unknown slot
 */
export function readEvents(path: string, slots: readonly LoggedSlot[]): LoggedEvent[] {
  const doctorOf = new Map(slots.map((slot) => [slot.slot_id, slot.doctor_id]));
  const events = readLines<LoggedEvent>(path, 'events', EVENT_FIELDS);
  for (const [index, event] of events.entries())
    if (!['book', 'no_show'].includes(event.op) || doctorOf.get(event.slot_id) !== event.doctor_id)
      throw new ToolError(`${path}:${index + 1} is not an event of one of the slots.`);
  return events;
}

function readLines<T>(path: string, what: string, fields: Readonly<Record<string, string>>): T[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ToolError(`The ${what} file ${path} cannot be read.`);
  }
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const value = objectOf(line);
    const isWhole = Object.entries(fields).every(([name, type]) => typeof value[name] === type);
    if (!isWhole) throw new ToolError(`${path}:${index + 1} is not a line of a ${what} file.`);
    return [value as T];
  });
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** Returns the days, in whole weeks so that weekdays stay the same, by which every slot is shifted to start after `now`. */
export function daysToShift(slots: readonly LoggedSlot[], now: number): number {
  const first = Math.min(...slots.map(({ date }) => Date.parse(date)));
  const tomorrow = Math.ceil((now + 1) / DAY_MS) * DAY_MS;
  return Math.max(Math.ceil((tomorrow - first) / DAY_MS / WEEK_DAYS) * WEEK_DAYS, 0);
}

/** Shifts a date (`YYYY-MM-DD`) by some days. */
export const shifted = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
