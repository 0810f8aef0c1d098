import type { Accept } from '@heliograph/accept';
import type { InboundMatched } from '@heliograph/message';
import { isUsable, mayDo, type RegistryWatch, type Snapshot } from '@heliograph/registry';
import { counter, type Log } from '@heliograph/service';
import type { Database } from './database.ts';

const replied = counter('heliograph_router_replies_total', 'Answers to STOP, START and HELP by what became of them');

/** What a tenant answers by itself. */
export interface Reply {
  readonly event: InboundMatched;
  /** E.164 with its plus sign. */
  readonly to: string;
  readonly text: string;
}

export interface Replies {
  /**
   * Submits the answer to a message, in the tenant's name and at its expense, from the number that was written to. Once for each message, which is
   * noted before: a crash in between loses the answer, and never charges twice. Resolves when it is noted; what becomes of it is told in the log and
   * counted. Rejects when the database fails, and then nothing was submitted.
   */
  reply(reply: Reply): Promise<void>;
  /** Waits for those on their way. */
  stop(): Promise<void>;
}

export interface RepliesOptions {
  readonly database: Pick<Database, '$queryRaw'>;
  readonly accept: Pick<Accept, 'submit'>;
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly log: Pick<Log, 'warn'>;
  readonly now?: () => number;
}

/** An answer that comes later than this is to nobody's question any more. */
const freshMs = 3_600_000;

export function createReplies({ database, accept, registry, log, now = Date.now }: RepliesOptions): Replies {
  const credentials = createSubmitters();
  const underWay = new Set<Promise<void>>();

  async function submit({ event: { inbound, tenant, credential: ofSession }, to, text }: Reply): Promise<void> {
    const credential = ofSession ?? credentials.of(tenant, registry.current, now());
    const acceptance = credential
      ? await accept.submit({
          credential,
          door: 'inbound',
          from: { addr: inbound.to },
          to: { addr: to },
          content: { kind: 'text', text },
          optOutExempt: true,
        })
      : ({ ok: false, reason: 'not_permitted', detail: 'the tenant has no credential that may send' } as const);
    replied.add(1, { outcome: acceptance.ok ? 'accepted' : acceptance.reason });
    if (!acceptance.ok) {
      const { reason, detail } = acceptance;
      log.warn({ inboundId: inbound.id, tenant, reason, detail }, 'the answer to a keyword was refused; what was asked holds');
    }
  }

  return {
    async reply(reply) {
      const { id, receivedAtMs } = reply.event.inbound;
      if (now() - receivedAtMs > freshMs) return replied.add(1, { outcome: 'too_late' });
      if (!(await noteFirst(database, id))) return;
      const submitting = submit(reply).finally(() => underWay.delete(submitting));
      underWay.add(submitting);
    },
    async stop() {
      await Promise.all(underWay);
    },
  };
}

/** False: it has been answered. What was noted longer ago than a message can come again is forgotten. */
async function noteFirst(database: Pick<Database, '$queryRaw'>, inboundId: string): Promise<boolean> {
  const noted = await database.$queryRaw<unknown[]>`
    WITH forgotten AS (DELETE FROM inbound.reply WHERE at < now() - interval '7 days')
    INSERT INTO inbound.reply (inbound_id) VALUES (${inboundId}::uuid) ON CONFLICT DO NOTHING RETURNING inbound_id`;
  return noted.length > 0;
}

/** Whom a tenant's answers are submitted by: the first of its credentials that sends, in the order of their ids; looked for once in a snapshot. */
function createSubmitters() {
  let of: Snapshot['credentials'] | undefined;
  let ids = new Map<string, string[]>();
  return {
    of(tenant: string, snapshot: Snapshot, nowMs: number): string | undefined {
      if (of !== snapshot.credentials) {
        of = snapshot.credentials;
        ids = new Map();
        for (const { id, tenantId, kind } of snapshot.credentials.values()) {
          if (kind !== 'api_key' && kind !== 'smpp') continue;
          const known = ids.get(tenantId);
          if (known) known.push(id);
          else ids.set(tenantId, [id]);
        }
      }
      return ids
        .get(tenant)
        ?.toSorted()
        .find((id) => {
          const credential = snapshot.credentials.get(id);
          return credential !== undefined && isUsable(credential, snapshot, nowMs) && mayDo(credential, 'messages:send');
        });
    },
  };
}
