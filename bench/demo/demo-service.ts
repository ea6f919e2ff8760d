import type { Logger } from 'pino';
import { readVersion } from '../../src/cli/program.ts';
import { DEFAULT_CLASSES, epochMs } from '../../src/engine/index.ts';
import { buildApp } from '../../src/http/app.ts';
import { BOUNDS, openService } from '../http/in-process.ts';
import { freePort } from '../lib/free-port.ts';
import { ToolError } from '../lib/tool.ts';
import { doctorsOf } from './hospital.ts';

interface DemoServiceOptions {
  /** The port of 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** The first time of its clock, in milliseconds since the epoch. */
  readonly startsAt: number;
  readonly timeZone: string;
  readonly logger: Logger;
}

/** The service in this process, with its data in memory and a clock that stands still until `advance` sets it. */
export interface DemoService {
  readonly url: string;
  /** The time of its clock, in milliseconds since the epoch. */
  readonly now: number;
  /** Lets time pass, and does the work of each second once. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the service of the demo, without access keys.
 * @throws ToolError when another program listens on the port
 */
export async function startDemoService(options: DemoServiceOptions): Promise<DemoService> {
  let now = options.startsAt;
  const clock = () => epochMs(now);
  const port = options.port === 0 ? Number(await freePort()) : options.port;
  const url = `http://127.0.0.1:${port}`;
  const { service, webhooks } = openService('memory:', clock);
  const app = await buildApp({
    ...{ service, webhooks, classes: DEFAULT_CLASSES, clock, version: readVersion() },
    ...{ logger: options.logger, allowsAnonymous: true, publicUrl: url, metrics: null, ...BOUNDS },
  });
  // Node itself would send the time of the machine. The pages show the time of this header.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('date', new Date(now).toUTCString());
    done();
  });
  await service.start(() => ({ doctors: [...doctorsOf(options.timeZone)], slots: [] }));
  await app.listen({ host: '127.0.0.1', port }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ToolError(
      `127.0.0.1:${port} is in use: stop the program that listens there, or choose another port: npm run demo -- --port ${port + 1}`,
    );
  });
  return {
    url,
    get now() {
      return now;
    },
    advance(ms) {
      now += ms;
      return service.tick();
    },
    async stop() {
      service.stop();
      await app.close();
    },
  };
}
