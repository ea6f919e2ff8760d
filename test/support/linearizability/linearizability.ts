// Is there one order of all operations, each at some instant between its call and its return, in which a single
// sequential service would have given exactly these answers? After Wing and Gong, with the memory of Lowe: a depth-first
// search that never enters the same state twice with the same operations done.

/** What a client asked, and what it was told. */
export interface Operation<Request> {
  readonly client: number;
  /** Before the request was sent; milliseconds of one clock for all clients. */
  readonly invoked: number;
  readonly request: Request;
  /** Null when no answer came: it took effect at any time since, or never. */
  readonly answered: { readonly at: number; readonly text: string } | null;
}

/** A service that does one thing after the other. */
export interface SequentialModel<State, Request> {
  readonly initial: State;
  /** What a request does and is told: the same state object when it changes nothing; null when it cannot come now. */
  apply(state: State, request: Request): { readonly state: State; readonly answer: string } | null;
  /** Equal for equal states alone. */
  keyOf(state: State): string;
  /** A request in words. */
  wordsOf(request: Request): string;
}

/** A call or a return in the order of time. */
interface Event<Request> {
  readonly index: number;
  readonly operation: Operation<Request>;
  /** The return of a call; null where no answer came, and for a return. */
  readonly end: Event<Request> | null;
  readonly isCall: boolean;
  previous: Event<Request> | null;
  next: Event<Request> | null;
}

/** The operations that are still to be put in order: a list from which they are taken, and given back in reverse. */
class Timeline<Request> {
  /** Answered operations in the list. */
  open = 0;
  #first: Event<Request> | null = null;

  constructor(operations: readonly Operation<Request>[]) {
    const events = operations.flatMap((operation) => eventsOf(operation));
    // At one instant the calls come first: what may overlap does.
    events.sort((a, b) => timeOf(a) - timeOf(b) || Number(b.isCall) - Number(a.isCall));
    let previous: Event<Request> | null = null;
    for (const [index, event] of events.entries()) {
      Object.assign(event, { index, previous });
      if (previous === null) this.#first = event;
      else previous.next = event;
      if (!event.isCall) this.open += 1;
      previous = event;
    }
  }

  /** The calls before the first return, one of which must be next: those answered, then the others. */
  choices(): { readonly calls: readonly Event<Request>[]; readonly key: string } {
    const calls: Event<Request>[] = [];
    let event = this.#first;
    for (; event?.isCall === true; event = event.next) calls.push(event);
    // With these calls and this return all that was taken is known: nothing that was called later could be.
    const key = `${event?.index ?? ''}:${calls.map(({ index }) => index).join()}`;
    // An effect that nobody was told of is assumed only when nothing else explains an answer.
    const isTold = (call: Event<Request>): boolean => call.end !== null;
    return { calls: [...calls.filter(isTold), ...calls.filter((call) => !isTold(call))], key };
  }

  take(call: Event<Request>): void {
    for (const event of [call, call.end]) {
      if (event === null) continue;
      if (event.previous === null) this.#first = event.next;
      else event.previous.next = event.next;
      if (event.next !== null) event.next.previous = event.previous;
      if (!event.isCall) this.open -= 1;
    }
  }

  giveBack(call: Event<Request>): void {
    for (const event of [call.end, call]) {
      if (event === null) continue;
      if (event.previous === null) this.#first = event;
      else event.previous.next = event;
      if (event.next !== null) event.next.previous = event;
      if (!event.isCall) this.open += 1;
    }
  }
}

function eventsOf<Request>(operation: Operation<Request>): Event<Request>[] {
  const event = { index: 0, operation, previous: null, next: null };
  const end = operation.answered === null ? null : { ...event, isCall: false, end: null };
  const call = { ...event, isCall: true, end };
  return end === null ? [call] : [call, end];
}

const timeOf = ({ isCall, operation }: Event<unknown>): number =>
  isCall ? operation.invoked : (operation.answered?.at ?? Infinity);

/** A choice made, and what it takes to make another. */
interface Choice<State, Request> {
  readonly call: Event<Request>;
  readonly before: State;
  readonly others: readonly Event<Request>[];
}

/** The longest order that gives these answers, and the calls of which none can follow. */
interface DeadEnd<State, Request> {
  readonly done: readonly Operation<Request>[];
  readonly state: State;
  readonly calls: readonly Operation<Request>[];
}

const operationsOf = <Request>(calls: readonly Event<Request>[]): Operation<Request>[] =>
  calls.map(({ operation }) => operation);

/** States after which the search gives up: far more than any history here needs, in seconds. */
const STATES_MAX = 1_000_000;

/**
 * Null when the history is linearizable; otherwise why not: the end of the longest order that gives these answers, and
 * the operations of which none can follow. Operations in no particular order; all on one clock.
 * @throws Error when no order was found, and there are too many for all to be tried
 */
export function faultOf<State, Request>(
  operations: readonly Operation<Request>[],
  model: SequentialModel<State, Request>,
): string | null {
  const timeline = new Timeline(operations);
  const visited = new Set<string>();
  const path: Choice<State, Request>[] = [];
  let state = model.initial;
  let calls = timeline.choices().calls;
  let fewest = timeline.open;
  let deadEnd: DeadEnd<State, Request> = { done: [], state, calls: operationsOf(calls) };
  while (timeline.open > 0) {
    const [call, ...others] = calls;
    if (call === undefined) {
      const last = path.pop();
      if (last === undefined) return explanation(deadEnd, model);
      timeline.giveBack(last.call);
      state = last.before;
      calls = last.others;
      continue;
    }
    calls = others;
    const after = stateAfter(state, call.operation, model);
    if (after === null) continue;
    timeline.take(call);
    const choices = timeline.choices();
    const key = `${choices.key} ${model.keyOf(after)}`;
    if (visited.has(key)) {
      timeline.giveBack(call);
      continue;
    }
    if (visited.add(key).size > STATES_MAX)
      throw new Error(`not decided after ${STATES_MAX} states; ${explanation(deadEnd, model)}`);
    // What changes nothing and may come now may as well: whatever order there is stays one with this at its head.
    path.push({ call, before: state, others: after === state ? [] : others });
    state = after;
    calls = choices.calls;
    if (timeline.open < fewest) {
      fewest = timeline.open;
      const done = path.map(({ call: { operation } }) => operation);
      deadEnd = { done, state, calls: operationsOf(calls) };
    }
  }
  return null;
}

/** Null when the operation cannot come next, or need not: an effect that nobody was told of and that is none. */
function stateAfter<State, Request>(
  state: State,
  { request, answered }: Operation<Request>,
  model: SequentialModel<State, Request>,
): State | null {
  const step = model.apply(state, request);
  if (step === null) return null;
  const fits = answered === null ? step.state !== state : step.answer === answered.text;
  return fits ? step.state : null;
}

/** Operations told of the longest order: what went wrong is in what was done last. */
const TOLD_MAX = 12;

function explanation<State, Request>(
  { done, state, calls }: DeadEnd<State, Request>,
  model: SequentialModel<State, Request>,
): string {
  const wordsOf = ({ client, invoked, request, answered }: Operation<Request>): string => {
    const until = answered === null ? '' : answered.at.toFixed(3);
    const asked = `  client ${client} [${invoked.toFixed(3)}, ${until}] ${model.wordsOf(request)}`;
    return `${asked}: ${answered?.text ?? 'no answer'}`;
  };
  const stuck = calls.map((operation) => {
    const answer = model.apply(state, operation.request)?.answer ?? 'impossible';
    return `${wordsOf(operation)}\n    next in order it is: ${answer}`;
  });
  return [
    `not linearizable: ${done.length} operations can be put in order, such as, at the end,`,
    ...done.slice(-TOLD_MAX).map(wordsOf),
    'and none of these can be the next:',
    ...stuck,
  ].join('\n');
}
