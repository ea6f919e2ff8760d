import { isDoctor, type AllocationEngine, type DoctorId, type EpochMs } from '../engine/index.ts';
import type { Archive, ChangeLog, KeyStore, Store } from '../store/index.ts';
import { publishRun } from '../telemetry/index.ts';
import { AccessKeys } from './access-keys.ts';
import { AuditTrail } from './audit-trail.ts';
import { assertClassesFit } from './roster/class-table.ts';
import { Changes } from './changes.ts';
import { ClinicCommands } from './clinic-commands.ts';
import { DoctorCommands } from './doctor-commands.ts';
import { EventAccess } from './event-access.ts';
import { EventFeed } from './event-feed.ts';
import { EventLog } from './events.ts';
import { createTokenIds } from './ids.ts';
import { LargeReads } from './large-reads.ts';
import { Lifecycle } from './lifecycle.ts';
import { load } from './load.ts';
import { occupancyOf } from './occupancy.ts';
import { PatientTickets } from './patient-tickets.ts';
import { Permissions } from './permissions.ts';
import { Reads } from './reads.ts';
import { Reports } from './reports.ts';
import type { Roster } from './roster/file.ts';
import { Runner } from './runner.ts';
import { SlotMaintainer } from './slot-maintainer.ts';
import { Tickets } from './tickets.ts';
import { TokenCommands } from './token-commands.ts';

export { classTable } from './roster/class-table.ts';
export { AccessKeys, type KeyFailure, type Recognition } from './access-keys.ts';
export { createAdminRecorder } from './admin-changes.ts';
export { AuditTrail, isAdminChange, type AuditPage, type AuditPlace } from './audit-trail.ts';
export * from './caller.ts';
export { Changes, isOfDoctors, type ChangesPage } from './changes.ts';
export {
  ClinicCommands,
  type Break,
  type DelayedDay,
  type ReopenedSlot,
} from './clinic-commands.ts';
export { Eraser, isOver, type ErasedPatient } from './eraser.ts';
export { DoctorCommands, type EndedLeave, type PutDoctor } from './doctor-commands.ts';
export * from './commands.ts';
export type { Answer } from './idempotency.ts';
export { instantOf } from './instant.ts';
export {
  doctorsFaultOf,
  expiryOf,
  KEY_NAME_PATTERN,
  KeyRegistry,
  type KeyInput,
  type PutKey,
} from './key-registry.ts';
export { EventAccess, type EventGrant } from './event-access.ts';
export { SharedEvents } from './event-batch.ts';
export { EventFeed, type Subscriber } from './event-feed.ts';
export {
  EVENT_TYPES,
  EventLog,
  type EventPage,
  type EventType,
  type PublicEvent,
} from './events.ts';
export { PatientTickets, type TicketHolder } from './patient-tickets.ts';
export { inTurns, RequestEndedError, slicesOf } from './large-reads.ts';
export type {
  DoctorQueue,
  QueueSlot,
  Doctors,
  History,
  LongQueue,
  LongSchedule,
  LongSlot,
  Queue,
  ReadSlot,
  Schedule,
  ShownSlot,
} from './read-model.ts';
export { Reads } from './reads.ts';
export * from './refusal.ts';
export * from './roles.ts';
export { HOURLY, type HourCounts, type HourlyKind } from './hour-sum.ts';
export type { DateCounts, RangeReport } from './range-report.ts';
export type { DayCounts, DayReport } from './report.ts';
export { Reports } from './reports.ts';
export { COUNTED, type Counts, type CountedKind } from './tally.ts';
export { load } from './load.ts';
export type { Occupancy } from './occupancy.ts';
export * from './doctor-input.ts';
export { duplicateFieldsOf } from './duplicate-fields.ts';
export { isVisibleText, VISIBLE_TEXT } from './visible-text.ts';
export * from './fault-words.ts';
export { findingsOf } from './schema-findings.ts';
export { NOT_UTF8, utf8TextOf } from './utf8-text.ts';
export { HolidayInput, holidayInputsOf } from './leave-input.ts';
export type { Overlap } from './overlaps.ts';
export { exportRoster } from './roster/export.ts';
export { importRoster } from './roster/import.ts';
export { demoRoster } from './roster/demo.ts';
export * from './roster/file.ts';
export { RosterError } from './roster/error.ts';
export type { Projection } from './runner.ts';
export type { SearchPage } from './search.ts';
export type { SlotInput } from './roster/single-slot.ts';
export { TokenCommands, type BookCommand, type BookedVisit } from './token-commands.ts';
export { Permissions, type Denial, type Subject } from './permissions.ts';
export type {
  AdminChange,
  ChangeRecord,
  DeliveryFilter,
  StoredDelivery,
  StoredKey,
  StoredToken,
  StoredWebhook,
} from '../store/index.ts';
export { DELIVERY_STATUSES, NotDurableError, UnknownOutcomeError } from '../store/index.ts';

export interface ServiceDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly changeLog: ChangeLog;
  readonly keys: KeyStore;
  readonly clock: () => EpochMs;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** What the other layers may do with the engine and the store: commands, reads, reports, and the work of each second. */
export interface Service {
  readonly tokens: TokenCommands;
  readonly clinic: ClinicCommands;
  readonly doctors: DoctorCommands;
  readonly reads: Reads;
  readonly reports: Reports;
  readonly auditTrail: AuditTrail;
  readonly eventFeed: EventFeed;
  readonly eventAccess: EventAccess;
  readonly patientTickets: PatientTickets;
  readonly changes: Changes;
  readonly keys: AccessKeys;
  readonly permissions: Permissions;
  /** False when a restart loses everything. */
  readonly isDurable: boolean;
  /** Why the service takes no command now; undefined when it is ready. */
  readonly unreadiness: 'not_durable' | 'stopping' | undefined;
  /** Commands, and on PostgreSQL reads too, that wait for the database or are on their way to it. */
  readonly queueLength: number;
  /** The seats of the open slots of today and of later days. It waits for other work of the process in between. */
  occupancy(): ReturnType<typeof occupancyOf>;
  /**
   * Loads every slot that can still change, applies the roster, brings the slots up to date and begins to serve.
   * @param roster called once, with whether the store has no doctors
   * @returns the demo doctors that the roster has replaced
   * @throws RosterError when the roster or the class table contradicts the stored state; nothing is changed then
   */
  start(roster: (isEmpty: boolean) => Roster): Promise<Started>;
  /** Opens the slots that have come into the horizon and ends those that are over. It is called about every second. */
  tick(): Promise<void>;
  /** Takes no more commands, and ends the streams of events. */
  stop(): void;
}

/** What a start has changed beside what the roster says. */
export interface Started {
  /** The demo doctors that have retired, because the roster is the first real one. */
  readonly retired: readonly DoctorId[];
}

/** Builds the service of an engine and of the store that makes the engine's changes durable. */
export function createService(deps: ServiceDeps): Service {
  const { engine, store, archive, changeLog, clock, horizonDays } = deps;
  const keys = new AccessKeys(deps.keys, clock);
  const tickets = new Tickets(deps.keys, clock);
  const lifecycle = new Lifecycle(store);
  const newId = createTokenIds();
  const keeper = new SlotMaintainer({ engine, store, clock, horizonDays });
  const commands = { engine, store, archive, lifecycle, clock, newId, horizonDays };
  const reading = { engine, store, archive, lifecycle, clock, largeReads: new LargeReads() };
  const runner = new Runner(commands);
  const eventLog = new EventLog(changeLog);
  const eventFeed = new EventFeed({ log: eventLog, lifecycle, onRun: publishRun });
  return {
    tokens: new TokenCommands(commands, runner),
    clinic: new ClinicCommands(commands, runner),
    doctors: new DoctorCommands(commands, runner),
    reads: new Reads(reading),
    reports: new Reports(reading),
    auditTrail: new AuditTrail({ ...reading, keys: deps.keys }),
    eventFeed,
    eventAccess: new EventAccess(keys, tickets, clock),
    patientTickets: new PatientTickets(tickets),
    changes: new Changes(eventLog, lifecycle),
    keys,
    permissions: new Permissions(deps),
    isDurable: store.isDurable,
    get unreadiness() {
      return lifecycle.unreadiness;
    },
    get queueLength() {
      return store.queueLength;
    },
    occupancy: () => occupancyOf(engine, clock()),
    async start(roster) {
      await load(store, clock);
      assertClassesFit(engine);
      await keys.refresh();
      const isEmpty = [...engine.doctors].every(({ facts }) => !isDoctor(facts));
      const { retired } = await keeper.apply(roster(isEmpty));
      await keeper.tick();
      lifecycle.run();
      return { retired };
    },
    tick: () => keeper.tick(),
    stop() {
      lifecycle.stop();
      eventFeed.stop();
    },
  };
}
