import {
  createSession,
  INTERFACE_VERSION_3_4,
  statusName,
  type BindName,
  type CloseReason,
  type Reply,
  type RequestPdu,
  type Session,
} from '@heliograph/smpp';
import type { Log } from '@heliograph/service';
import { connectMs, dial } from './dial.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { WantedConnector } from '../plan.ts';
import type { Turn, Turns } from './turns.ts';

export interface BindOptions {
  readonly connector: WantedConnector;
  readonly command: BindName;
  readonly turns: Turns;
  readonly log: Log;
  readonly metrics: ConnectorMetrics;
  onBound(): void;
  /** It was bound, and is not any more. */
  onLost(): void;
  /** Why it is not bound, in a line for people. */
  onFault(what: string): void;
  onRequest(request: RequestPdu, reply: Reply): void;
}

/** One bind that is kept: connected again whenever it ends. */
export interface Bind {
  readonly command: BindName;
  /** Only while it is bound. */
  readonly session: Session | undefined;
  /** Says unbind, waits up to `graceMs` for the end, connects no more. */
  stop(graceMs: number): Promise<void>;
}

/** Receipts held while the stream stores them: above this the provider has to wait. */
const receiveWindowMax = 1_000;

export function keepBound({ connector, command, turns, log, metrics, onBound, onLost, onFault, onRequest }: BindOptions): Bind {
  const { settings, password } = connector;
  const ending = new AbortController();
  let session: Session | undefined;
  let bound = false;
  const over = keep();

  async function keep(): Promise<void> {
    for (let turn = await turns.take(ending.signal); turn; turn = await turns.take(ending.signal)) turn.ended(await live(turn));
  }

  /** One connection, from its begin to its end; how long it was bound, ms. */
  async function live(turn: Turn): Promise<number> {
    const dialled = await dial(connector, ending.signal);
    if (!dialled.ok) {
      metrics.binds.unreachable.add();
      onFault(dialled.error instanceof Error ? `provider cannot be reached: ${dialled.error.message}` : 'provider cannot be reached');
      if (!ending.signal.aborted) log.warn({ err: dialled.error }, 'provider cannot be reached');
      return 0;
    }
    const { promise: closed, resolve: onClose } = Promise.withResolvers<CloseReason>();
    session = createSession({
      socket: dialled.socket,
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
    const boundAt = await bind(session, turn);
    const reason = await closed;
    bound = false;
    session = undefined;
    if (boundAt === undefined) return 0;
    onLost();
    onFault(`bind lost: ${reason.code}`);
    if (!ending.signal.aborted) log.warn({ command, code: reason.code, detail: reason.detail }, 'bind lost');
    return performance.now() - boundAt;
  }

  async function bind(begun: Session, turn: Turn): Promise<number | undefined> {
    const { systemId, systemType } = settings;
    const outcome = await begun.bind({
      command,
      system_id: systemId,
      password,
      system_type: systemType,
      interface_version: INTERFACE_VERSION_3_4,
    });
    if (outcome.kind === 'response' && outcome.pdu.status === 0 && begun.systemId !== undefined) {
      bound = true;
      metrics.binds.bound.add();
      log.info({ host: settings.host, port: settings.port, command }, 'bound');
      turn.bound();
      onBound();
      return performance.now();
    }
    metrics.binds.refused.add();
    const why = outcome.kind === 'response' ? statusName(outcome.pdu.status) : outcome.kind;
    onFault(`bind refused: ${why}`);
    if (!ending.signal.aborted) log.warn({ command, why }, 'bind refused');
    begun.close({ code: 'bind_refused' });
    return undefined;
  }

  return {
    command,
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
