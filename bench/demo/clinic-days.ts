import { Temporal } from 'temporal-polyfill';
import type { DayReportView } from '../../src/http/resources/index.ts';
import type { QueueView } from '../../src/http/resources/queue.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import type { Random } from '../lib/random.ts';
import { prioritiesOf } from '../simulation/clinic.ts';
import { classesOf } from '../simulation/patients.ts';
import { AGENDA } from './agenda.ts';
import { ConsultingRooms } from './consulting-rooms.ts';
import type { DemoService } from './demo-service.ts';
import { DOCTORS, MINUTE_MS } from './hospital.ts';
import { Reception } from './reception.ts';

/** Seconds of the clinic's time in one step. */
export const STEP_SECONDS = 15;
/** When the first patients come, and after which hour no doctor sits. */
const OPENS_AT = '08:45';
const CLOSING_HOUR = 17;
/** At about how many minutes from now the patient is called whose page is shown. */
const PAGE_AHEAD_MINUTES = 40;

const openingOf = (date: Temporal.PlainDate, timeZone: string): number =>
  date.toZonedDateTime({ timeZone, plainTime: OPENS_AT }).epochMilliseconds;

/** The evening before a date, on which patients book for it, in milliseconds since the epoch. */
export const eveningBefore = (date: Temporal.PlainDate, timeZone: string): number =>
  date.subtract({ days: 1 }).toZonedDateTime({ timeZone, plainTime: '18:00' }).epochMilliseconds;

interface ClinicDaysDeps {
  readonly service: DemoService;
  readonly client: Client;
  readonly random: Random;
  readonly timeZone: string;
  /** Called with each sentence on what has happened, after the time `HH:MM`. */
  readonly onNews: (time: string, sentence: string) => void;
}

/** Plays the days of the demo, one after another, in steps of some seconds. The seed of `random` decides everything. */
export class ClinicDays {
  readonly #deps: ClinicDaysDeps;
  readonly #reception: Reception;
  readonly #rooms: ConsultingRooms;
  #agenda = [...AGENDA];
  #newsHour = 0;

  private constructor(deps: ClinicDaysDeps, classes: readonly string[]) {
    const { client, random } = deps;
    this.#deps = deps;
    const reception = new Reception({ client, random, classes });
    this.#reception = reception;
    this.#rooms = new ConsultingRooms({
      ...{ client, random },
      onSkipped: (id, now) => reception.skipped(id, now),
    });
  }

  /** Opens the first day. The clock of the service is at the evening before it. */
  static async open(deps: ClinicDaysDeps): Promise<ClinicDays> {
    const days = new ClinicDays(deps, classesOf(await prioritiesOf(deps.client)));
    await days.#nextDay();
    return days;
  }

  /** The link to the page of a patient who is called soon; undefined when no patient of the demo is to be called. */
  async patientLink(): Promise<string | undefined> {
    const at = this.#deps.service.now + PAGE_AHEAD_MINUTES * MINUTE_MS;
    return this.#reception.linkOf(await this.#queue(), at);
  }

  /** Lets the next seconds of the day pass. After the last patient of a day it goes on with the next morning. */
  async step(): Promise<void> {
    const { service } = this.#deps;
    await service.advance(STEP_SECONDS * 1_000);
    const queue = await this.#queue();
    await this.#reception.step(queue, service.now, STEP_SECONDS / 60);
    await this.#rooms.step(queue, service.now);
    await this.#keepAgenda();
    if (this.#time.hour >= CLOSING_HOUR && isOver(queue)) {
      this.#tell(`The day is over: ${await this.#summary()}. The next morning begins.`);
      await this.#nextDay();
    } else await this.#tellHour();
  }

  get #time(): Temporal.ZonedDateTime {
    const { service, timeZone } = this.#deps;
    return Temporal.Instant.fromEpochMilliseconds(service.now).toZonedDateTimeISO(timeZone);
  }

  get #date(): string {
    return this.#time.toPlainDate().toString();
  }

  async #queue(): Promise<QueueView> {
    return bodyOf(await this.#deps.client.get('/queue'), 'The queue') as QueueView;
  }

  /** Books the patients of tomorrow, and goes on with tomorrow's opening. */
  async #nextDay(): Promise<void> {
    const { service, timeZone } = this.#deps;
    const tomorrow = this.#time.toPlainDate().add({ days: 1 });
    await this.#reception.bookBefore(tomorrow.toString());
    await service.advance(openingOf(tomorrow, timeZone) - service.now);
    this.#reception.forgetOthers(await this.#queue());
    this.#rooms.openDay();
    this.#agenda = [...AGENDA];
    this.#newsHour = this.#time.hour + 1;
  }

  async #keepAgenda(): Promise<void> {
    const { client } = this.#deps;
    while (this.#agenda[0] !== undefined && this.#agenda[0].at <= clockTimeOf(this.#time)) {
      const { method, path, body, says } = this.#agenda[0];
      this.#agenda.shift();
      const text = JSON.stringify(body(this.#date));
      const { status } = await client.send(method, path(this.#date), text, {});
      if (status < 300) this.#tell(says);
    }
  }

  async #tellHour(): Promise<void> {
    const { hour } = this.#time;
    if (hour < this.#newsHour || hour >= CLOSING_HOUR) return;
    this.#newsHour = hour + 1;
    const link = await this.patientLink();
    this.#tell(
      `${await this.#summary()}.${link === undefined ? '' : ` A patient's page: ${link}`}`,
    );
  }

  /** What has happened to the patients of the day until now. */
  async #summary(): Promise<string> {
    const counts = { completed: 0, no_show: 0, cancelled: 0 };
    for (const { id } of DOCTORS) {
      const path = `/reports/day?doctor_id=${id}&date=${this.#date}`;
      const { total } = bodyOf(await this.#deps.client.get(path), path) as DayReportView;
      counts.completed += total.completed;
      counts.no_show += total.no_show;
      counts.cancelled += total.cancelled;
    }
    return `${counts.completed} patients seen, ${counts.no_show} not come, ${counts.cancelled} cancelled`;
  }

  #tell(sentence: string): void {
    this.#deps.onNews(clockTimeOf(this.#time), sentence);
  }
}

const clockTimeOf = (time: Temporal.ZonedDateTime): string =>
  time.toPlainTime().toString({ smallestUnit: 'minute' });

/** Whether no patient is at the clinic any more. */
const isOver = ({ doctors }: QueueView): boolean =>
  doctors.every(
    ({ in_consultation, calling_order }) =>
      in_consultation.length === 0 && calling_order.every(({ status }) => status !== 'CHECKED_IN'),
  );
