import { randomUUID } from 'node:crypto';
import { Client } from '../lib/client.ts';
import { openHospital, type Target } from '../lib/hospital.ts';
import { print, ToolError } from '../lib/tool.ts';

/** The hospital of a load test: enough seats that most bookings of ten seconds get one or wait for one. */
const SIZE = { doctors: 20, sessions: 4, capacity: 100 };

/** The slots that every server with the demo roster has, the original service included. */
const DEMO_SLOTS: readonly Target[] = ['doc1', 'doc2', 'doc3'].flatMap((doctorId) =>
  ['slot1', 'slot2'].map((slot) => ({ doctorId, slotId: `${doctorId}_${slot}` })),
);

/**
 * Adds doctors of the load test's own to the server. If the server refuses them, the demo slots are the targets.
 * @throws ToolError when the server does not answer, or wants an access key
 */
export async function openTargets(
  url: string,
  connections: number,
  key: string | undefined,
): Promise<readonly Target[]> {
  const client = new Client(url, connections, key);
  const name = `load-${randomUUID().slice(0, 8)}`;
  try {
    const empty = { name: 'Load', time_zone: 'UTC', sessions: [] };
    const { status } = await client
      .text('PUT', `/doctors/${name}-0`, empty)
      .catch((error: unknown) => {
        throw new ToolError(`${url} does not answer: ${String(error)}`);
      });
    if (status === 401)
      throw new ToolError(`${url} wants an access key of an administrator: see --key in --help.`);
    if (status >= 400) {
      print(
        `The server does not add doctors (status ${status}), so the six demo slots are booked.`,
      );
      return DEMO_SLOTS;
    }
    const targets = await openHospital(client, SIZE, name);
    print(`${targets.length} slots of ${SIZE.doctors} new doctors, ${name}-*, from tomorrow on`);
    return targets;
  } finally {
    client.close();
  }
}
