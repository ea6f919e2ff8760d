import type { Logger } from 'pino';
import type { Temporal } from 'temporal-polyfill';
import { Client } from '../lib/client.ts';
import { Random } from '../lib/random.ts';
import { ClinicDays, eveningBefore } from './clinic-days.ts';
import { startDemoService } from './demo-service.ts';

interface DemoOptions {
  /** The port of 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Repeats the choices of patients and doctors. */
  readonly seed: number;
  /** The first day. */
  readonly date: Temporal.PlainDate;
  readonly timeZone: string;
  readonly logger: Logger;
  /** Called with each sentence on what has happened, after the time `HH:MM` of the clinic. */
  readonly onNews: (time: string, sentence: string) => void;
}

/** A running service and the days that are played on it. */
export interface Demo {
  readonly url: string;
  readonly days: ClinicDays;
  close(): Promise<void>;
}

/**
 * Starts the service and opens the first day. The clock stands still until the days make a step.
 * @throws ToolError when another program listens on the port
 */
export async function openDemo({
  port,
  seed,
  date,
  timeZone,
  logger,
  onNews,
}: DemoOptions): Promise<Demo> {
  const service = await startDemoService({
    port,
    startsAt: eveningBefore(date, timeZone),
    timeZone,
    logger,
  });
  const client = new Client(service.url, 1);
  const close = async (): Promise<void> => {
    client.close();
    await service.stop();
  };
  const days = await ClinicDays.open({
    ...{ service, client, timeZone, onNews },
    random: new Random(seed),
  });
  return { url: service.url, days, close };
}
