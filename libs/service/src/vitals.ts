import { monitorEventLoopDelay } from 'node:perf_hooks';
import { counterFrom, gauge } from './metric.ts';

/** Starts measuring the process itself; the result stops it. Costs a timer of 20 ms and nothing a message. */
export const observeProcess = (): (() => void) => {
  delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return () => {
    delay?.disable();
    delay = undefined;
  };
};

let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

// Names as in the Prometheus client libraries ("Process metrics"), so that everybody's dashboards fit.
counterFrom('process_cpu_seconds', 'CPU time of this process, user and system', () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
});

gauge('process_resident_memory_bytes', 'memory of this process that is in RAM', () => process.memoryUsage.rss());

// Since the last collection by anyone: over a whole life a percentile would no longer move.
gauge(
  'nodejs_eventloop_lag_p99_seconds',
  'time that a due timer waited for the event loop, 99th percentile since the last collection',
  () => {
    const nanoseconds = delay?.percentile(99) ?? 0;
    delay?.reset();
    return nanoseconds / 1e9;
  },
);
