import { context, isSpanContextValid, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import { randomFillSync } from 'node:crypto';
import { maskFields, scrubProse } from './mask.ts';

/** Attributes of a span. Numbers, texts and secrets are masked by key as in the log. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

export type RecordedSpan = {
  /** The parent's. */
  traceparent: string;
  /** Unix time in ms, fractions allowed. */
  startMs: number;
  endMs: number;
  attributes?: SpanFields;
  /** Why it failed, when it did. */
  failure?: string;
};

/** The active span as a W3C `traceparent`; undefined outside of `withSpan`. */
export const currentTraceparent = (): string | undefined => traceparentOf(trace.getSpan(context.active()));

/** The root of a new trace. Whether it is sampled is decided here, once, for its whole way; by default with the ratio that telemetry was started with. */
export const newTraceparent = (sampled: boolean = Math.random() < sampleRatio): string =>
  `00-${randomHex(16)}-${randomHex(8)}-0${sampled ? 1 : 0}`;

/** The `sampled` flag (W3C Trace Context §3.2.2.5): the lowest bit of the last hex digit. */
export const isSampled = (traceparent: string): boolean => traceparent.length === 55 && (parseInt(traceparent[54] ?? '0', 16) & 1) === 1;

/** Runs `fn` inside a span, child of `traceparent` or else of the active span; a malformed one begins a new trace. A throw or rejection is recorded and passed on. */
export const withSpan = <T>(name: string, traceparent: string | undefined, attributes: SpanFields, fn: (traceparent: string) => T): T => {
  const parent = traceparent === undefined ? context.active() : parentContext(traceparent);
  const span = tracer().startSpan(name, { attributes: maskAttributes(attributes) }, parent);
  return context.with(trace.setSpan(parent, span), () => endAfter(span, () => fn(traceparentOf(span) ?? newTraceparent(false))));
};

/**
 * Records what has already happened to one message and gives the child's traceparent, to be passed on with the message. Unsampled (or with nothing
 * exported) it gives back its argument and costs a comparison: at 10,000 messages a second a span each would cost more than the message.
 */
export const recordSpan = (name: string, { traceparent, startMs, endMs, attributes = {}, failure }: RecordedSpan): string => {
  if (!isSampled(traceparent)) return traceparent;
  const span = tracer().startSpan(name, { startTime: hrTime(startMs), attributes: maskAttributes(attributes) }, parentContext(traceparent));
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: scrubProse(failure) });
  span.end(hrTime(endMs));
  return traceparentOf(span) ?? traceparent;
};

/** Called by `startTelemetry`: the share of new traces that is sampled, 0 while nothing is exported. */
export const setSampleRatio = (ratio: number): void => void (sampleRatio = ratio);

let sampleRatio = 0;

const tracer = () => trace.getTracer('heliograph');

const endAfter = <T>(span: Span, fn: () => T): T => {
  try {
    const result = fn();
    if (!isThenable(result)) {
      span.end();
      return result;
    }
    return Promise.resolve(result).then(
      (value) => (span.end(), value),
      (error: unknown) => fail(span, error),
    ) as T;
  } catch (error) {
    return fail(span, error);
  }
};

// Not `instanceof Promise`: a Prisma query is a thenable that starts when it is awaited.
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

const fail = (span: Span, error: unknown): never => {
  span.setStatus({ code: SpanStatusCode.ERROR, message: scrubProse(error instanceof Error ? error.message : String(error)) });
  span.end();
  throw error;
};

// W3C Trace Context §3.2: version 00, ids in lower-case hex, neither of them all zeros.
const form = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

const parentContext = (traceparent: string | undefined): Context => {
  const [, traceId, spanId, flags] = form.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true });
};

/** Undefined for the span of all zeros that the API hands out while nothing is exported and there is no parent. */
const traceparentOf = (span: Span | undefined): string | undefined => {
  const spanContext = span?.spanContext();
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  return `00-${spanContext.traceId}-${spanContext.spanId}-0${spanContext.traceFlags & 1}`;
};

const maskAttributes = (attributes: SpanFields) => maskFields(attributes) as SpanFields;

/** A bare number would be taken for a reading of performance.now() when it is small; the pair of seconds and nanoseconds is never. */
const hrTime = (ms: number): [number, number] => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

// One system call for 340 traceparents instead of one each.
const pool = Buffer.alloc(8192);
let poolUsed = pool.length;

const randomHex = (bytes: number): string => {
  if (poolUsed + bytes > pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += bytes;
  return pool.toString('hex', poolUsed - bytes, poolUsed);
};
