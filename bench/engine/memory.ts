import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';
import type { FullEngine, MemoryResult } from './memory-task.ts';

const TASK = fileURLToPath(new URL('./memory-task.ts', import.meta.url));

/** Measures the bytes of a live token in the engine, by slot length. */
export async function memoryBench(onStep: OnStep): Promise<Report> {
  const tokens = parameter('MEMORY_TOKENS', 2_000, 1_000_000);
  const lengths = [10, 100, tokens / 10];
  const rows: string[][] = [];
  for (const [index, length] of lengths.entries()) {
    onStep('slot length', index + 1, lengths.length);
    const full: FullEngine = { tokens, length };
    const result = await inFreshProcess<MemoryResult>(TASK, full);
    rows.push([
      `${grouped(tokens)} in slots of ${grouped(length)}`,
      grouped(result.residentBytes),
      grouped(result.heapBytes),
    ]);
  }
  return {
    title: 'Memory: bytes of a live token',
    remarks: [
      'Resident memory after garbage collection, each line in its own process. Every token has a patient name, every second one a patient id. Half of the tokens of each slot are seated, half wait.',
      'Target: at most 400 bytes resident at 1,000,000 tokens.',
    ],
    head: ['live tokens', 'resident', 'heap'],
    rows,
    checked: 'every slot has the number of seated and of waiting tokens that were booked.',
  };
}
