/** The end of a terminal line that is longer than the text written over it. */
const ERASE_LINE = '\r\u001b[2K';

/** Called when a step of a bench begins: its name, its place from 1 on, and the number of such steps. */
export type OnStep = (step: string, nth: number, of: number) => void;

/** The part of a stream, such as standard error, that progress is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Shows which part of a program runs, its step and the seconds since the start. On a terminal one line is written over
 * and over; elsewhere each step is a line of its own.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #startedAt: number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(stream: ProgressStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Begins a part; returns the function that shows its steps. */
  part(name: string, nth: number, of: number): OnStep {
    const part = `${name} (part ${nth} of ${of})`;
    this.#show(part);
    return (step, stepNth, steps) => this.#show(`${part}: ${step} ${stepNth} of ${steps}`);
  }

  /** Removes the line from the terminal, because a result is printed next. */
  clear(): void {
    if (this.#stream.isTTY === true) this.#stream.write(ERASE_LINE);
  }

  #show(text: string): void {
    const seconds = ((this.#now() - this.#startedAt) / 1_000).toFixed(0);
    const line = `${text}, ${seconds} s`;
    this.#stream.write(this.#stream.isTTY === true ? `${ERASE_LINE}${line}` : `${line}\n`);
  }
}
