/**
 * The channels of `node:diagnostics_channel` on which the service reports what it does, and what each of them carries.
 * Payloads hold counts, durations and codes. They never hold a name or an id, because subscribers send them to systems
 * that must not know any patient.
 */
export interface TelemetryEvents {
  /** A group commit made one batch of commands durable (memory and SQLite). */
  readonly 'opd:commit': CommitEvent;
  /**
   * A batch could not be written now: the store refuses commands and retries the batch. On PostgreSQL: the server has
   * not stored commands in time, because it has no space or accepts no writes. One event for each stall.
   */
  readonly 'opd:commit-stalled': { readonly cause: string };
  /** The batch that stalled is durable, or the PostgreSQL server has stored a change again. */
  readonly 'opd:commit-recovered': { readonly stalledMs: number };
  /** One attempt to carry out commands in a PostgreSQL transaction has ended. */
  readonly 'opd:transaction': TransactionEvent;
  /** The database did not answer a ping. One event for each outage, however many pings fail. */
  readonly 'opd:database-unreachable': { readonly cause: string };
  /** The database answers again after an outage. */
  readonly 'opd:database-reachable': { readonly unreachableMs: number };
  /** The store has failed and does not recover, so the process must stop. */
  readonly 'opd:store-failed': { readonly cause: string };
  /**
   * A connection was closed by the service because of a bound or because its bytes are not HTTP. The cause is
   * `CONNECTIONS_MAX`, or the code of the error: `OPD_HEADERS_MAX`, `ERR_HTTP_REQUEST_TIMEOUT`, `HPE_...`.
   */
  readonly 'opd:connection-refused': { readonly cause: string };
  /** A request was refused before its body was read, because the service is overloaded. It has the requests in flight. */
  readonly 'opd:admission-refused': { readonly commands: number; readonly reads: number };
  /** A command has its answer. */
  readonly 'opd:command': CommandEvent;
  /** What a command, or the tick, has decided is durable. */
  readonly 'opd:decision': DecisionEvent;
  /** A run of a background task has ended. */
  readonly 'opd:background-run': BackgroundRunEvent;
  /** A request has reached the router. It is published in the asynchronous context in which the request is answered. */
  readonly 'opd:request-started': RequestStartedEvent;
  /** The answer to a request is sent. A request whose client went away before is not published. */
  readonly 'opd:request': RequestEvent;
  /** A request was answered with a problem. */
  readonly 'opd:request-refused': { readonly code: string };
  /** Events were written to the stream of one reader. */
  readonly 'opd:events-sent': { readonly count: number };
  /** The stream of a reader that was too slow was cut. */
  readonly 'opd:event-reader-cut': Readonly<Record<string, never>>;
  /** Log lines are lost, because standard output cannot be written or its reader is too slow. */
  readonly 'opd:log-dropped': { readonly lines: number };
  /**
   * A webhook was sent something: `delivered`, or else `retrying` if it is tried again by itself and `failed` if not. The
   * status is that of the answer; null when there was none.
   */
  readonly 'opd:webhook-delivery': {
    readonly outcome: 'delivered' | 'retrying' | 'failed';
    readonly httpStatus: number | null;
  };
}

export interface CommitEvent {
  readonly commands: number;
  readonly changes: number;
  /** From the first command of the batch to the start of the write. */
  readonly queueMs: number;
  /** From the start of the first write, with all retries. */
  readonly writeMs: number;
}

export interface TransactionEvent {
  /**
   * `committed`: the changes are durable. `rolledBack`: nothing was changed, and the commands were requeued or refused.
   * `failed`: the store stops, or the process ended before the outcome of the commit was known.
   */
  readonly outcome: 'committed' | 'rolledBack' | 'failed';
  /**
   * Why the attempt did not succeed at once; null if it did. `connectionLost` with the outcome `committed` means that
   * the answer to the commit was lost and the change record proved the commit.
   */
  readonly failure: 'connectionLost' | 'retryable' | 'fatal' | null;
  readonly commands: number;
  readonly changes: number;
  /** Commands of the attempt that are tried again. */
  readonly requeued: number;
  readonly ms: number;
}

export interface CommandEvent {
  /** The command as the list of commands names it: `book`, `closeSlot`. */
  readonly name: string;
  /** `ok`, or the code of the refusal. */
  readonly outcome: string;
  /** Whether the stored response to an earlier request was returned. */
  readonly isReplay: boolean;
  readonly ms: number;
}

/** The part of a change that says nothing about who the patient is. */
export interface DecidedChange {
  /** The kind of the change record: `booked`, `bumped`. */
  readonly kind: string;
  /** The class of the token; null for a change of a doctor or a slot. */
  readonly patientType: string | null;
}

export interface DecisionEvent {
  readonly changes: readonly DecidedChange[];
  /** From the decision to the moment when it was durable. */
  readonly waitMs: number;
}

/** The object by which the events of one request are matched. Subscribers compare it and read nothing of it. */
export type RequestKey = object;

export interface RequestStartedEvent {
  readonly key: RequestKey;
  readonly method: string;
  /** The pattern of the route, without the values in it; null for a URL that the router cannot parse. */
  readonly route: string | null;
  /** The header `traceparent`, as the client sent it. */
  readonly traceParent: string | undefined;
}

export interface RequestEvent {
  readonly key: RequestKey;
  /** The `operationId` of the route; null for a route that `/openapi.json` does not describe, and without a route. */
  readonly operation: string | null;
  readonly status: number;
  /** From the router to the end of the answer; 0 for a request that is refused before it reaches the router. */
  readonly ms: number;
}

export interface BackgroundRunEvent {
  readonly name: string;
  readonly ms: number;
  /** Why the run failed, see `causeOf`; null if it succeeded. */
  readonly fault: string | null;
  /** Runs that have failed since the task was made, this one included. */
  readonly faultCount: number;
}

export type ChannelName = keyof TelemetryEvents;
