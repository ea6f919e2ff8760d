import {
  HOSPITAL,
  leaveId,
  localDate,
  type DoctorFacts,
  type DoctorId,
  type DoctorPlan,
  type HolidaysPut,
  type Leave,
  type LeaveId,
  type LeaveTaken,
  type Slot,
  type SlotId,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import { localDateAt } from './calendar.ts';
import type { CommandContext } from './caller.ts';
import { doctorFactsOf, faultsOf, type DoctorInput } from './doctor-input.ts';
import { planOf, sessionsOf, slotIdsOf } from './doctor-plan.ts';
import { runDryRunnable, type DryRunnable } from './dry-run.ts';
import { hospitalScope, plansOfRemoved, putHolidays, withHospital } from './holidays.ts';
import type { Answer } from './idempotency.ts';
import {
  holidayFaultsOf,
  holidaysOf,
  leaveDateFaultsOf,
  type HolidayInput,
  type LeaveInput,
} from './leave-input.ts';
import { overlapsOf, type Overlap } from './overlaps.ts';
import { refused } from './refusal.ts';
import { union, type CommandDeps, type Projection, type Runner } from './runner.ts';

/** A doctor who was added or revised. */
export interface PutDoctor {
  readonly isNew: boolean;
  readonly doctor: DoctorFacts;
  /** The slots that are kept for their patients, because the sessions no longer yield them (R25). */
  readonly kept: readonly Slot[];
  /** The sessions that sit at the same time. */
  readonly overlaps: readonly Overlap[];
}

export interface TakeLeaveCommand extends Pick<LeaveInput, 'from' | 'to' | 'reason'>, DryRunnable {
  readonly doctorId: DoctorId;
  /** A slot, or a session: then for each slot the session's next one. Null cancels the patients. */
  readonly moveTo: SlotId | null;
}

export interface EndLeaveCommand {
  readonly doctorId: DoctorId;
  readonly leaveId: LeaveId;
}

export interface PutHolidaysCommand extends DryRunnable {
  readonly holidays: readonly HolidayInput[];
}

export interface AnnounceCommand {
  /** Null ends the announcement. */
  readonly text: string | null;
}

/** A leave that was taken back, and the slots that are open again because of it. */
export interface EndedLeave extends EndLeaveCommand {
  readonly opened: readonly Slot[];
}

/** The commands on doctors: their sessions, their leaves, the holidays, and their retirement. */
export class DoctorCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /**
   * Adds or revises a doctor and the slots of the sessions; repeating it changes nothing. The doctor's leaves stay.
   * @param input the doctor as a roster writes it
   */
  putDoctor<View>(
    id: string,
    input: DoctorInput,
    context: CommandContext,
    project: Projection<PutDoctor, View>,
  ): Promise<Answer<View>> {
    return this.#runner.run('putDoctor', context, (intent) => {
      const { engine } = this.#deps;
      const errors = faultsOf(input);
      if (errors.length > 0) return Promise.resolve(refused({ code: 'invalid_request', errors }));
      const plan = planOf(this.#deps, doctorFactsOf(id, input));
      const { id: doctorId } = plan.facts;
      let isNew = false;
      const scope = {
        ...{ doctorIds: withHospital(doctorId), slotIds: slotIdsOf(plan) },
        ...{ sessions: sessionsOf(plan), isSetup: true },
      };
      return this.#runner.decide(scope, intent, {
        decide: (at) => {
          const known = engine.doctor(doctorId)?.facts;
          isNew = known === undefined;
          const facts = doctorFactsOf(id, input, known?.leaves);
          return engine.putDoctor(facts, planOf(this.#deps, facts).planned, at);
        },
        project: ({ facts, slots }, moment) => {
          const kept = slots.filter((slot) =>
            isKept(slot, moment.engine.hasEnded(slot, moment.at)),
          );
          const overlaps = overlapsOf(facts.sessions, localDateAt(moment.at, facts.timeZone));
          return project({ isNew, doctor: facts, kept, overlaps }, moment);
        },
      });
    });
  }

  /** Retires a doctor: no new slots, left out of lists. Refused while a patient has still to be seen. */
  retireDoctor<View>(
    doctorId: DoctorId,
    context: CommandContext,
    project: Projection<DoctorFacts, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    return this.#runner.run('retireDoctor', context, (intent) =>
      this.#runner.decide({ doctorIds: [doctorId] }, intent, {
        decide: (at) => {
          const timeZone = engine.doctor(doctorId)?.facts.timeZone ?? 'UTC';
          return engine.retireDoctor({ doctorId, today: localDateAt(at, timeZone), at });
        },
        project: ({ facts }, moment) => project(facts, moment),
      }),
    );
  }

  /** Adds a leave and closes the slots of its dates; all patients are listed with what became of them (R24). */
  takeLeave<View>(
    { doctorId, moveTo, isDryRun, ...dates }: TakeLeaveCommand,
    context: CommandContext,
    project: Projection<LeaveTaken, View>,
  ): Promise<Answer<View>> {
    const { engine, clock, newId } = this.#deps;
    const [from, to] = [localDate(dates.from), localDate(dates.to)];
    const reason = dates.reason.trim();
    const run = { isDryRun };
    return runDryRunnable(
      this.#runner,
      'takeLeave',
      run,
      context,
      async (intent) => {
        const errors = leaveDateFaultsOf(dates);
        if (errors.length > 0) return refused({ code: 'invalid_request', errors });
        const own: Scope = { doctorIds: withHospital(doctorId) };
        const target = moveTo === null ? own : await this.#runner.scopeOfSlot(moveTo);
        const leave: Leave = { id: leaveId(newId(clock())), from, to, reason };
        return this.#runner.decide(union(own, target ?? own), intent, {
          ...run,
          decide: (at) => engine.takeLeave({ doctorId, leave, moveTo, at }),
          project,
        });
      },
      reason,
    );
  }

  /** Takes a leave back; the slots of its dates open again as their sessions yield them now (R24). */
  endLeave<View>(
    command: EndLeaveCommand,
    context: CommandContext,
    project: Projection<EndedLeave, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const { doctorId } = command;
    return this.#runner.run('endLeave', context, (intent) => {
      const plan = this.#planOf(doctorId);
      const slotIds = plan === undefined ? [] : slotIdsOf(plan);
      return this.#runner.decide({ doctorIds: withHospital(doctorId), slotIds }, intent, {
        decide: (at) => {
          const planned = this.#planOf(doctorId)?.planned ?? [];
          return engine.endLeave({ ...command, planned, at });
        },
        project: (opened, moment) => project({ ...command, opened }, moment),
      });
    });
  }

  /** Replaces the holidays; the slots of all doctors close and open as by leaves (R24). */
  putHolidays<View>(
    { holidays: input, isDryRun }: PutHolidaysCommand,
    context: CommandContext,
    project: Projection<HolidaysPut & { readonly holidays: readonly Leave[] }, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    return runDryRunnable(this.#runner, 'putHolidays', { isDryRun }, context, (intent) => {
      const errors = holidayFaultsOf(input);
      if (errors.length > 0) return Promise.resolve(refused({ code: 'invalid_request', errors }));
      const holidays = holidaysOf(input);
      const planned = plansOfRemoved(this.#deps, holidays);
      const slotIds = [...planned.values()].flat().map(({ id }) => id);
      return this.#runner.decide({ ...hospitalScope(engine), slotIds }, intent, {
        isDryRun,
        decide: (at) => putHolidays(this.#deps, holidays, at),
        project: (put, moment) => project({ ...put, holidays }, moment),
      });
    });
  }

  /** Sets what the screens of the hospital announce, or ends it. */
  announce<View>(
    { text }: AnnounceCommand,
    context: CommandContext,
    project: Projection<string | null, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    return this.#runner.run('announce', context, (intent) =>
      this.#runner.decide({ doctorIds: [HOSPITAL], isSetup: true }, intent, {
        decide: (at) => engine.announce({ text, at }),
        project,
      }),
    );
  }

  #planOf(id: DoctorId): DoctorPlan | undefined {
    const facts = this.#deps.engine.doctor(id)?.facts;
    return facts && planOf(this.#deps, facts);
  }
}

/** Whether a slot takes nobody new, because its session does not yield it any more. */
const isKept = ({ facts, isClosed }: Slot, hasEnded: boolean): boolean =>
  facts.kept !== null && !isClosed && !hasEnded;
