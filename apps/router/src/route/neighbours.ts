import { connectorTenants, messageClasses, neighbourMs, type ConnectorTenants, type Message, type MessageClass } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';

/** Tells connectors who else is routed to them: a tenant that is alone there need not make room for anybody. */
export interface Neighbours {
  /** `atMs`: of `message.routed`. */
  routed(connector: string, message: Pick<Message, 'class' | 'tenant'>, atMs: number): void;
  stop(): void;
}

interface Seen {
  readonly tenant: string;
  atMs: number;
}

/** The last tenant, and the last one that was another. */
interface Lane {
  last: Seen;
  other: Seen | undefined;
}

const tellEveryMs = 1_000;

export function createNeighbours({ queue, now = Date.now }: { queue: Pick<Queue, 'broadcast'>; now?: () => number }): Neighbours {
  const connectors = new Map<string, Partial<Record<MessageClass, Lane>>>();
  let soon: NodeJS.Immediate | undefined;

  function routed(connector: string, { class: name, tenant }: Pick<Message, 'class' | 'tenant'>, atMs: number): void {
    let lanes = connectors.get(connector);
    if (!lanes) connectors.set(connector, (lanes = {}));
    const lane = lanes[name];
    if (lane?.last.tenant === tenant) {
      lane.last.atMs = atMs;
      return;
    }
    const last = lane?.other?.tenant === tenant ? lane.other : { tenant, atMs };
    // with two that are known to be there another one changes nothing
    if (!lane?.other || lane.other.atMs < atMs - neighbourMs) tellSoon();
    last.atMs = atMs;
    lanes[name] = { last, other: lane?.last };
  }

  /** Once for all that are routed in one go. */
  function tellSoon(): void {
    soon ??= setImmediate(tell);
  }

  function tell(): void {
    soon = undefined;
    const atMs = now();
    forget(atMs - neighbourMs);
    const lanes = [...connectors].flatMap(([connector, of]) =>
      messageClasses.flatMap((name) => {
        const lane = of[name];
        return lane ? [{ connector, class: name, tenants: lane.other ? [lane.last, lane.other] : [lane.last] }] : [];
      }),
    );
    queue.broadcast(connectorTenants, { atMs, lanes } satisfies ConnectorTenants);
  }

  function forget(beforeMs: number): void {
    for (const [connector, lanes] of connectors) {
      for (const name of messageClasses) {
        const lane = lanes[name];
        if (lane && lane.last.atMs < beforeMs) delete lanes[name];
        else if (lane?.other && lane.other.atMs < beforeMs) lane.other = undefined;
      }
      if (messageClasses.every((name) => !lanes[name])) connectors.delete(connector);
    }
  }

  const telling = setInterval(tell, tellEveryMs).unref();
  return {
    routed,
    stop() {
      clearInterval(telling);
      clearImmediate(soon);
    },
  };
}
