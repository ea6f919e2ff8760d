import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A receiver in a process of its own. It tells its parent the address, and answers each message of its parent with how many
// messages have come and whether those of each doctor came in their order.

const latest = new Map<string, number>();
let received = 0;
let isInOrder = true;

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const { doctor_id: doctor, version } = JSON.parse(text) as {
      doctor_id: string;
      version: number;
    };
    isInOrder &&= version > (latest.get(doctor) ?? 0);
    latest.set(doctor, version);
    received += 1;
    response.writeHead(204).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('message', () => process.send?.({ received, isInOrder }));
process.once('disconnect', () => process.exit());
