/** What the board knows of a doctor's queue to see calls. */
interface Consulting {
  readonly doctor_id: string;
  readonly in_consultation: readonly { readonly number: number; readonly room: string | null }[];
}

/**
 * The doctors who have called a patient between two answers of the service. A patient who was skipped and is called
 * again counts, and so does one who is sent to another room.
 * @param before null when nothing was shown yet: then nobody is called now
 */
export function callersBetween(
  before: readonly Consulting[] | null,
  after: readonly Consulting[],
): readonly string[] {
  if (before === null) return [];
  const known = new Map(before.map((doctor) => [doctor.doctor_id, callsOf(doctor)]));
  return after
    .filter((doctor) => {
      const earlier = known.get(doctor.doctor_id);
      return earlier !== undefined && [...callsOf(doctor)].some((call) => !earlier.has(call));
    })
    .map(({ doctor_id }) => doctor_id);
}

const callsOf = ({ in_consultation }: Consulting): ReadonlySet<string> =>
  new Set(in_consultation.map(({ number, room }) => `${number} ${room ?? ''}`));
