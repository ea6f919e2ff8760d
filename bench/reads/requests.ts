import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { DOCTORS, type Filled, type Hospital } from './fill-task.ts';

/** A request whose answer is large. */
export interface Read {
  readonly name: string;
  readonly method?: 'PATCH' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly isRight: (answer: string) => boolean;
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Every token of an answer has this member, and nothing else has it. */
const TOKEN = '"patient_name":';

export function readsOf(hospital: Hospital, filled: Filled): Read[] {
  const { past, live, crowded, history, doctors, slots } = hospital;
  const { pastDate, liveDate, pastToken, changedToken } = filled;
  const schedule = (name: string, doctor: string, date: string, tokens: number): Read => ({
    name,
    path: `/schedule?doctor_id=${doctor}&date=${date}`,
    isRight: (answer) => count(answer, TOKEN) === tokens,
  });
  const report = (name: string, doctor: string, date: string, tokens: number): Read => ({
    name,
    path: `/reports/day?doctor_id=${doctor}&date=${date}`,
    isRight: (answer) => answer.includes(`"total":{"booked":${tokens},`),
  });
  return [
    schedule('schedule of a past day', DOCTORS.past, pastDate, past),
    report('report of it', DOCTORS.past, pastDate, past),
    {
      name: 'a token of it',
      path: `/tokens/${pastToken}`,
      isRight: (answer) => count(answer, TOKEN) === 1,
    },
    schedule('schedule of a live day', DOCTORS.live, liveDate, live),
    report('report of it', DOCTORS.live, liveDate, live),
    {
      name: 'dry run of closing one slot of it',
      method: 'POST',
      path: `/slots/${DOCTORS.live}-0/close?dry_run=true`,
      body: { reason: 'a dry run', move_to: `${DOCTORS.live}-1` },
      isRight: (answer) => count(answer, '"outcome":"moved"') === live / slots,
    },
    schedule('schedule of a slot with all of its tokens', DOCTORS.crowded, liveDate, crowded),
    {
      name: 'that slot alone',
      path: `/slots/${DOCTORS.crowded}-0`,
      isRight: (answer) => count(answer, TOKEN) === crowded,
    },
    {
      name: 'queue of a live day',
      path: `/queue?doctor_id=${DOCTORS.live}&date=${liveDate}`,
      isRight: (answer) => count(answer, '"number":') === live,
    },
    {
      name: 'queue of all doctors',
      path: `/queue?date=${liveDate}`,
      isRight: (answer) => count(answer, '"break_until":') === doctors + 4,
    },
    {
      name: 'search by name in a past day',
      path: `/tokens?doctor_id=${DOCTORS.past}&date=${pastDate}&name=nobody`,
      isRight: (answer) => count(answer, TOKEN) === 0,
    },
    {
      name: 'search by name in a live day',
      path: `/tokens?doctor_id=${DOCTORS.live}&date=${liveDate}&name=nobody`,
      isRight: (answer) => count(answer, TOKEN) === 0,
    },
    {
      name: 'search by number in all days',
      path: '/tokens?number=1000000',
      isRight: (answer) => count(answer, TOKEN) === 0,
    },
    {
      name: 'dry run of a leave on a live day',
      method: 'POST',
      path: `/doctors/${DOCTORS.live}/leave?dry_run=true`,
      body: { from: liveDate, to: liveDate, reason: 'a dry run' },
      isRight: (answer) => count(answer, '"outcome":"cancelled_by_hospital"') === live,
    },
    {
      name: 'history of a token',
      path: `/tokens/${changedToken}/history`,
      isRight: (answer) => count(answer, '"kind":') === history,
    },
    {
      name: 'all doctors',
      path: '/doctors',
      isRight: (answer) => count(answer, '"time_zone":') === doctors + 4,
    },
  ];
}

/**
 * Sends the same request many times at once on one connection, reads what comes for some seconds, and leaves.
 * @returns the bytes received
 */
export async function pipeline(
  url: string,
  path: string,
  requests: number,
  seconds: number,
): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let bytes = 0;
  socket.on('data', (chunk) => (bytes += chunk.length));
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(requests));
  await pause(seconds * 1_000);
  socket.destroy();
  return bytes;
}
