// Answers as short texts. The answers of the model and of the service are compared in this form.

/** A token as answers show it. */
interface ShownToken {
  readonly number: number;
  readonly name: string;
  readonly patient: string | null;
  readonly type: string;
  readonly slot: string;
  readonly status: string;
  readonly position: number | null;
  readonly room: string | null;
}

/** A slot, its tokens as texts, and how many seats are left. */
interface ShownSlot {
  readonly id: string;
  readonly status: string;
  readonly capacity: number;
  readonly left: number;
  readonly seated: readonly string[];
  readonly waiting: readonly string[];
}

/** A refusal, with the facts beside the code that some codes have. */
interface ShownRefusal {
  readonly code: string;
  /** The number of another token. */
  readonly number?: number | undefined;
  readonly from?: string | undefined;
  readonly lastChange?: string | undefined;
}

/**
 * What an answer says beside the token or the slot, as texts: the kind of the change that was undone, other tokens, and
 * the slots with free seats. A list that the answer does not have is undefined.
 */
export type Others = Readonly<
  Partial<
    Record<
      'undone' | 'completed' | 'skipped' | 'affected' | 'bumped' | 'promoted' | 'free',
      readonly string[] | undefined
    >
  >
>;

const placeOf = ({ slot, status, position, room }: Omit<ShownToken, 'name' | 'patient'>): string =>
  [
    `in ${slot} ${status}`,
    ...(position === null ? [] : [position]),
    ...(room === null ? [] : [`in room ${room}`]),
  ].join(' ');

export const words = {
  token: (token: ShownToken): string => {
    const { number, name, patient, type } = token;
    const nameAndPatient = patient === null ? name : `${name}/${patient}`;
    return `#${number} ${nameAndPatient} ${type} ${placeOf(token)}`;
  },
  /** A token without the patient's name. */
  queued: (token: Omit<ShownToken, 'name' | 'patient'>): string =>
    `#${token.number} ${token.type} ${placeOf(token)}`,
  bumped: ({ number, type, position }: Pick<ShownToken, 'number' | 'type' | 'position'>): string =>
    `#${number} ${type} ${position ?? 'nowhere'}`,
  free: ({ id, left }: Pick<ShownSlot, 'id' | 'left'>): string => `${left} in ${id}`,
  /** What a command answers: the token or the slot, and the others that the answer names. */
  done: (status: number, shown: string, others: Others = {}): string => {
    const lists = Object.entries(others).flatMap(([name, texts]) =>
      texts === undefined ? [] : [`${name} ${texts.length === 0 ? 'none' : texts.join(', ')}`],
    );
    return [`${status} ${shown}`, ...lists].join('; ');
  },
  /** A cancelled token in the answer to the cancel, which shows no other facts of the token. */
  cancelled: (number: number): string => `#${number} CANCELLED`,
  refused: ({ code, number, from, lastChange }: ShownRefusal): string => {
    const status = NOT_FOUND.has(code) ? 404 : 409;
    const facts = [number === undefined ? undefined : `#${number}`, from, lastChange];
    return [status, code, ...facts.filter((fact) => fact !== undefined)].join(' ');
  },
  slot: ({ id, status, capacity, left, seated, waiting }: ShownSlot): string =>
    `${id} ${status} ${left}/${capacity} left: ${[...seated, '|', ...waiting].join(', ')}`,
  schedule: (slots: readonly string[]): string => `200 ${slots.join('; ')}`,
  /** The lists of a queue: with the doctor, to be called, skipped and waiting. */
  queue: (lists: readonly (readonly string[])[]): string =>
    `200 ${lists.map((list) => list.join(', ')).join(' | ')}`,
} as const;

const NOT_FOUND: ReadonlySet<string> = new Set([
  'token_not_found',
  'token_already_cancelled',
  'nobody_waiting',
]);
