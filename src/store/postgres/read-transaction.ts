import { StoreOpenError } from '../store.ts';
import { ROWS_PER_BATCH } from '../audit-source.ts';
import { nameOf } from './errors.ts';
import type { Parameter, Row, Rows, Run, Session } from './session.ts';

/** One transaction on a connection of its own, which may take as long as it does. What fails is told in one sentence. */
export class ReadTransaction {
  readonly #session: Session;
  readonly #url: string;
  #cursors = 0;

  /** @param session in a transaction that has begun */
  constructor(session: Session, url: string) {
    this.#session = session;
    this.#url = url;
  }

  /** @throws StoreOpenError */
  readonly run: Run = (...statement) => this.#told(this.#session.run(...statement));

  /**
   * Sends any text.
   * @throws StoreOpenError
   */
  send(text: string, ...parameters: Parameter[]): Promise<Rows> {
    const prepare = parameters.length > 0;
    return this.#told(this.#session.send(text, parameters, { prepare }));
  }

  /** The rows of a query, so many at a time; between two batches other things may be asked. */
  async *batches(query: string): AsyncGenerator<readonly Row[]> {
    this.#cursors += 1;
    const cursor = `batches_${this.#cursors}`;
    // It ends with the transaction. The driver's own cursors take the connection for themselves until they are read.
    await this.send(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`);
    for (;;) {
      const rows = await this.send(`FETCH ${ROWS_PER_BATCH} FROM ${cursor}`);
      if (rows.length === 0) return;
      yield rows;
    }
  }

  /** Makes durable what was written. */
  async commit(): Promise<void> {
    await this.send('COMMIT');
  }

  /** What was written and not committed is undone. */
  close(): Promise<void> {
    return this.#session.close();
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const reason = (error as Error).message.replace(/\.$/, '');
      throw new StoreOpenError(`The database ${nameOf(this.#url)} cannot be used: ${reason}.`);
    }
  }
}
