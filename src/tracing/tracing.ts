import { AsyncLocalStorage } from 'node:async_hooks';
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { subscribe, type RequestKey } from '../telemetry/index.ts';
import { parentOf } from './trace-parent.ts';

export interface TracingOptions {
  /** The URL of a receiver of OTLP over HTTP, without the path `/v1/traces`. */
  readonly endpoint: string;
  /** The version of the program. */
  readonly version: string;
  /** Receives what a subscriber throws, and why spans could not be sent. */
  readonly onError: (error: unknown) => void;
}

export interface Tracing {
  /** Ends the subscriptions and sends the spans that are not sent yet. It may take long if the receiver is away. */
  readonly stop: () => Promise<void>;
}

/**
 * Makes spans of what the channels of `src/telemetry` tell, and sends them in the background: one span for each request,
 * and within it one for its command and one for the time in which the decision waited to become durable. When the
 * receiver is too slow, spans are dropped. A span has no name and no id of a patient, because no event has one.
 */
export function startTracing({ endpoint, version, onError }: TracingOptions): Tracing {
  const logger = { error: onError, warn: onError, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    // The variables OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come second, so they win.
    resource: resourceFromAttributes({ 'service.name': 'opd', 'service.version': version }).merge(
      detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const end = traceRequests(provider, onError);
  return {
    stop: async () => {
      end();
      await provider.shutdown().catch(onError);
    },
  };
}

const ignore = (): void => undefined;

/** @returns a function that ends the subscriptions */
function traceRequests(provider: TracerProvider, onError: (error: unknown) => void): () => void {
  const tracer = provider.getTracer('opd');
  const spans = new WeakMap<RequestKey, Span>();
  // The span of the request in whose asynchronous context the code runs.
  const current = new AsyncLocalStorage<Context>();

  /** Adds a span that has ended now to the request in whose context this is called; without a request it adds none. */
  const addSpan = (name: string, ms: number, attributes: Attributes): void => {
    const parent = current.getStore();
    if (parent === undefined) return;
    const endTime = performance.timeOrigin + performance.now();
    tracer.startSpan(name, { startTime: endTime - ms, attributes }, parent).end(endTime);
  };

  const ends = [
    subscribe(
      'opd:request-started',
      ({ key, method, route, traceParent }) => {
        const attributes = { 'http.request.method': method, 'http.route': route ?? undefined };
        const name = route === null ? method : `${method} ${route}`;
        const span = tracer.startSpan(
          name,
          { kind: SpanKind.SERVER, attributes },
          parentOf(traceParent),
        );
        spans.set(key, span);
        current.enterWith(trace.setSpan(ROOT_CONTEXT, span));
      },
      onError,
    ),
    subscribe(
      'opd:request',
      ({ key, operation, status }) => {
        const span = spans.get(key);
        span?.setAttribute('http.response.status_code', status);
        if (operation !== null) span?.setAttribute('opd.operation', operation);
        if (status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      },
      onError,
    ),
    subscribe(
      'opd:command',
      ({ name, ms, outcome, isReplay }) =>
        addSpan(name, ms, { 'opd.outcome': outcome, 'opd.replayed': isReplay }),
      onError,
    ),
    subscribe(
      'opd:decision',
      ({ changes, waitMs }) =>
        addSpan('wait for commit', waitMs, { 'opd.changes': changes.length }),
      onError,
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}
