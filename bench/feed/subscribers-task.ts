import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { required } from '../lib/required.ts';

/** Streams to open, each with the events of one of these doctors. */
export interface Subscribe {
  readonly subscribe: { readonly port: number; readonly doctorIds: readonly string[] };
}

/** Bookings to send one after another; the answer has the milliseconds from each answer until all streams had the event. */
export interface Probe {
  readonly probe: { readonly url: string; readonly bookings: readonly string[] };
}

/** Asks how many events the streams have had. */
export type SubscriberOrder = Subscribe | Probe | { readonly count: true };

const sockets: Socket[] = [];
let events = 0;
/** Called at each event of each stream. */
let onEvent: () => void = () => undefined;

/** Opens a stream; resolves when it has begun. Only the lines of events are looked for, because parsing costs time. */
async function open(port: number, doctorId: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  socket.write(`GET /events?doctor_id=${doctorId} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  sockets.push(socket);
  let rest = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (piece: unknown) => {
      rest += String(piece);
      const blocks = rest.split('\n\n');
      rest = required(blocks.pop());
      for (const block of blocks)
        if (block.includes('retry: ')) resolve();
        else if (block.includes('event: ')) {
          events += 1;
          onEvent();
        }
    });
  });
}

async function probe({ url, bookings }: Probe['probe']): Promise<number[]> {
  const times: number[] = [];
  for (const body of bookings) {
    const expected = events + sockets.length;
    const all = new Promise<number>((resolve) => {
      onEvent = () => {
        if (events === expected) resolve(performance.now());
      };
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/book`, { method: 'POST', headers, body });
    const answeredMs = performance.now();
    if (answer.status !== 201) throw new Error(`a booking was answered with ${answer.status}`);
    await answer.arrayBuffer();
    times.push(Math.max((await all) - answeredMs, 0));
  }
  onEvent = () => undefined;
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
