export {
  bool,
  defineConfig,
  documentConfig,
  durationMs,
  integer,
  list,
  parseConfig,
  port,
  ratio,
  readConfig,
  secret,
  serviceConfig,
  url,
} from './config.ts';
export type { Config, ConfigRow, Environment, ParsedConfig } from './config.ts';
export { startHealth } from './health.ts';
export type { Check, Health, HealthOptions } from './health.ts';
export { createLog } from './log.ts';
export type { Log, LogOptions } from './log.ts';
export { maskError, maskFields, maskNumber, maskText, scrub } from './mask.ts';
export { counter, counterFrom, gauge, histogram } from './metric.ts';
export type { Counter, Histogram, Reading, SeriesAttributes } from './metric.ts';
export { createSeldom } from './seldom.ts';
export { openSharedClock } from './shared-clock.ts';
export type { SharedClock, SharedClockOptions } from './shared-clock.ts';
export { runService } from './run.ts';
export type { RunConfig, Running, ServiceContext, ServiceOptions } from './run.ts';
export { currentTraceparent, isSampled, newTraceparent, recordSpan, withSpan } from './span.ts';
export type { RecordedSpan, SpanFields } from './span.ts';
export { startTelemetry } from './telemetry.ts';
export type { Telemetry, TelemetryOptions } from './telemetry.ts';
