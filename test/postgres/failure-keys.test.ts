import { expect, it } from 'vitest';
import type { BookingView } from '../../src/http/resources/index.ts';
import {
  databaseFaults,
  DOCTORS,
  startTwo,
  slotIdAt,
  stop,
  tokensByName,
  type DoctorName,
} from '../support/postgres/pg-hospital.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import type { ServerProcess } from '../support/process/server-process.ts';

const KEYS = 60;

/** Books under an idempotency key and returns the text of the answer. */
async function book(server: ServerProcess, doctor: DoctorName, name: string, key: string) {
  const body = {
    doctor_id: doctor,
    slot_id: slotIdAt(doctor),
    patient_name: name,
    patient_type: 'WALK_IN',
  };
  const answer = await server.post('/book', body, { 'idempotency-key': key });
  const isReplay = answer.headers.get('idempotency-replayed') === 'true';
  return { status: answer.status, isReplay, text: await answer.text() };
}

const doctorOf = (count: number): DoctorName => DOCTORS[count % DOCTORS.length] ?? 'doc1';

it('a request sent to two processes at once under one key has one effect, and both give the same answer', async () => {
  const { url } = await createDatabase();
  const servers = await startTwo(url);
  await Promise.all(
    Array.from({ length: KEYS }, async (_, count) => {
      const answers = await Promise.all(
        servers.map((server) => book(server, doctorOf(count), `patient ${count}`, `key ${count}`)),
      );
      const [one, other] = answers;
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(one?.text).toBe(other?.text);
      expect(answers.filter(({ isReplay }) => isReplay)).toHaveLength(1);
    }),
  );
  expect((await tokensByName(url)).size).toBe(KEYS);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(...servers);
});

it.each([
  ['another body', (): DoctorName => 'doc1'],
  // The doctors' locks do not exclude each other here. The primary key of the stored responses rejects the second one.
  ['another doctor', (place: number): DoctorName => doctorOf(place)],
])(
  'when the second of two requests under one key has %s, one takes effect and the other is refused',
  async (_, doctor) => {
    const { url } = await createDatabase();
    const servers = await startTwo(url);
    await Promise.all(
      Array.from({ length: KEYS }, async (__, count) => {
        const answers = await Promise.all(
          servers.map((server, place) =>
            book(server, doctor(place), `patient ${count} ${place}`, `key ${count}`),
          ),
        );
        expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
        const refused = answers.find(({ status }) => status === 422);
        expect(refused?.text).toContain('"idempotency_key_reused"');
        const taken = answers.find(({ status }) => status === 201);
        const { id, patient_name } = JSON.parse(taken?.text ?? '') as BookingView;
        expect((await tokensByName(url)).get(patient_name)).toEqual([id]);
      }),
    );
    expect((await tokensByName(url)).size).toBe(KEYS);
    expect(await databaseFaults(url)).toEqual([]);
    await stop(...servers);
  },
);
