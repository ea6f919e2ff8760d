/** What a board shows and how, as its URL says it. */
export interface BoardOptions {
  /** The ids of the doctors; all when there are none. */
  readonly doctorIds: readonly string[];
  /** The department whose doctors are shown; null for all. */
  readonly department: string | null;
  /** Whether a call is heard. */
  readonly hasSound: boolean;
  /** Whether a call makes the doctor's panel flash. */
  readonly flashes: boolean;
}

/** Reads the query of the board's URL: `doctor_id` (several), `department`, `sound=off`, `flash=off`. */
export function boardOptionsOf(query: string): BoardOptions {
  const given = new URLSearchParams(query);
  return {
    doctorIds: given.getAll('doctor_id'),
    department: given.get('department'),
    hasSound: given.get('sound') !== 'off',
    flashes: given.get('flash') !== 'off',
  };
}
