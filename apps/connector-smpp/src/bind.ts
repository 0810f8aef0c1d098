import { isIP, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  createSession,
  INTERFACE_VERSION_3_4,
  statusName,
  type CloseReason,
  type Reply,
  type RequestPdu,
  type Session,
} from '@heliograph/smpp';
import type { Log } from '@heliograph/service';
import type { ConnectorMetrics } from './metrics.ts';
import { noReconnect, reconnectAfter } from './reconnect.ts';
import type { WantedConnector } from './plan.ts';

export interface BindOptions {
  readonly connector: WantedConnector;
  readonly log: Log;
  readonly metrics: ConnectorMetrics;
  onBound(): void;
  onRequest(request: RequestPdu, reply: Reply): void;
}

/** One transceiver bind that is kept: connected again whenever it ends. */
export interface Bind {
  /** Only while it is bound. */
  readonly session: Session | undefined;
  /** Says unbind, waits up to `graceMs` for the end, connects no more. */
  stop(graceMs: number): Promise<void>;
}

const connectMs = 10_000;
/** Receipts held while the stream stores them: above this the provider has to wait. */
const receiveWindowMax = 1_000;

export function keepBound({ connector, log, metrics, onBound, onRequest }: BindOptions): Bind {
  const { settings, password } = connector;
  const ending = new AbortController();
  let session: Session | undefined;
  let bound = false;
  const over = keep();

  async function keep(): Promise<void> {
    let reconnect = noReconnect;
    while (!ending.signal.aborted) {
      const boundMs = await live();
      reconnect = reconnectAfter(reconnect, boundMs, Math.random());
      await pause(reconnect.delayMs, ending.signal);
    }
  }

  /** One connection, from its begin to its end; how long it was bound, ms. */
  async function live(): Promise<number> {
    const opened = await open(settings, ending.signal);
    if (!opened.ok) {
      metrics.binds.unreachable.add();
      if (!ending.signal.aborted) log.warn({ err: opened.error }, 'provider cannot be reached');
      return 0;
    }
    const { promise: closed, resolve: onClose } = Promise.withResolvers<CloseReason>();
    session = createSession({
      socket: opened.socket,
      role: 'esme',
      timers: { sessionInitMs: connectMs, enquireLinkMs: settings.enquireLinkMs, inactivityMs: 0, responseMs: settings.responseTimeoutMs },
      windowMax: settings.window,
      receiveWindowMax,
      onRequest,
      onClose,
      onEvent(event) {
        if (event.kind === 'unexpected_response') metrics.unexpected.add();
        else if (event.kind === 'handler_failed')
          log.error({ command: event.command, err: event.error }, 'request of the provider failed here');
      },
    });
    if (ending.signal.aborted) session.close({ code: 'stopped' });
    const boundAt = await bind(session);
    const reason = await closed;
    bound = false;
    session = undefined;
    if (boundAt === undefined) return 0;
    if (!ending.signal.aborted) log.warn({ code: reason.code, detail: reason.detail }, 'bind lost');
    return performance.now() - boundAt;
  }

  async function bind(begun: Session): Promise<number | undefined> {
    const { systemId, systemType } = settings;
    const outcome = await begun.bind({
      command: 'bind_transceiver',
      system_id: systemId,
      password,
      system_type: systemType,
      interface_version: INTERFACE_VERSION_3_4,
    });
    if (outcome.kind === 'response' && outcome.pdu.status === 0 && begun.systemId !== undefined) {
      bound = true;
      metrics.binds.bound.add();
      log.info({ host: settings.host, port: settings.port }, 'bound');
      onBound();
      return performance.now();
    }
    metrics.binds.refused.add();
    if (!ending.signal.aborted)
      log.warn({ why: outcome.kind === 'response' ? statusName(outcome.pdu.status) : outcome.kind }, 'bind refused');
    begun.close({ code: 'bind_refused' });
    return undefined;
  }

  return {
    get session() {
      return bound ? session : undefined;
    },
    async stop(graceMs) {
      ending.abort();
      const late = setTimeout(() => session?.close({ code: 'stopped' }), graceMs);
      void session?.unbind();
      await over;
      clearTimeout(late);
    },
  };
}

type Endpoint = WantedConnector['settings'];
type Opened = { readonly ok: true; readonly socket: Socket } | { readonly ok: false; readonly error: Error };

/** A connected socket, after its TLS handshake, or why there is none. A certificate that does not verify is an error like any other. */
function open({ host, port, tls }: Endpoint, signal: AbortSignal): Promise<Opened> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ ok: false, error: new Error('stopped') });
    const socket = tls
      ? connectTls({ host, port, minVersion: 'TLSv1.2', ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connectTcp({ host, port, noDelay: true });
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => {}); // what a destroyed socket still says
      socket.destroy();
      resolve({ ok: false, error });
    };
    const abort = (): void => fail(new Error('stopped'));
    const late = setTimeout(() => fail(new Error(`no connection in ${connectMs} ms`)), connectMs);
    const connected = (): void => {
      settle();
      resolve({ ok: true, socket });
    };
    const settle = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      socket.off(tls ? 'secureConnect' : 'connect', connected);
    };
    signal.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on(tls ? 'secureConnect' : 'connect', connected);
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
