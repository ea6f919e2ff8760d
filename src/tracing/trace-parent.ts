import { ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api';

/** The header `traceparent` of the version 00 (W3C Trace Context, 3.2). */
const TRACE_PARENT =
  /^00-(?!0{32})(?<traceId>[\da-f]{32})-(?!0{16})(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})$/;

/** The context with the span that a client has named as the parent of its request; the root if it has named none. */
export function parentOf(header: string | undefined): Context {
  const { traceId, spanId, flags } = TRACE_PARENT.exec(header ?? '')?.groups ?? {};
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
