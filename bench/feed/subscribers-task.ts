import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { required } from '../lib/required.ts';

/** Streams to open, each with the events of one of these doctors. */
export interface Subscribe {
  readonly subscribe: { readonly port: number; readonly doctorIds: readonly string[] };
}

/**
 * Bookings to send one after another; the answer has the milliseconds from each answer until as many streams had the
 * event as there are of its doctor. No other booking has the name of its patient.
 */
export interface Probe {
  readonly probe: {
    readonly url: string;
    readonly bookings: readonly string[];
    readonly streams: number;
    /** Milliseconds before each booking. */
    readonly pausesMs: readonly number[];
  };
}

/** Asks how many events the streams have had. */
export type SubscriberOrder = Subscribe | Probe | { readonly count: true };

const sockets: Socket[] = [];
let events = 0;
/** What the event has that is waited for, and what is called for each stream that has it. */
let awaited = { name: '', onStream: (): void => undefined };

/** Opens a stream; resolves when it has begun. The text is only searched, because parsing costs time. */
async function open(port: number, doctorId: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  socket.write(`GET /events?doctor_id=${doctorId} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  sockets.push(socket);
  let rest = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (piece: unknown) => {
      const text = rest + String(piece);
      const end = text.lastIndexOf('\n\n') + 2;
      rest = text.slice(end);
      const whole = text.slice(0, end);
      events += whole.split('event: ').length - 1;
      if (awaited.name !== '' && whole.includes(awaited.name)) awaited.onStream();
      if (whole.includes('retry: ')) resolve();
    });
  });
}

async function probe(order: Probe['probe']): Promise<number[]> {
  const times: number[] = [];
  for (const [index, body] of order.bookings.entries()) {
    await pause(required(order.pausesMs[index]));
    const { patient_name } = JSON.parse(body) as { readonly patient_name: string };
    let missing = order.streams;
    const all = new Promise<number>((resolve) => {
      const onStream = (): void => {
        missing -= 1;
        if (missing === 0) resolve(performance.now());
      };
      awaited = { name: `"patient_name":"${patient_name}"`, onStream };
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${order.url}/book`, { method: 'POST', headers, body });
    const answeredMs = performance.now();
    if (answer.status !== 201) throw new Error(`a booking was answered with ${answer.status}`);
    await answer.arrayBuffer();
    times.push(Math.max((await all) - answeredMs, 0));
  }
  return times;
}

async function run(order: SubscriberOrder): Promise<number | number[]> {
  if ('count' in order) return events;
  if ('probe' in order) return probe(order.probe);
  const { port, doctorIds } = order.subscribe;
  for (const doctorId of doctorIds) await open(port, doctorId);
  return sockets.length;
}

process.on('message', (order: SubscriberOrder) => {
  void run(order).then((answer) => process.send?.(answer));
});
