// Checks whether a history is linearizable: whether one order of all operations exists, each at an instant between
// its call and its return, in which a sequential service would have given exactly these answers. The algorithm is
// Wing and Gong's with Lowe's memory: a depth-first search that never enters the same state twice with the same
// operations done.

/** A request of a client and its answer. */
export interface Operation<Request> {
  readonly client: number;
  /** The time before the request was sent, in milliseconds of one clock for all clients. */
  readonly invoked: number;
  readonly request: Request;
  /** Null when no answer came: the request took effect at any later time, or never. */
  readonly answered: { readonly at: number; readonly text: string } | null;
}

/** A service that handles one request after another. */
export interface SequentialModel<State, Request> {
  readonly initial: State;
  /** The state after a request and its answer: the same state object when nothing changes. */
  apply(state: State, request: Request): { readonly state: State; readonly answer: string };
  /** Whether a request with this answer has changed nothing, whatever the state was. */
  changesNothing(request: Request, answer: string): boolean;
  /** A text that is equal only for equal states. */
  keyOf(state: State): string;
  /** A request as a short text. */
  wordsOf(request: Request): string;
}

/** A call or a return, linked in the order of time. */
interface Event<Request> {
  readonly index: number;
  readonly operation: Operation<Request>;
  /** The return that belongs to a call; null when no answer came, and for a return itself. */
  readonly end: Event<Request> | null;
  readonly isCall: boolean;
  previous: Event<Request> | null;
  next: Event<Request> | null;
}

/**
 * The operations that have no place in the order yet: a list from which operations are taken, and restored in reverse
 * order.
 */
class Timeline<Request> {
  /** How many answered operations are in the list. */
  open = 0;
  #first: Event<Request> | null = null;

  constructor(operations: readonly Operation<Request>[]) {
    const events = operations.flatMap((operation) => eventsOf(operation));
    // Calls come before returns of the same instant, so that operations which may overlap do.
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

  /** The calls before the first return, one of which must be next: first the answered ones. */
  choices(): { readonly calls: readonly Event<Request>[]; readonly key: string } {
    const calls: Event<Request>[] = [];
    let event = this.#first;
    for (; event?.isCall === true; event = event.next) calls.push(event);
    // These calls and this return identify the taken operations, because no later call can have been taken.
    const key = `${event?.index ?? ''}:${calls.map(({ index }) => index).join()}`;
    // An unanswered operation is tried last: it is assumed only when no other operation explains an answer.
    const isAnswered = (call: Event<Request>): boolean => call.end !== null;
    return {
      calls: [...calls.filter(isAnswered), ...calls.filter((call) => !isAnswered(call))],
      key,
    };
  }

  /** Takes an operation out of the list. */
  take(call: Event<Request>): void {
    for (const event of [call, call.end]) {
      if (event === null) continue;
      if (event.previous === null) this.#first = event.next;
      else event.previous.next = event.next;
      if (event.next !== null) event.next.previous = event.previous;
      if (!event.isCall) this.open -= 1;
    }
  }

  /** Puts the operation that was taken last back into the list. */
  restore(call: Event<Request>): void {
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

/** A choice of the search, with the state before it and the other choices. */
interface Choice<State, Request> {
  readonly call: Event<Request>;
  readonly before: State;
  readonly others: readonly Event<Request>[];
}

/** The longest order that gives the recorded answers, and the calls that cannot follow it. */
interface DeadEnd<State, Request> {
  readonly done: readonly Operation<Request>[];
  readonly state: State;
  readonly calls: readonly Operation<Request>[];
}

const operationsOf = <Request>(calls: readonly Event<Request>[]): Operation<Request>[] =>
  calls.map(({ operation }) => operation);

/** How many states the search visits at most: far more than any history here needs, and some seconds long. */
const STATES_MAX = 300_000;

/**
 * Null when the history is linearizable. Otherwise a text with the end of the longest order that gives the recorded
 * answers, and the operations that cannot follow it.
 * @param operations in any order, with times of one clock
 * @throws Error when no order was found before the search visited too many states
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
      timeline.restore(last.call);
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
      timeline.restore(call);
      continue;
    }
    if (visited.add(key).size > STATES_MAX)
      throw new Error(`not decided after ${STATES_MAX} states; ${explanation(deadEnd, model)}`);
    const { request, answered } = call.operation;
    // An operation that changes nothing and can come now is never moved: any order stays valid with it in front. That is
    // not so for a command that changes nothing now but would with the same answer in another state.
    const isFixed = answered !== null && model.changesNothing(request, answered.text);
    path.push({ call, before: state, others: isFixed ? [] : others });
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

/** The state after the operation. Null when it cannot come next, or when it is unanswered and changes nothing. */
function stateAfter<State, Request>(
  state: State,
  { request, answered }: Operation<Request>,
  model: SequentialModel<State, Request>,
): State | null {
  const step = model.apply(state, request);
  const fits = answered === null ? step.state !== state : step.answer === answered.text;
  return fits ? step.state : null;
}

/** How many operations of the longest order the text shows: the fault is near its end. */
const SHOWN_MAX = 12;

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
    const { answer } = model.apply(state, operation.request);
    return `${wordsOf(operation)}\n    next in order it is: ${answer}`;
  });
  return [
    `not linearizable: ${done.length} operations can be put in order, such as, at the end,`,
    ...done.slice(-SHOWN_MAX).map(wordsOf),
    'and none of these can be the next:',
    ...stuck,
  ].join('\n');
}
