import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BALANCER } from '../../container/compose.ts';
import { eventually } from '../eventually.ts';
import { DEBIAN_ENV } from './installed.ts';
import { freePort } from '../../../bench/lib/free-port.ts';

/** A load balancer by deploy/haproxy.cfg. */
export interface Balancer {
  readonly url: string;
  /** Resolves when the process has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts HAProxy by deploy/haproxy.cfg for the instances at these addresses, each an IP address and a port. Resolves when
 * it takes requests.
 * @param directory where its settings are written
 */
export async function startBalancer(
  directory: string,
  addresses: readonly string[],
): Promise<Balancer> {
  const port = await freePort();
  let settings = BALANCER.replace('bind :8080', `bind 127.0.0.1:${port}`);
  for (const [index, address] of addresses.entries()) {
    const name = `opd-${index + 1}`;
    settings = settings.includes(name)
      ? settings.replace(`${name}:8080`, address)
      : `${settings}  server ${name} ${address}\n`;
  }
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(file, settings);
  const process = spawn('haproxy', ['-db', '-f', file], { env: DEBIAN_ENV, stdio: 'ignore' });
  const ended = once(process, 'exit');
  const stop = async (): Promise<void> => {
    process.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually(async () => (await fetch(`${url}/ready`).catch(() => null))?.ok ?? false);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
