import { context, diag, DiagLogLevel, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { MeterProvider, type IMetricReader } from '@opentelemetry/sdk-metrics';
import { scrub } from './mask.ts';
import { bindMetrics } from './metric.ts';
import { setSampleRatio } from './span.ts';
import { observeProcess } from './vitals.ts';

export type TelemetryOptions = {
  name: string;
  version: string;
  instance: string;
  /** Base URL of an OTLP/HTTP collector, without `/v1/…`; undefined exports nothing. */
  endpoint?: string | undefined;
  /** 0..1, of the traces that begin in this process. */
  traceSampleRatio: number;
  /** Told at most once a minute why an export failed; telemetry never fails its service. */
  onError?: (reason: string) => void;
};

export type Telemetry = {
  /** All metrics in the Prometheus text format 0.0.4. */
  prometheus(): Promise<string>;
  /** Sends what is left, for at most `flushMs`, and makes everything mute. Never throws. */
  stop(): Promise<void>;
};

/** Starts the metrics, and with an endpoint the traces and logs of this process; once a process. No auto-instrumentation: it costs more than a message. */
export const startTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  const { name, version, instance, endpoint, traceSampleRatio } = options;
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  const resource = resourceFromAttributes({
    'service.namespace': 'heliograph',
    'service.name': name,
    'service.version': version,
    'service.instance.id': instance,
  });
  diag.setLogger(onceAMinute(options.onError), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  const shutdown = endpoint === undefined ? measureOnly(resource, reader) : await exportTo(endpoint, traceSampleRatio, resource, reader);
  bindMetrics(metrics.getMeter('heliograph'));
  setSampleRatio(endpoint === undefined ? 0 : traceSampleRatio);
  const forgetProcess = observeProcess();
  return {
    prometheus: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    stop: async () => {
      await within(flushMs, shutdown());
      forgetProcess();
      setSampleRatio(0);
      bindMetrics(undefined);
      for (const api of [trace, metrics, logs, context, diag]) api.disable();
    },
  };
};

/** A collector that does not answer may hold up the end of a process this long. */
const flushMs = 3000;

/** Without a collector only what /metrics needs is loaded: measured, sdk-node with its exporters takes 150 ms more to import. */
const measureOnly = (resource: Resource, reader: IMetricReader) => {
  const provider = new MeterProvider({ resource, readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return () => provider.shutdown();
};

const exportTo = async (endpoint: string, ratio: number, resource: Resource, reader: IMetricReader) => {
  const [{ NodeSDK }, tracing, { PeriodicExportingMetricReader }, { BatchLogRecordProcessor }, spans, measures, lines] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/sdk-logs'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
    import('@opentelemetry/exporter-logs-otlp-http'),
  ]);
  // OTLP 1.x, "OTLP/HTTP request": each signal has its path under the base URL.
  const to = (signal: string) => ({ url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`, timeoutMillis: 5000 });
  const spanProcessor = new tracing.BatchSpanProcessor({ exporter: new spans.OTLPTraceExporter(to('traces')) });
  const metricReader = new PeriodicExportingMetricReader({
    exporter: new measures.OTLPMetricExporter(to('metrics')),
    exportIntervalMillis: 15_000,
  });
  const logProcessor = new BatchLogRecordProcessor({ exporter: new lines.OTLPLogExporter(to('logs')) });
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    // Messages carry their traceparent as a field; nothing is propagated by headers behind anybody's back.
    textMapPropagator: null,
    contextManager: new AsyncLocalStorageContextManager(),
    sampler: new tracing.ParentBasedSampler({ root: new tracing.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [spanProcessor],
    metricReaders: [reader, metricReader],
    logRecordProcessors: [logProcessor],
  });
  sdk.start();
  return async () => {
    // shutdown() gives up at the first signal that fails, while the others are still on their way.
    await Promise.allSettled([spanProcessor.forceFlush(), metricReader.forceFlush(), logProcessor.forceFlush()]);
    await sdk.shutdown();
  };
};

const onceAMinute = (onError: (reason: string) => void = () => {}) => {
  let quietUntilMs = 0;
  const error = (...parts: unknown[]): void => {
    if (Date.now() < quietUntilMs) return;
    quietUntilMs = Date.now() + 60_000;
    onError(scrub(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ')));
  };
  const nothing = () => {};
  return { error, warn: nothing, info: nothing, debug: nothing, verbose: nothing };
};

/** A failed flush is no reason for anything: the exporter has told `onError`. */
const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
};
