import { patientId, type AllocationEngine, type Book } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { anyClass } from '../lib/classes.ts';
import { EngineClinic, accepted } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';

/** An engine that is filled with live tokens. */
export interface FullEngine {
  readonly tokens: number;
  /** Live tokens of each slot, half of them seated. */
  readonly length: number;
}

export interface MemoryResult {
  /** Resident memory that a token adds, with its share of slots and doctors. */
  readonly residentBytes: number;
  /** The same on the JavaScript heap alone. */
  readonly heapBytes: number;
}

/** Returns new strings that share no memory, as a parsed request body does. */
function parsed(index: number): { name: string; id: string | null } {
  const id = index % 2 === 0 ? `p-${1_000_000 + index}` : null;
  return JSON.parse(JSON.stringify({ name: `Patient Number ${index}`, id })) as {
    name: string;
    id: string | null;
  };
}

/**
 * Fills an engine and measures the memory.
 * @throws Error when a slot has the wrong number of tokens
 */
export function fillEngine({ tokens, length }: FullEngine): MemoryResult {
  const random = new Random(1);
  const clinic = new EngineClinic({ slots: tokens / length, capacity: length / 2 });
  const { engine, slots } = clinic;
  collectGarbage();
  const before = process.memoryUsage();
  for (let index = 0; index < tokens; index += 1) {
    const { name, id } = parsed(index);
    const booking = clinic.booking(required(slots[index % slots.length]), anyClass(random).type);
    const patient = id === null ? null : patientId(id);
    accepted(engine.book({ ...booking, patientName: name, patientId: patient } satisfies Book));
  }
  collectGarbage();
  const after = process.memoryUsage();
  check(engine, clinic, length);
  return {
    residentBytes: (after.rss - before.rss) / tokens,
    heapBytes: (after.heapUsed - before.heapUsed) / tokens,
  };
}

function check(engine: AllocationEngine, { slots }: EngineClinic, length: number): void {
  for (const { id } of slots) {
    const slot = required(engine.slot(id));
    if (slot.seated !== length / 2 || slot.waiting !== length / 2)
      throw new Error(`The slot ${id} holds ${slot.seated} seated and ${slot.waiting} waiting.`);
  }
}

if (process.send !== undefined && import.meta.main) serveTask(fillEngine);
