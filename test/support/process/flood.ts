import { once } from 'node:events';
import { connect } from 'node:net';

const REQUESTS_AT_ONCE = 500;

/** Sends requests on one connection, so that the service writes a log line for each. Resolves when all have 200. */
export async function flood(url: string, requests: number): Promise<void> {
  const { host, hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  for (let left = requests; left > 0; left -= REQUESTS_AT_ONCE) {
    const count = Math.min(left, REQUESTS_AT_ONCE);
    socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(count));
    let answers = '';
    let answered = 0;
    while (answered < count) {
      const [text] = (await once(socket, 'data')) as [string];
      answers += text;
      answered = answers.split('HTTP/1.1 200 OK').length - 1;
    }
  }
  socket.destroy();
}
