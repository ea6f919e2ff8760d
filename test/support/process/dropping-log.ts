import { LogOutput } from '../../../src/cli/log-output.ts';
import { subscribe } from '../../../src/telemetry/index.ts';

// Logs more lines in one turn of the event loop than wait in memory, and reports on standard error how many lines were
// dropped by the events of telemetry, and how many by the output itself.

const LINE = `${'x'.repeat(1_023)}\n`;
const LINES = 3_000;

const counts = { events: 0, told: 0 };
subscribe('opd:log-dropped', ({ lines }) => (counts.events += lines), console.error);
const output = new LogOutput((lines) => {
  counts.told += lines;
  output.write('told\n');
});
for (let line = 0; line < LINES; line += 1) output.write(LINE);
await output.end(10_000);
console.error(JSON.stringify(counts));
