import type { InboundMatched } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { optOutsChanged, sayOptOuts, type OptOutSaid, type RegistryDatabase, type RegistryWatch } from '@heliograph/registry';
import { counter } from '@heliograph/service';
import { optOutOf } from './opt-out.ts';
import type { Replies } from './replies.ts';

const asked = counter('heliograph_router_opt_outs_total', 'STOP, START and HELP of handsets, by which');

/** Heeds what handsets ask with one word. */
export interface OptOutKeeper {
  /** The event, with what was asked in it. That is stored when it resolves; rejects, and the message has to come again, when it is not. */
  heed(event: InboundMatched): Promise<InboundMatched>;
}

export interface OptOutKeeperOptions {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly broadcast: Queue['broadcast'];
  readonly replies: Pick<Replies, 'reply'>;
}

interface Pending {
  readonly said: OptOutSaid;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createOptOutKeeper({ database, registry, broadcast, replies }: OptOutKeeperOptions): OptOutKeeper {
  let pending: Pending[] = [];
  let storing = false;

  /** All that came while the last was stored go in one transaction. */
  function store(said: OptOutSaid): Promise<void> {
    return new Promise((resolve, reject) => {
      pending.push({ said, resolve, reject });
      void storeAll();
    });
  }

  async function storeAll(): Promise<void> {
    if (storing) return;
    storing = true;
    while (pending.length > 0) {
      // those of a batch come in one turn
      await Promise.resolve();
      const some = pending;
      pending = [];
      try {
        const changed = await database.$transaction((transaction) =>
          sayOptOuts(
            transaction,
            some.map(({ said }) => said),
          ),
        );
        if (changed.includes(true)) broadcast(optOutsChanged, {});
        for (const { resolve } of some) resolve();
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    storing = false;
  }

  return {
    async heed(event) {
      const tenant = registry.current.tenants.get(event.tenant);
      const what = tenant && optOutOf(event, tenant);
      if (!what) return event;
      const { keyword, word, recipient, said, answer } = what;
      if (said) await store(said);
      asked.add(1, series[keyword]);
      if (answer !== undefined) await replies.reply({ event, to: `+${recipient}`, text: answer });
      return { ...event, keyword: event.keyword ?? word, optOut: keyword };
    },
  };
}

/** Attributes are remembered by identity. */
const series = { stop: { keyword: 'stop' }, start: { keyword: 'start' }, help: { keyword: 'help' } } as const;
