import { readFileSync } from 'node:fs';
import { required } from './required.ts';

/** Clock ticks a second in /proc: the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** The places of the user and the system time among the fields behind the name of the program. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** The processor time that all threads of a running process have used, in microseconds. It counts in steps of 10 ms. */
export function cpuTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program is in brackets and may contain blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(required(fields[USER_FIELD])) + Number(required(fields[SYSTEM_FIELD]));
  return (ticks / TICKS_PER_SECOND) * 1_000_000;
}
