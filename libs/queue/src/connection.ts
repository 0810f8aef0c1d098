import { connect, type NatsConnection } from '@nats-io/transport-node';

export interface ConnectionOptions {
  /** `nats://user:password@host:port`, several separated by commas. */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
}

/** Connects and stays connected: the client's default of ten tries would leave a service deaf after a longer outage. */
export async function openConnection({ url, name }: ConnectionOptions): Promise<NatsConnection> {
  const urls = url.split(',').map((text) => new URL(text.trim()));
  const [first] = urls;
  return connect({
    servers: urls.map((one) => one.host),
    ...(first?.username ? { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) } : {}),
    ...(first?.protocol === 'tls:' ? { tls: {} } : {}),
    name,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    pingInterval: 10_000,
    maxPingOut: 2,
    noEcho: false,
    // else each publish makes two errors with their stacks, for the case that it fails: 2 % of the profile of connector-smpp at saturation
    noAsyncTraces: true,
  });
}

/** Who must know that the connection to the server began again. */
export interface OnConnect {
  readonly again: Set<() => void>;
}
