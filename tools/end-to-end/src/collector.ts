import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** A receiver of OTLP over HTTP with JSON bodies. */
export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Everything that came, as text: to look for what must not be in it. */
  readonly bodies: readonly string[];
  /** Signals that came: traces, metrics, logs. */
  readonly signals: ReadonlySet<string>;
  stop(): void;
}

interface TracesBody {
  readonly resourceSpans?: { scopeSpans?: { spans?: CollectedSpan[] }[] }[];
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const signals = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const octets = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(octets) : octets).toString();
      const signal = request.url?.split('/').at(-1) ?? '';
      bodies.push(body);
      signals.add(signal);
      if (signal === 'traces') {
        for (const resource of (JSON.parse(body) as TracesBody).resourceSpans ?? [])
          for (const scope of resource.scopeSpans ?? []) spans.push(...(scope.spans ?? []));
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, bodies, signals, stop: () => void server.close() };
}
