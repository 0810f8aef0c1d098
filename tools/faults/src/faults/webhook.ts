import { eventually } from '@heliograph/testbed';
import type { Fault, Scene } from '../fault.ts';
import { pause } from '../pauses.ts';
import type { ReceiverMood } from '../receiver.ts';

interface Trouble {
  /** Default 12. */
  readonly seconds?: number;
  readonly isShort?: true;
  /** What the tenant does when its receiver is well again. */
  readonly mend?: (scene: Scene) => Promise<void>;
}

/** Other tenants' reports that must come while one tenant's receiver is in trouble: of the messages accepted since, as doors do not take turns exactly. */
const flowShare = 0.8;

const troubled = (name: string, mood: ReceiverMood, { seconds = 12, isShort, mend = replay }: Trouble = {}): Fault => ({
  name,
  group: 'webhook',
  ...(isShort && { isShort }),
  async strike(scene) {
    const { receivers, accepted, say } = scene;
    const [before, taken] = [accepted(), receivers.bravo.reported.size];
    receivers.acme.behave(mood);
    say(`acme's receiver is ${mood}`);
    await pause(seconds);
    const due = Math.floor(((accepted() - before) / 4) * flowShare); // every fourth is bravo's
    const came = () => receivers.bravo.reported.size - taken;
    say(`bravo was sent ${came()} reports meanwhile, ${due} are due by now`);
    await eventually("bravo's reports come while acme's receiver is in trouble", () => came() >= due, 60_000);
    say('and has them all');
    receivers.acme.behave('well');
    say(`acme's receiver is well again; it was asked ${receivers.acme.posts} times`);
    await mend(scene);
    if (receivers.acme.lured > 0) throw new Error(`a redirect was followed ${receivers.acme.lured} times`);
  },
});

export const webhookFaults: readonly Fault[] = [
  troubled('webhook answers after 3 s', 'slow'),
  troubled('webhook hangs up', 'dead'),
  troubled('webhook answers 500', 'failing', { isShort: true, seconds: 7 }),
  troubled('webhook answers 500 for a minute', 'failing', { seconds: 60 }),
  troubled('webhook redirects inward', 'redirecting'),
  troubled('webhook answers 410, and is set again', 'gone', {
    async mend(scene) {
      await scene.asTenant('acme', 'PUT', '/v1/webhook', { url: scene.receivers.acme.url });
      await replay(scene);
      await readEvents(scene);
    },
  }),
];

/** An endpoint that is gone is owed nothing until it is set again: what ended meanwhile its tenant reads. */
async function readEvents({ asTenant, receivers, say }: Scene): Promise<void> {
  let read = 0;
  for (let after = ''; ;) {
    const page: Events = await asTenant('acme', 'GET', `/v1/events?limit=1000${after && `&after=${encodeURIComponent(after)}`}`);
    for (const event of page.events) receivers.acme.take(JSON.stringify(event));
    read += page.events.length;
    after = page.next;
    if (!page.more) break;
  }
  say(`acme read ${read} reports`);
}

interface Events {
  readonly events: readonly object[];
  readonly next: string;
  readonly more: boolean;
}

interface Deliveries {
  readonly deliveries: readonly { readonly id: string; readonly state: string; readonly nextAt?: string }[];
  readonly next: string | null;
}

/** The third try comes after five minutes: a tenant that is well again asks for what it missed. */
async function replay({ asTenant, say }: Scene): Promise<void> {
  const soonMs = 8_000;
  let replayed = 0;
  for (const state of ['pending', 'failed']) {
    for (let before: string | null | undefined; before !== null;) {
      const page: Deliveries = await asTenant(
        'acme',
        'GET',
        `/v1/webhook/deliveries?state=${state}&limit=100${before ? `&before=${before}` : ''}`,
      );
      const late = page.deliveries.filter(({ nextAt }) => nextAt === undefined || Date.parse(nextAt) > Date.now() + soonMs);
      for (const { id } of late) await asTenant('acme', 'POST', `/v1/webhook/deliveries/${id}:replay`);
      replayed += late.length;
      before = page.next;
    }
  }
  say(`acme asked for ${replayed} reports again`);
}
