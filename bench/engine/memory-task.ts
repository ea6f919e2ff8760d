import { patientId, type AllocationEngine, type Book } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { accepted, anyClass, Clinic, must } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';

/** A full engine. */
export interface Crowd {
  readonly tokens: number;
  /** Live tokens a slot, half of them seated. */
  readonly length: number;
}

export interface CrowdResult {
  /** Resident memory that a token adds, slots and doctors included. */
  readonly residentBytes: number;
  /** The same on the JavaScript heap alone. */
  readonly heapBytes: number;
}

/** What a request's body is when it reaches the service: fresh flat strings, none of them shared. */
function parsed(index: number): { name: string; id: string | null } {
  const id = index % 2 === 0 ? `p-${1_000_000 + index}` : null;
  return JSON.parse(JSON.stringify({ name: `Patient Number ${index}`, id })) as {
    name: string;
    id: string | null;
  };
}

/** Fills an engine and says what a token costs; throws when a token is not where it belongs. */
export function fillEngine({ tokens, length }: Crowd): CrowdResult {
  const random = new Random(1);
  const clinic = new Clinic({ slots: tokens / length, capacity: length / 2 });
  const { engine, slots } = clinic;
  collectGarbage();
  const before = process.memoryUsage();
  for (let index = 0; index < tokens; index += 1) {
    const { name, id } = parsed(index);
    const booking = clinic.booking(must(slots[index % slots.length]), anyClass(random).type);
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

function check(engine: AllocationEngine, { slots }: Clinic, length: number): void {
  for (const { id } of slots) {
    const slot = must(engine.slot(id));
    if (slot.seated !== length / 2 || slot.waiting !== length / 2)
      throw new Error(`The slot ${id} holds ${slot.seated} seated and ${slot.waiting} waiting.`);
  }
}

if (process.send !== undefined && import.meta.main) serveTask(fillEngine);
