import type { TakenLeaveView } from '../../src/http/resources/index.ts';
import type { HttpAnswer } from '../lib/client.ts';
import { work, type Action, type WorkerDeps } from './worker.ts';

/** The mean pause of the office between two commands, in milliseconds. */
const PAUSE_MS = 250;
const INTAKES = ['ALL', 'ALL', 'ALL', 'EMERGENCY', 'NONE'] as const;

/** The office of the hospital: it opens, changes and closes slots, and knows of delays, breaks, leaves and holidays. */
export class Office {
  readonly #deps: WorkerDeps;
  #sent = 0;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  run(ending: AbortSignal): Promise<void> {
    const { random } = this.#deps;
    const actions: readonly Action[] = [
      [30, () => this.#openSlot()],
      [18, () => this.#revise({ capacity: 4 + random.below(10) })],
      [12, () => this.#revise({ intake: random.pick(INTAKES) })],
      [6, () => this.#revise({ delay_minutes: random.below(30) })],
      [5, () => this.#delay()],
      [6, () => this.#break()],
      [6, () => this.#close('?dry_run=true')],
      [4, () => this.#close('')],
      [3, () => this.#leave()],
      [3, () => this.#holidays()],
      [4, () => this.#putDoctor()],
    ];
    return work(actions, { random, pauseMs: PAUSE_MS, ending });
  }

  async #openSlot(): Promise<void> {
    const { hospital } = this.#deps;
    const doctorId = this.#anyDoctor();
    const slot = hospital.nextSlot(doctorId);
    const answer = await this.#send('POST /slots', '/slots', slot);
    if (answer?.status === 201) hospital.add(slot.id, doctorId);
  }

  async #revise(body: object): Promise<void> {
    await this.#send('PATCH /slots/{id}', `/slots/${this.#anyRunning()}`, body);
  }

  async #delay(): Promise<void> {
    const { hospital, random } = this.#deps;
    const path = `/doctors/${this.#anyDoctor()}/delay`;
    const body = { date: hospital.date(random.below(4)), minutes: random.below(20) };
    await this.#send('POST /doctors/{id}/delay', path, body);
  }

  async #break(): Promise<void> {
    const path = `/doctors/${this.#anyDoctor()}/break`;
    await this.#send('POST /doctors/{id}/break', path, { minutes: this.#deps.random.below(10) });
  }

  /** Closes a slot and opens it again. */
  async #close(query: '' | '?dry_run=true'): Promise<void> {
    const { hospital, random } = this.#deps;
    const path = `/slots/${this.#anyRunning()}`;
    const move = random.chance(0.7) ? { move_to: random.pick(hospital.running).id } : {};
    const body = { reason: 'the doctor is ill', ...move };
    await this.#send('POST /slots/{id}/close', `${path}/close${query}`, body);
    if (query === '')
      await this.#send('POST /slots/{id}/reopen', `${path}/reopen`, { reason: 'well again' });
  }

  /** Puts a doctor on leave and takes the leave back. */
  async #leave(): Promise<void> {
    const { hospital, random } = this.#deps;
    const id = this.#anyDoctor();
    const [from, to] = [hospital.date(3), hospital.date(3 + random.below(3))];
    const body = { from, to, reason: 'a course', move_to: `${id}-morning` };
    const path = `/doctors/${id}/leave`;
    const answer = await this.#send('POST /doctors/{id}/leave', path, body);
    if (answer?.status !== 200) return;
    const { id: leaveId } = answer.body as TakenLeaveView;
    await this.#send('DELETE /doctors/{id}/leave/{leave_id}', `${path}/${leaveId}`);
  }

  async #holidays(): Promise<void> {
    const { hospital, random } = this.#deps;
    const holidays = [{ date: hospital.date(8), name: 'a holiday' }];
    await this.#send('PUT /holidays', '/holidays', random.chance(0.5) ? holidays : []);
  }

  async #putDoctor(): Promise<void> {
    const { hospital, random } = this.#deps;
    const id = this.#anyDoctor();
    await this.#send('PUT /doctors/{id}', `/doctors/${id}`, hospital.doctor(id, random.below(4)));
  }

  #anyDoctor(): string {
    const { hospital, random } = this.#deps;
    return random.pick(hospital.doctorIds);
  }

  #anyRunning(): string {
    const { hospital, random } = this.#deps;
    return random.pick(hospital.running).id;
  }

  #send(operation: string, path: string, body?: object): Promise<HttpAnswer | null> {
    const { name, traffic } = this.#deps;
    this.#sent += 1;
    const isKeyed = operation.startsWith('POST') && !path.endsWith('dry_run=true');
    return traffic.send(name, {
      ...{ operation, path },
      ...(body === undefined ? {} : { body }),
      ...(isKeyed ? { key: `${name} ${this.#sent}` } : {}),
    });
  }
}
