import { openQueue } from '@heliograph/queue';
import { watchRegistry } from '@heliograph/registry';
import { gauge, type Running, type ServiceContext } from '@heliograph/service';
import type { config } from './config.ts';
import { openBilling } from './database.ts';
import { lead, type Lead } from './lead.ts';
import { contend } from './leadership.ts';
import { createLedger } from './ledger.ts';
import { startReconciling } from './reconcile.ts';

export async function start({ name, config: settings, log }: ServiceContext<typeof config>): Promise<Running> {
  const database = openBilling(settings.DATABASE_URL);
  const queue = await openQueue({ url: settings.NATS_URL, name, log });
  const plans = await watchRegistry({ databaseUrl: settings.DATABASE_URL, listen: queue.listen, log });
  const times = { ttlMs: settings.LEASE_TTL_MS, graceMs: settings.LEASE_GRACE_MS };
  let work: Lead | undefined;
  let reconciling: Awaited<ReturnType<typeof startReconciling>> | undefined;
  const leadership = await contend({
    databaseUrl: settings.DATABASE_URL,
    log,
    async lead(mayLead) {
      work = await lead({ queue, database, plans, times, mayLead, log });
      const { caughtUp, clock } = work;
      const ledger = createLedger(database);
      const [everyMs, unendedAfterMs] = [settings.RECONCILE_EVERY_MS, settings.UNENDED_AFTER_MS];
      reconciling = await startReconciling({ queue, database, ledger, plans, caughtUp, clock, everyMs, unendedAfterMs, log });
    },
    lost(err) {
      // whatever is under way here is of no use any more; the supervisor starts a new process, which stands by
      log.fatal({ err }, 'cannot lead any longer');
      process.exit(1);
    },
  });
  gauge('heliograph_billing_credits_leading', '1 in the one process that posts, 0 in those that stand by', () =>
    leadership.leading ? 1 : 0,
  );
  return {
    checks: {
      nats: () => queue.connected,
      database: () => (work ? work.databaseOk : leadership.reachable),
    },
    async stop() {
      await leadership.withdraw();
      await reconciling?.stop();
      await work?.stop();
      await queue.close();
      await plans.stop();
      await database.$disconnect();
      await leadership.stop();
    },
  };
}
