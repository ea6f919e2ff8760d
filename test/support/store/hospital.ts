import { startServer, type ServerProcess, type Spawning } from '../process/server-process.ts';

/** The two slots of `openHospital`. */
export const SLOTS = ['small', 'large'] as const;

/** Starts a service with the demo roster and two slots of its first doctor, which do not end while a test runs. */
export async function openHospital(
  settings: Readonly<Record<string, string>>,
  spawning: Spawning = {},
): Promise<ServerProcess> {
  const server = await startServer(settings, spawning);
  await openSlots(server);
  return server;
}

/** Opens the two slots with the first doctor of the demo roster. */
export async function openSlots(server: ServerProcess): Promise<void> {
  const hours = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString();
  for (const [index, id] of SLOTS.entries()) {
    const capacity = 2 + 4 * index;
    const [start_time, end_time] = [hours(2), hours(3)];
    const slot = { doctor_id: 'doc1', id, start_time, end_time, capacity };
    const { status } = await server.post('/slots', slot);
    if (status !== 201) throw new Error(`slot ${id} is refused: ${status}`);
  }
}

/** Books a walk-in patient with the first doctor. */
export const book = (server: ServerProcess, name: string, slot: string = SLOTS[1]) =>
  server.post('/book', {
    doctor_id: 'doc1',
    slot_id: slot,
    patient_name: name,
    patient_type: 'WALK_IN',
  });
