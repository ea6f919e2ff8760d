import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { parameter } from '../lib/parameter.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';
import type { Crowd, CrowdResult } from './memory-task.ts';

const TASK = fileURLToPath(new URL('./memory-task.ts', import.meta.url));

/** Bytes that a live token takes in the engine, by slot length. */
export async function memoryBench(): Promise<Report> {
  const tokens = parameter('MEMORY_TOKENS', 2_000, 1_000_000);
  const lengths = [10, 100, tokens / 10];
  const rows: string[][] = [];
  for (const length of lengths) {
    const crowd: Crowd = { tokens, length };
    const result = await inFreshProcess<CrowdResult>(TASK, crowd);
    rows.push([
      `${grouped(tokens)} in slots of ${grouped(length)}`,
      grouped(result.residentBytes),
      grouped(result.heapBytes),
    ]);
  }
  return {
    title: 'Memory: bytes a live token',
    remarks: [
      'Resident memory after garbage collection, in a process of its own for each line; with names, half of them with patient ids; half of each slot seated, half waiting.',
      'Target: at most 400 bytes resident at 1,000,000 tokens.',
    ],
    head: ['live tokens', 'resident', 'heap'],
    rows,
    checked: 'every slot holds as many as were booked, seated and waiting.',
  };
}
