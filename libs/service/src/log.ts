import { context, isSpanContextValid, logs, SeverityNumber, trace, type AnyValue } from '@opentelemetry/api';
import { format } from 'node:util';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { createOutput } from './output.ts';
import { maskError, maskFields, scrubProse } from './mask.ts';

export type Log = Logger;

export type LogOptions = {
  name: string;
  /** trace, debug, info, warn, error, fatal or silent. */
  level: string;
  instance: string;
  /** Where lines go; stdout unless a test wants them. */
  destination?: DestinationStream;
};

/**
 * The log of one service: JSON lines on stdout, masked, each also given to OTLP while telemetry exports. Masking happens before pino sees
 * anything, so a child's bindings, an error and a formatted message pass the same table; a level that is off costs nothing.
 */
export const createLog = ({ name, level, instance, destination = createOutput(1) }: LogOptions): Log =>
  maskBindings(pino({ ...options, level, base: { service: name, instance } }, alsoToOtlp(destination)));

const options: LoggerOptions = {
  formatters: { level: (label) => ({ level: label }) },
  // The default serializers would turn requests and errors into text after masking; there are none left to serialize.
  serializers: { err: (value: unknown) => value, req: (value: unknown) => value, res: (value: unknown) => value },
  mixin: () => {
    const span = trace.getSpanContext(context.active());
    return span !== undefined && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
  },
  hooks: {
    logMethod(args: unknown[], write) {
      const [fields, message] = masked(args);
      write.apply(this, [fields, message] as unknown as Parameters<typeof write>);
    },
  },
};

/** pino's own `formatters.bindings` sees the root's bindings only, not a child's. Children are made with their parent as prototype, so one override reaches all. */
const maskBindings = (log: Log): Log => {
  const { child, setBindings } = log;
  const masking = {
    child(this: Log, bindings: object, ...rest: []) {
      return child.call(this, maskFields(bindings), ...rest);
    },
    setBindings(this: Log, bindings: object) {
      setBindings.call(this, maskFields(bindings));
    },
  };
  return Object.assign(log, masking) as Log;
};

/** Any of pino's ways to call a level, as one object and one message. */
const masked = ([first, ...rest]: unknown[]): [object, string | undefined] => {
  if (first instanceof Error) return [{ err: maskError(first) }, scrubProse(rest.length > 0 ? text(rest) : first.message)];
  if (typeof first !== 'object' || first === null) return [{}, first === undefined ? undefined : scrubProse(text([first, ...rest]))];
  const fields = maskFields(first);
  if (rest.length > 0) return [fields, scrubProse(text(rest))];
  const { err } = first as { err?: unknown };
  return [fields, err instanceof Error ? scrubProse(err.message) : undefined];
};

const text = (parts: unknown[]): string =>
  format(
    ...parts.map((part) => (part instanceof Error ? maskError(part) : typeof part === 'object' && part !== null ? maskFields(part) : part)),
  );

const alsoToOtlp = (destination: DestinationStream): DestinationStream => ({
  write: (line) => {
    destination.write(line);
    emit(line);
  },
});

const severities: Record<string, SeverityNumber> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** Works on the finished line: what OTLP gets is what was masked for stdout. The span is taken from the active context by the logger itself. */
const emit = (line: string): void => {
  const logger = logs.getLogger('heliograph');
  if (!logger.enabled()) return;
  const { level, time, msg, trace_id: _traceId, span_id: _spanId, ...attributes } = JSON.parse(line) as Record<string, AnyValue>;
  logger.emit({
    timestamp: new Date(Number(time)),
    severityNumber: severities[String(level)] ?? SeverityNumber.UNSPECIFIED,
    severityText: String(level),
    body: msg,
    attributes,
  });
};
